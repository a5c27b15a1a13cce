"""Learning to act: steps of a whole run, and updates from images, against Stable-Baselines3.

Same network with the same first weights (the values of an observation are compared), same batch,
same steps between two updates, same optimiser; both on as many threads as torch has.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Generator, Tensor

from core2d.train.allocator import keep_freed_memory
from geomdl.bench.measure import Floor, Row, Work, if_installed
from rl.agent import Agent
from rl.explore import Epsilon
from rl.replay import Replay
from rl.settings import Learn, Memory, Network, Settings
from rl.train import How, Run

STEPS, LANES, BATCH = 2000, 8, 64  # of CartPole
FRAMES, STACK, ACTIONS = 4000, 4, 4  # of the images
CARTPOLE = Settings(
    steps=10_000_000,
    lanes=LANES,
    episodes=0,
    checkpoint=10_000_000,
    network=Network(hidden=(64, 64)),
    replay=Memory(capacity=50_000),
    learn=Learn(batch=BATCH, begins=100, every=4, target=500),
    explore=Epsilon(0.1, 0.1, 0),
)


def cartpole() -> Work:
    """Each call is STEPS more steps of CartPole, with an update for every four."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    how = How(device="cpu", threads=torch.get_num_threads(), tensorboard=False, progress=False)
    run = Run(CARTPOLE, folder, name="bench", how=how)
    observation = np.linspace(-0.1, 0.1, 12, dtype=np.float32).reshape(3, 4)

    def ours() -> Tensor | None:
        first = values(run.agent, observation) if not run.step else None
        end = run.step + STEPS
        while run.step < end:
            run.turn()
        return first

    def peer() -> Callable[[], Tensor | None]:
        from stable_baselines3 import DQN

        model = DQN(
            "MlpPolicy",
            lanes_of("CartPole-v1"),
            learning_rate=CARTPOLE.learn.rate,
            buffer_size=CARTPOLE.replay.capacity,
            learning_starts=CARTPOLE.learn.begins,
            batch_size=BATCH,
            train_freq=1,  # of its steps, which are steps of all lanes
            gradient_steps=LANES // CARTPOLE.learn.every,
            target_update_interval=CARTPOLE.learn.target,
            exploration_initial_eps=0.1,
            exploration_final_eps=0.1,
            policy_kwargs={"net_arch": list(CARTPOLE.network.hidden)},
            device="cpu",
        )
        copied(model, run.agent)

        def call() -> Tensor | None:
            fresh = model.num_timesteps == 0
            first = values_of(model, observation) if fresh else None
            model.learn(STEPS, reset_num_timesteps=fresh, log_interval=10**9)
            return first

        return call

    return Work(ours, if_installed(peer), same)


def images(precision: Literal["32", "bf16"] = "32") -> Work:
    """Each call is 5 updates of the Nature network on batches of 32, drawn from a replay.

    precision: of our network; the peer has no other than "32".
    """
    from gymnasium import spaces

    keep_freed_memory()  # as a training does; it serves both
    frame = spaces.Box(0, 255, (84, 84), np.uint8)
    seen = spaces.Box(0, 255, (STACK, 84, 84), np.uint8)
    learn = Learn(batch=32, rate=1e-4, precision=precision)
    settings = replace(CARTPOLE, learn=learn, network=Network(body="nature"))
    agent = Agent(settings, seen, spaces.Discrete(ACTIONS))
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (FRAMES, 1, 84, 84), np.uint8)
    replay = Replay(FRAMES, 1, (frame.shape, np.uint8), stack=STACK)
    for number, picture in enumerate(pictures):
        replay.add(picture, [number % ACTIONS], [number % 3 - 1.0], [number % 500 == 499], [False])
    generator = Generator().manual_seed(0)
    observation = pictures[:8, 0].reshape(2, STACK, 84, 84)

    def ours() -> Tensor | None:
        first = values(agent, observation) if not agent.updates else None
        for _ in range(5):
            agent.update(replay.sample(32, generator))
        return first

    def peer() -> Callable[[], Tensor | None]:
        from stable_baselines3 import DQN
        from stable_baselines3.common.logger import Logger

        model = DQN(
            "CnnPolicy",
            spaces_alone(seen, spaces.Discrete(ACTIONS)),
            learning_rate=1e-4,
            buffer_size=FRAMES // 4,
            batch_size=32,
            device="cpu",
        )
        model.set_logger(Logger(folder=None, output_formats=[]))
        filled(model, pictures)
        copied(model, agent)

        def call() -> Tensor | None:
            first = values_of(model, observation) if not model._n_updates else None
            model.train(gradient_steps=5, batch_size=32)
            return first

        return call

    return Work(ours, if_installed(peer), same)


