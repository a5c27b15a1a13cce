"""DQN on CartPole-v1: balance a pole on a cart for 500 steps.

    geomdl rl train cartpole_dqn --seeds 0 1 2 3 4 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The settings begin near those of rl-baselines3-zoo, with double targets, a rate that falls to 0 and
averaged weights. They do not keep EXPECT yet: one seed with 128 features a layer had 500 in
training at 45,000 steps and 272.6 in the test.
"""

from core2d.train.record import Reference
from rl.explore import Epsilon
from rl.settings import Learn, Memory, Network, Settings

EXPECT = {"return": 475.0}
REFERENCE = {
    "return": Reference(
        397.5, "Stable-Baselines3 2.9.2, settings of its zoo, 3 seeds here: 500, 500, 192.6"
    )
}
DATA = "CartPole-v1, 500 steps an episode, raw rewards"

SETTINGS = Settings(
    env="CartPole-v1",
    steps=50_000,
    lanes=8,
    network=Network(hidden=(256, 256)),
    replay=Memory(capacity=100_000),
    learn=Learn(
        batch=64,
        rate=2.3e-3,
        fall="linear",
        begins=1000,
        every=256,
        updates=128,
        target=256,
        double=True,
        average=0.99,
    ),
    explore=Epsilon(1.0, 0.04, 8000),
)
