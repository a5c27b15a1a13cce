"""DQN on LunarLander-v3: land between the flags on little fuel.

    pip install 'geomdl-torch[box2d]'
    geomdl rl train lunarlander_dqn --seeds 15 16 17 18 19 --record

EXPECT is the mean return of 100 fresh episodes of the final weights, over five seeds of which none
is chosen by its score: 218, 276, 257, 175 and 141. 230 is what was asked for; not reached yet.

The rules are those of cartpole_dqn but for one-step returns, a slower target and twice the updates,
a turn of eight every 16 steps. On seed 0 the rules as they are gave 209.4 in the test, one-step
returns with the slower target 224.9, hard copies of the target 178.7, twice the updates 255.3; with
values and advantages apart besides 244.0 (272.5 on seed 1), at more than twice the time.

Seeds differ by more than these settings do. At a rate of 2e-4 seeds 0 and 1 gave 240 and 231; with
prioritised replay besides 249 and 262, but 217, 214 and 144 on seeds 10 to 12. What fails is the
same everywhere: some agents hover until the time is up, because they seldom landed, and all lanes
then fill the replay with it. Neither returns of 3 or 5 steps, a discount of 0.98, squared errors,
episodes cut at 400 steps, layer norms, advantage learning (alpha 0.9) nor twice the updates on
batches of half the size kept seed 1 from it; inputs four times as large did, but ended at 210.
"""

from dataclasses import replace

from core2d.train.record import Reference
from geomdl.recipes import cartpole_dqn
from rl.explore import Epsilon
from rl.settings import Memory, Network

EXPECT = {"return": 213.4}
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
    network=Network(hidden=(256, 256), distribution="categorical", low=-200.0, high=300.0),
    replay=Memory(capacity=500_000, steps=1),
    learn=replace(
        cartpole_dqn.SETTINGS.learn,
        batch=128,
        rate=2e-4,
        every=16,
        updates=8,
        soft=0.002,
        average=0.9995,
    ),
    explore=Epsilon(1.0, 0.01, 50_000),
)
