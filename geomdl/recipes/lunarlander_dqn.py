"""DQN on LunarLander-v3: land between the flags on little fuel.

    pip install 'geomdl-torch[box2d]'
    geomdl rl train lunarlander_dqn --seeds 5 6 7 8 9 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

The rules are those of cartpole_dqn. Tried on seed 0: 225.3, in 6 minutes of one core; the five
seeds are not run yet.
"""

from dataclasses import replace

from core2d.train.record import Reference
from geomdl.recipes import cartpole_dqn
from rl.explore import Epsilon
from rl.settings import Memory, Network

EXPECT = {"return": 230.0}
REFERENCE = {
    "return": Reference(
        69.9, "Stable-Baselines3 2.9.2, settings of its zoo, one seed here; 154.4 on v2 there"
    ),
}
DATA = "LunarLander-v3, 1000 steps an episode, raw rewards"

SETTINGS = replace(
    cartpole_dqn.SETTINGS,
    env="LunarLander-v3",
    steps=500_000,
    lanes=16,
    network=Network(hidden=(256, 256)),
    replay=Memory(capacity=500_000, steps=3),
    learn=replace(cartpole_dqn.SETTINGS.learn, batch=128, rate=5e-4, every=16),
    explore=Epsilon(1.0, 0.02, 60_000),
)
