"""DQN on MountainCar-v0: rock a car out of a valley; every step costs 1 and nothing else is told.

    geomdl rl train mountaincar_dqn --seeds 0 1 2 3 4 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The settings begin near those of rl-baselines3-zoo. They have not been run here; those of
cartpole_dqn never saw the flag in 120,000 steps on seeds 0 and 1, since random actions alone do not
get there.
"""

from core2d.train.record import Reference
from rl.explore import Epsilon
from rl.settings import Learn, Memory, Network, Settings

EXPECT = {"return": -110.0}
REFERENCE = {
    "return": Reference(-100.8, "rl-baselines3-zoo benchmark.md, DQN, one run of 120,000 steps"),
}
DATA = "MountainCar-v0, 200 steps an episode, raw rewards"

SETTINGS = Settings(
    env="MountainCar-v0",
    steps=120_000,
    lanes=8,
    network=Network(hidden=(256, 256)),
    replay=Memory(capacity=120_000),
    learn=Learn(
        batch=128,
        rate=4e-3,
        fall="linear",
        discount=0.98,
        begins=1000,
        every=16,
        updates=8,
        target=600,
        double=True,
        average=0.99,
    ),
    explore=Epsilon(1.0, 0.07, 24_000),
)
