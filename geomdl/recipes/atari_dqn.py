"""DQN on Atari games, as Mnih et al. 2015 and 2013 published it; Pong where none is named.

    pip install 'geomdl-torch[atari]'
    geomdl rl train atari_dqn --record                           Pong
    geomdl rl train atari_dqn --env ALE/Breakout-v5 --record --output runs/breakout
    geomdl rl train atari_dqn --env ALE/SpaceInvaders-v5 --record --output runs/space_invaders
    geomdl rl train atari_dqn --env ALE/Seaquest-v5 --record --output runs/seaquest
    geomdl rl train atari_dqn --env ALE/BeamRider-v5 --record --output runs/beam_rider
    geomdl rl evaluate runs/breakout --episodes 30               the score, with its protocol
    geomdl rl compare runs/breakout -o breakout.png              the curve, over frames
    python tools/atari.py                                        all, beside published curves

The network, the preprocessing, epsilon, the batch and the replay are those of 2015: no sticky
actions whatever the id stands for, 4 frames a step, the larger of two frames, up to 29 frames
without action, the learner's episode ends with a life, rewards are clipped for the learner alone.
Ten million steps are 40 million frames. Two things differ: Adam stands for the RMSProp of then,
with the rate and epsilon that Hessel et al. 2018 give, and 8 games are played side by side.

Pong's recorded run, 3.2 million frames in two hours beside other trainings, is

    geomdl rl train atari_dqn --steps 800000 --episodes 30 --record
        --replay.capacity 100000 --replay.no-on-disk --replay.steps 3
        --learn.rate 1e-4 --learn.adam 1e-8 --learn.begins 10000 --learn.every 6
        --learn.target 1000 --learn.precision bf16 --explore.end 0.01 --explore.steps 80000

with the same network and preprocessing: what CleanRL, the zoo of Stable-Baselines3 and Tianshou
have in common for Pong (rate, target, little replay, little epsilon early), Tianshou's three-step
returns and few updates, which cost more than steps here, and bfloat16. Another game takes --env.

The first network, of 2013 (no target network, a smaller body, an update at every step, ten million
frames), plays with

    geomdl rl train atari_dqn --network.body nips --learn.target 0 --learn.every 1
        --steps 2500000 --protocol.no-pool --protocol.noops 0 --protocol.no-life-loss

and Space Invaders then with --protocol.skip 3, since 4 hides its lasers. What was published, as
the mean score of tests with epsilon 0.05:

              Pong   Breakout   Space Invaders   Seaquest   Beam Rider
    2013      20     168        581              1,705      4,092
    2015      18.9   401        1,976            5,286      6,846     (200 million frames)

The replay of ten million steps holds 7.1 GB of frames in files of the run's folder, which the
system keeps in memory as far as it has any to spare. EXPECT and REFERENCE are those of Pong, for
the whole run, which nobody has made on this project's machines yet.
"""

from core2d.train.record import Reference
from rl.atari import nature
from rl.explore import Epsilon
from rl.settings import Learn, Memory, Network, Settings

# Mean scores of Mnih et al. 2015 after 200 million frames, by the id of the game.
PUBLISHED = {
    "ALE/Pong-v5": 18.9,
    "ALE/Breakout-v5": 401.2,
    "ALE/SpaceInvaders-v5": 1976.0,
    "ALE/Seaquest-v5": 5286.0,
    "ALE/BeamRider-v5": 6846.0,
}
EXPECT = {"return": 18.0}
REFERENCE = {
    "return": Reference(PUBLISHED["ALE/Pong-v5"], "Mnih et al. 2015, Pong, 200 million frames")
}
DATA = "ALE/Pong-v5 under the protocol of Mnih et al. 2015, raw rewards"

SETTINGS = Settings(
    env="ALE/Pong-v5",
    steps=10_000_000,
    lanes=8,
    stack=4,
    clip_rewards=True,
    episodes=30,
    checkpoint=250_000,
    network=Network(body="nature"),
    replay=Memory(capacity=1_000_000, on_disk=True),
    learn=Learn(
        batch=32,
        rate=6.25e-5,
        adam=1.5e-4,
        begins=50_000,
        every=4,
        target=10_000,
        clip=0.0,
    ),
    explore=Epsilon(1.0, 0.1, 250_000),
    protocol=nature(),
)
