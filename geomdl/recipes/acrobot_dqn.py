"""DQN on Acrobot-v1: swing two links until the tip is above the bar; every step costs 1.

    geomdl rl train acrobot_dqn --seeds 5 6 7 8 9 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The rules are those of cartpole_dqn, tried on seeds 0 and 1 (-79.6 and -80.3) and recorded on
others.
"""

from dataclasses import replace

from core2d.train.record import Reference
from geomdl.recipes import cartpole_dqn
from rl.explore import Epsilon

EXPECT = {"return": -90.0}
REFERENCE = {
    "return": Reference(-76.6, "rl-baselines3-zoo benchmark.md, DQN, one run of 100,000 steps"),
}
DATA = "Acrobot-v1, 500 steps an episode, raw rewards"

SETTINGS = replace(
    cartpole_dqn.SETTINGS,
    env="Acrobot-v1",
    steps=100_000,
    explore=Epsilon(1.0, 0.05, 10_000),
)
