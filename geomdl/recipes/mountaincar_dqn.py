"""DQN on MountainCar-v0: rock a car out of a valley; every step costs 1 and nothing else is told.

    geomdl rl train mountaincar_dqn --seeds 10 11 12 13 14 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The rules are those of cartpole_dqn but for four things, chosen on seeds 0 to 4. A random action is
held for up to 50 steps (after Dabney et al. 2021), as a car must be pushed one way for a while: at
random the flag is then reached in one episode of ten, and without holding in none of 4000; with
their rarer long holds three seeds of five found it too late or never. The position and the speed
come as numbers of the same size. And a discount of 0.98 with a target network that is copied every
1000 steps keeps the values from running away, which they did with a soft target (to +900, where no
return is above 0).
"""

from dataclasses import replace

from core2d.train.record import Reference
from geomdl.recipes import cartpole_dqn
from rl.explore import Epsilon
from rl.settings import Memory

EXPECT = {"return": -110.0}
REFERENCE = {
    "return": Reference(-100.8, "rl-baselines3-zoo benchmark.md, DQN, one run of 120,000 steps"),
}
DATA = "MountainCar-v0, 200 steps an episode, raw rewards"

SETTINGS = replace(
    cartpole_dqn.SETTINGS,
    env="MountainCar-v0",
    wrappers=("rl.scaled:scaled",),
    steps=120_000,
    replay=Memory(capacity=120_000, steps=3),
    learn=replace(cartpole_dqn.SETTINGS.learn, discount=0.98, target=1000, soft=0.0),
    explore=Epsilon(1.0, 0.05, 24_000, held=50, falling=1.0),
)
