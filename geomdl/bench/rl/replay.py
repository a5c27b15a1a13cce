"""Replay memory: batches drawn uniformly and by priority, against Stable-Baselines3 and NumPy."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core2d.train.allocator import keep_freed_memory
from geomdl.bench.measure import Floor, Row, Work, if_installed
from rl.priority import Priorities, Priority
from rl.replay import Replay
from rl.transitions import Transitions

TURNS = 10  # batches in one turn of the clock
STACK, FRAMES, SIDE = 4, 10_000, 84
STATES = 50_000
ENTRIES = 1 << 20


def numbered(count: int, side: int) -> np.ndarray:
    """Frames (count, side, side) uint8 of noise whose first four bytes are their number."""
    noise = np.random.default_rng(0).integers(0, 256, (97, side, side), dtype=np.uint8)
    made = noise[np.arange(count) % 97]
    made.reshape(count, -1)[:, :4] = np.arange(count, dtype=np.int32)[:, None].view(np.uint8)
    return made


def filled(frames: np.ndarray, stack: int) -> Replay:
    """One endless episode on one lane; the reward of a step is its number."""
    replay = Replay(len(frames), 1, (frames.shape[1:], frames.dtype), stack=stack)
    goes_on = np.zeros(1, bool)
    for number, frame in enumerate(frames):
        reward = np.full(1, number, np.float32)
        replay.add(frame[None], np.zeros(1, np.int64), reward, goes_on, goes_on)
    return replay


def peer_buffer(frames: np.ndarray, stack: int) -> Any:
    """The same in Stable-Baselines3's buffer, which holds stacks, before and after each step."""
    from gymnasium.spaces import Box, Discrete
    from stable_baselines3.common.buffers import ReplayBuffer

    count = len(frames) - 1
    shape = (stack, *frames.shape[1:]) if stack > 1 else frames.shape[1:]
    space = Box(-1e9 if frames.dtype != np.uint8 else 0, 255, shape, frames.dtype.type)
    buffer = ReplayBuffer(count, space, Discrete(2), device="cpu", n_envs=1)
    back = np.maximum(np.arange(len(frames))[:, None] - np.arange(stack)[::-1], 0)
    stacked = frames[back] if stack > 1 else frames
    buffer.observations[:, 0] = stacked[:-1]
    buffer.next_observations[:, 0] = stacked[1:]
    buffer.rewards[:, 0] = np.arange(count)
    buffer.full = True
    return buffer


def prepared(frames: np.ndarray, stack: int, batch: int) -> Work:
    """Each call draws TURNS batches -> the last one."""
    keep_freed_memory()  # as a training does; it serves both
    replay, generator = filled(frames, stack), torch.Generator().manual_seed(0)

    def ours() -> Transitions:
        for _ in range(TURNS):
            drawn = replay.sample(batch, generator)
        return drawn

    def make() -> Callable[[], Any]:
        buffer = peer_buffer(frames, stack)

        def draw() -> Any:
            for _ in range(TURNS):
                drawn = buffer.sample(batch)
            return drawn

        return draw

    def same(ours: Transitions, theirs: Any) -> None:
        reward, numbers = ours.reward, torch.as_tensor(frames)
        for before, after, step in (
            (ours.observation, ours.next_observation, reward),
            (theirs.observations, theirs.next_observations, theirs.rewards[:, 0]),
        ):
            assert isinstance(before, Tensor)
            assert isinstance(after, Tensor)
            newest = (before, after) if stack == 1 else (before[:, -1], after[:, -1])
            assert torch.equal(newest[0], numbers[step.long()])
            assert torch.equal(newest[1], numbers[step.long() + 1])
        assert theirs.observations.shape == ours.observation.shape  # type: ignore[union-attr]

    return Work(ours, if_installed(make), same)


class NumPyTree:
    """A sum tree as one writes it in NumPy, for all indices at once, level by level."""

    def __init__(self, entries: int) -> None:
        self.entries = entries  # a power of two
        self.nodes = np.zeros(2 * entries)

    def update(self, index: np.ndarray, value: np.ndarray) -> None:
        """Values of indices, then the sums above them."""
        node = index + self.entries
        self.nodes[node] = value
        while node[0] > 1:
            node = node >> 1
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1]

    def find(self, mass: np.ndarray) -> np.ndarray:
        """The index at which the sum of all before it reaches each mass."""
        node = np.ones(len(mass), np.int64)
        while node[0] < self.entries:
            node = 2 * node
            left = self.nodes[node]
            right = mass >= left
            mass = mass - left * right
            node = node + right
        return node - self.entries


def prioritised(entries: int = ENTRIES, batch: int = 64) -> Work:
    """Each call draws TURNS batches, and sets a new priority for every index that came."""
    settings = Priority(exponent=0.6, correction=0.4, correction_steps=10**9)
    first = torch.rand(entries, generator=torch.Generator().manual_seed(0))
    mine, tree = Priorities(entries, settings), NumPyTree(entries)
    mine.update(np.arange(entries), first)
    tree.update(np.arange(entries), (first.numpy().astype(np.float64) + 1e-6) ** 0.6)
    my_dice, their_dice = (torch.Generator().manual_seed(1) for _ in range(2))
    new = first[:batch].flip(0)

    def ours() -> tuple[Tensor, Tensor]:
        for _ in range(TURNS):
            index, weight = mine.draw(batch, entries, my_dice)
            mine.update(index.numpy(), new)
        return index, weight

    def peer() -> tuple[np.ndarray, np.ndarray]:
        for _ in range(TURNS):
            part = torch.rand(batch, dtype=torch.float64, generator=their_dice).numpy()
            index = tree.find((np.arange(batch) + part) * (tree.nodes[1] / batch))
            chance = tree.nodes[index + entries] / tree.nodes[1]
            weight = (entries * chance) ** -0.4
            weight = (weight / weight.max()).astype(np.float32)
            tree.update(index, (new.numpy().astype(np.float64) + 1e-6) ** 0.6)
        return index, weight

    def same(ours: tuple[Tensor, Tensor], theirs: tuple[np.ndarray, np.ndarray]) -> None:
        assert np.array_equal(ours[0].numpy(), theirs[0])
        np.testing.assert_allclose(ours[1].numpy(), theirs[1], rtol=1e-4)

    return Work(ours, peer, same)


def rows() -> Iterator[Row]:
    """Uniform batches of images and of states, and batches by priority."""
    moved = TURNS * 32 * 2 * (STACK + 1) * SIDE**2
    yield Row(
        "replay_sample", "rl", f"{TURNS} batches of 32 stacks of 4 84 x 84 frames",
        "Stable-Baselines3 ReplayBuffer", lambda: prepared(numbered(FRAMES, SIDE), STACK, 32),
        Floor(moved=moved), target=3, repeats=41,
    )  # fmt: skip
    yield Row(
        "replay_sample", "rl", f"{TURNS} batches of 64 states of 4 numbers",
        "Stable-Baselines3 ReplayBuffer", lambda: prepared(states(STATES), 1, 64),
        Floor(moved=TURNS * 64 * 2 * 2 * 16), repeats=41,
    )  # fmt: skip
    # Lines of the cache: 7 levels, on the way down and on the way up, of 64 indices.
    yield Row(
        "prioritised_update", "rl", f"{TURNS} batches of 64 of 1 M, new priorities",
        "NumPy sum tree, level by level", prioritised,
        Floor(moved=TURNS * 64 * 2 * 7 * 64), target=5, repeats=41,
    )  # fmt: skip


def states(count: int) -> np.ndarray:
    """States (count, 4) float32 that tell their number."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], 4, 1)
