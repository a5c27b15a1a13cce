"""Games on ten by ten pixels: small enough to learn on a processor, different enough to tell
learners apart. Rules, pictures and pages of ours; each game is written once, over lanes.

    game     what it asks                        random play     scripted player
    Mason    reaction, aiming                    0.27 +- 0.53     96.1 +- 35.0
    Hail     acting under chance                 0.30 +- 0.58     57.5 +- 10.0
    Rafts    timing, reward after many steps     0.26 +- 0.51     28.8 +-  1.1
    Diver    planning under a resource           0.04 +- 0.26    111.6 +- 18.6
    Worm     foresight: rewards become walls     0.10 +- 0.31     29.3 +-  6.0
    Cellar   memory, reward far away             0.17 +- 0.38     10.1 +-  1.7

Mean and deviation of the return of 1000 episodes of random play and 100 of `players` at the
defaults: no sticky actions, with ramp.
"""
