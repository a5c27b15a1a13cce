"""A recorded update learns what the plain one learns; a stand-in plays the part of the GPU."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import Space, spaces

from rl.agent import Agent
from rl.captured import Lesson
from rl.settings import Learn, Network, dqn, member
from rl.transitions import Observation, Transitions

PLAIN = spaces.Box(-1, 1, (4,), np.float32)
PARTS = spaces.Dict(near=PLAIN, far=spaces.Box(0, 255, (3,), np.uint8))
SMALL = replace(dqn(), network=Network(hidden=(8, 8)), learn=Learn(batch=6, clip=1.0))


class Played:
    """A graph on a CPU: what it gave is computed anew in the same memory, from the same memory."""

    def __init__(self) -> None:
        self.played = 0

    def record(self, work: Callable[[], Lesson]) -> Lesson:
        self._work, found = work, work()
        gradient = tuple(piece.clone() for piece in found.gradient)
        self._found = Lesson(gradient, *(part.clone() for part in found[1:]))
        return self._found

    def play(self) -> None:
        self.played += 1
        new = self._work()
        for kept, other in zip(self._found.gradient, new.gradient, strict=True):
            kept.copy_(other)
        for kept, other in zip(self._found[1:], new[1:], strict=True):
            kept.copy_(other)


class Refusing(Played):
    def record(self, work: Callable[[], Lesson]) -> Lesson:
        raise RuntimeError("operation not permitted when stream is capturing\nand more")


def drawn(space: Space, seed: int, count: int = 6) -> Transitions:
    space.seed(seed)
    g = torch.Generator().manual_seed(seed)

    def seen() -> Observation:
        rows = [space.sample() for _ in range(count)]
        if isinstance(space, spaces.Dict):
            return {n: torch.from_numpy(np.stack([row[n] for row in rows])) for n in space.spaces}
        return torch.from_numpy(np.stack(rows))

    return Transitions(
        observation=seen(),
        action=torch.randint(3, (count,), generator=g) + 5,
        reward=torch.randn(count, generator=g),
        next_observation=seen(),
        discount=0.9 * (torch.rand(count, generator=g) > 0.3).float(),
        weight=torch.rand(count, generator=g),
        index=torch.arange(count),
    )


def both(name: str, space: Space, graph: Played) -> tuple[Agent, Agent]:
    agents = [Agent(member(name, SMALL), space, spaces.Discrete(3, start=5)) for _ in range(2)]
    agents[1].capture(graph)
    return agents[0], agents[1]


def expect_same(plain: Agent, captured: Agent, batches: list[Transitions]) -> None:
    """The same weights after these batches, and each told the same."""
    told = [[agent.update(one) for one in batches] for agent in (plain, captured)]
    assert torch.equal(plain.flat.values, captured.flat.values)
    for mine, theirs in zip(*told, strict=True):  # after all: nothing was overwritten
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


@pytest.mark.parametrize("space", [PLAIN, PARTS])
@pytest.mark.parametrize("name", ["dqn", "rainbow"])
def test_a_recorded_update_learns_the_same(name: str, space: Space) -> None:
    graph = Played()
    plain, captured = both(name, space, graph)
    expect_same(plain, captured, [drawn(space, seed) for seed in range(5)])
    assert graph.played == 5


def test_the_weights_of_a_state_are_seen() -> None:
    graph = Played()
    plain, captured = both("rainbow", PLAIN, graph)
    captured.update(drawn(PLAIN, 0))
    captured.load_state_dict(plain.state_dict())
    captured.copy_target()
    plain.copy_target()
    expect_same(plain, captured, [drawn(PLAIN, 1), drawn(PLAIN, 2)])


def test_a_batch_of_another_size_goes_the_plain_way() -> None:
    graph = Played()
    plain, captured = both("rainbow", PLAIN, graph)
    expect_same(plain, captured, [drawn(PLAIN, seed, count) for seed, count in enumerate((6, 4))])
    assert graph.played == 1


def test_what_cannot_be_recorded_is_said_once_and_learned_from() -> None:
    plain, captured = both("rainbow", PLAIN, Refusing())
    batches = [drawn(PLAIN, seed) for seed in range(3)]
    with pytest.warns(UserWarning, match=r"operation by operation: .* is capturing$"):
        captured.update(batches[0])
    plain.update(batches[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expect_same(plain, captured, batches[1:])
