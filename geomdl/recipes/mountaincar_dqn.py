"""DQN on MountainCar-v0: rock a car out of a valley; every step costs 1 and nothing else is told.

    geomdl rl train mountaincar_dqn --seeds 0 1 2 3 4 --record

Long returns carry the rare end of an episode back faster than single steps do. EXPECT is the mean
return of 100 fresh episodes of the final weights, on each of five seeds: none is chosen by its
score.
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
    network=Network(hidden=(128, 128)),
    replay=Memory(capacity=120_000, steps=5),
    learn=Learn(
        batch=128,
        rate=2e-3,
        fall="linear",
        begins=2000,
        every=8,
        soft=0.01,
        double=True,
        average=0.99,
    ),
    explore=Epsilon(1.0, 0.05, 30_000),
)
