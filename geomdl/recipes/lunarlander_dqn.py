"""DQN on LunarLander-v3: land between the flags on little fuel.

    pip install 'geomdl-torch[box2d]'
    geomdl rl train lunarlander_dqn --seeds 0 1 2 3 4 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The settings begin near those of rl-baselines3-zoo, with double targets, a rate that falls to 0 and
averaged weights; they have not been run here yet.
"""

from core2d.train.record import Reference
from rl.explore import Epsilon
from rl.settings import Learn, Memory, Network, Settings

EXPECT = {"return": 230.0}
REFERENCE = {
    "return": Reference(
        69.9, "Stable-Baselines3 2.9.2, settings of its zoo, one seed here; 154.4 on v2 there"
    ),
}
DATA = "LunarLander-v3, 1000 steps an episode, raw rewards"

SETTINGS = Settings(
    env="LunarLander-v3",
    steps=500_000,
    lanes=8,
    network=Network(hidden=(256, 256)),
    replay=Memory(capacity=200_000),
    learn=Learn(
        batch=128,
        rate=6.3e-4,
        fall="linear",
        begins=5000,
        every=4,
        updates=2,
        target=250,
        double=True,
        average=0.99,
    ),
    explore=Epsilon(1.0, 0.05, 60_000),
)
