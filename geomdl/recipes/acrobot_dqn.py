"""DQN on Acrobot-v1: swing two links until the tip is above the bar; every step costs 1.

    geomdl rl train acrobot_dqn --seeds 0 1 2 3 4 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The settings begin near those of rl-baselines3-zoo, with double targets, a rate that falls to 0 and
averaged weights; they have not been run here yet.
"""

from core2d.train.record import Reference
from rl.explore import Epsilon
from rl.settings import Learn, Memory, Network, Settings

EXPECT = {"return": -90.0}
REFERENCE = {
    "return": Reference(-76.6, "rl-baselines3-zoo benchmark.md, DQN, one run of 100,000 steps"),
}
DATA = "Acrobot-v1, 500 steps an episode, raw rewards"

SETTINGS = Settings(
    env="Acrobot-v1",
    steps=100_000,
    lanes=8,
    network=Network(hidden=(256, 256)),
    replay=Memory(capacity=50_000),
    learn=Learn(
        batch=128,
        rate=6.3e-4,
        fall="linear",
        begins=1000,
        every=4,
        updates=2,
        target=250,
        double=True,
        average=0.99,
    ),
    explore=Epsilon(1.0, 0.05, 12_000),
)
