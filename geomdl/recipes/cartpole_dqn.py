"""DQN on CartPole-v1: balance a pole on a cart for 500 steps.

    geomdl rl train cartpole_dqn --seeds 5 6 7 8 9 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, on each of five seeds: none
is chosen by its score.

Three-step returns carry the reward of 500 steps back in time, a soft target keeps them from running
away, and the averaged weights of a rate that falls to 0 do not forget at the last moment. The
settings were chosen on seeds 0 to 4; what is recorded are seeds that the choice had not seen.
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
    network=Network(hidden=(128, 128)),
    replay=Memory(capacity=100_000, steps=3),
    learn=Learn(
        batch=64,
        rate=1e-3,
        fall="linear",
        begins=1000,
        every=8,
        updates=4,
        target=0,
        soft=0.005,
        double=True,
        average=0.999,
    ),
    explore=Epsilon(1.0, 0.04, 8000),
)
