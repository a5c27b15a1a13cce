"""The gradient that is written out is autograd's, and other networks are left to autograd."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Generator

from core2d.errors import InputError
from rl.agent import Agent
from rl.network import q_network
from rl.perceptron import layers_of
from rl.settings import Learn, Network, Settings, dqn, member
from rl.transitions import Transitions

ACTIONS = spaces.Discrete(3)
SPACES = {
    "floats": spaces.Box(-1, 1, (6,), np.float64),
    "bytes": spaces.Box(0, 255, (6,), np.uint8),
}


def batch(space: spaces.Box, count: int = 24) -> Transitions:
    g = Generator().manual_seed(0)

    def seen() -> torch.Tensor:
        x = torch.rand(count, *space.shape, generator=g)
        return (255 * x).byte() if space.dtype == np.uint8 else 2 * x - 1

    return Transitions(
        observation=seen(),
        action=torch.randint(3, (count,), generator=g),
        reward=3 * torch.randn(count, generator=g),
        next_observation=seen(),
        discount=0.9 * (torch.rand(count, generator=g) > 0.3).float(),
        weight=torch.rand(count, generator=g),
        index=torch.arange(count),
    )


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("hidden", [(), (8,), (8, 9, 7)])
@pytest.mark.parametrize(
    "learn",
    [
        Learn(clip=0.0),
        Learn(double=True, clip=0.5),
        Learn(loss="squared"),
        Learn(target=0, double=True),
    ],
)
@pytest.mark.parametrize("dueling", [False, True])
def test_updates_are_those_of_autograd(
    space: str, hidden: tuple[int, ...], learn: Learn, dueling: bool
) -> None:
    network = Network(hidden=hidden, dueling=dueling)
    settings: Settings = replace(dqn(), network=network, learn=learn)
    fast, plain = (Agent(settings, SPACES[space], ACTIONS) for _ in range(2))
    assert fast._plain is not None
    plain._plain = None
    for _ in range(4):
        ours, theirs = fast.update(batch(SPACES[space])), plain.update(batch(SPACES[space]))
        torch.testing.assert_close(ours, theirs)
        torch.testing.assert_close(fast.flat.values, plain.flat.values, rtol=1e-4, atol=1e-5)
    x = batch(SPACES[space]).observation
    g = [Generator().manual_seed(0), Generator().manual_seed(0)]
    assert (fast.act(x, 0.1, g[0]) == plain.act(x, 0.1, g[1])).all()


def test_the_gradient_is_autograds_and_what_it_reads_is_the_agents_memory() -> None:
    agent = Agent(replace(dqn(), network=Network(hidden=(8, 9))), SPACES["floats"], ACTIONS)
    drawn = batch(SPACES["floats"])
    assert agent._plain is not None
    for factor in (1.0, 1.5):
        with torch.no_grad():
            agent.flat.values.mul_(factor)
            agent.target.values.mul_(2 - factor)
        q = agent.network(drawn.observation)
        following = agent.target.network(drawn.next_observation)
        goal = drawn.reward + drawn.discount * following.amax(1)
        gap = goal - q.gather(1, drawn.action[:, None])[:, 0]
        loss = torch.where(gap.abs() < 1, gap**2 / 2, gap.abs() - 0.5)
        expected = torch.cat(agent.flat.gradient((loss * drawn.weight).mean()))
        gradient, means, error = agent._plain.learn(drawn, drawn.action, False)
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(means[0], (loss * drawn.weight).mean().detach())
        torch.testing.assert_close(error, gap.detach().abs())


def test_observations_of_another_size_are_refused() -> None:
    agent = Agent(dqn(), SPACES["floats"], ACTIONS)
    with pytest.raises(InputError, match="observation: expected 6 numbers, got 5"):
        agent.act(np.zeros((2, 5), np.float32), 0.0, Generator())


@pytest.mark.parametrize("name", ["noisy", "c51", "qr_dqn"])
def test_other_networks_have_no_plain_form(name: str) -> None:
    settings = member(name)
    network = q_network(SPACES["floats"], ACTIONS, settings.network)
    assert layers_of(network) is None
    assert layers_of(q_network(spaces.Discrete(5), ACTIONS)) is None
    assert layers_of(q_network(spaces.Box(0, 255, (12, 12), np.uint8), ACTIONS)) is None
    assert layers_of(q_network(SPACES["floats"], ACTIONS)) is not None