def values(agent: Agent, observation: np.ndarray) -> Tensor:
    """Our values (B, A)."""
    with torch.no_grad():
        return agent.network.q(torch.from_numpy(observation))


def values_of(model: Any, observation: np.ndarray) -> Tensor:
    """The peer's values (B, A)."""
    with torch.no_grad():
        return model.q_net(torch.from_numpy(observation))


def same(ours: Tensor, theirs: Tensor) -> None:
    """The same network at the same weights."""
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def copied(model: Any, agent: Agent) -> None:
    """Our first weights into the peer's two networks."""
    for network in (model.q_net, model.q_net_target):
        pairs = zip(network.parameters(), agent.network.parameters(), strict=True)
        for theirs, ours in pairs:
            theirs.data.copy_(ours.data)


def lanes_of(name: str) -> Any:
    """The peer's environments side by side."""
    import gymnasium
    from stable_baselines3.common.vec_env import DummyVecEnv

    return DummyVecEnv([lambda: gymnasium.make(name)] * LANES)


def spaces_alone(observation: Any, action: Any) -> Any:
    """An environment of these spaces that is never stepped."""
    import gymnasium

    class Spaces(gymnasium.Env):
        observation_space, action_space = observation, action

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            return observation.sample(), {}

    return Spaces()


def filled(model: Any, pictures: np.ndarray) -> None:
    """The peer's buffer, full of stacks."""
    buffer = model.replay_buffer
    for number in range(buffer.buffer_size):
        stack = pictures[number : number + STACK, 0][None]
        after = pictures[number + 1 : number + 1 + STACK, 0][None]
        action = np.array([[number % ACTIONS]])
        reward, done = np.array([number % 3 - 1.0]), np.array([number % 500 == 499])
        buffer.add(stack, after, action, reward, done, [{}])


def rows() -> Iterator[Row]:
    """Floors: two forward passes and a backward pass of twice the cost."""
    small = 2 * (4 * 64 + 64 * 64 + 64 * 2)
    yield Row(
        name="cartpole_steps",
        group="rl",
        work=f"{STEPS} steps, {LANES} lanes, 64 x 64, batch {BATCH} every 4",
        peer="Stable-Baselines3 DQN",
        prepare=cartpole,
        floor=Floor(flops=STEPS / 4 * 4 * BATCH * small),
        target=2.5,
        repeats=7,
    )
    # 20 x 20, 9 x 9 and 7 x 7 places of the three convolutions, then 3136 to 512.
    products = 400 * 32 * 256 + 81 * 64 * 512 + 49 * 64 * 576 + 3136 * 512
    precisions: tuple[Literal["32", "bf16"], ...] = ("32", "bf16")
    for precision in precisions:
        yield Row(
            name="atari_update",
            group="rl",
            work="5 updates, Nature CNN, batch 32, sampled"
            + (", ours bfloat16" if precision == "bf16" else ""),
            peer="Stable-Baselines3 DQN",
            prepare=lambda precision=precision: images(precision),  # type: ignore[misc]
            floor=Floor(flops=5 * 4 * 32 * 2 * products),
            target=1.3,
            repeats=9,
        )
