"""An update is the textbook's, the target network renews as asked, and the whole thing learns."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Generator, Tensor

from core2d.errors import InputError
from rl.agent import Agent
from rl.settings import FAMILY, Learn, Network, Settings, dqn, member
from rl.transitions import Transitions

SPACE = spaces.Box(-1, 1, (4,), np.float32)
ACTIONS = spaces.Discrete(3)
SMALL = replace(dqn(), network=Network(hidden=(8, 8)), learn=Learn(batch=16))


def batch(count: int = 16, weight: Tensor | None = None, first: int = 0) -> Transitions:
    g = Generator().manual_seed(0)
    return Transitions(
        observation=torch.randn(count, 4, generator=g),
        action=torch.randint(3, (count,), generator=g) + first,
        reward=3 * torch.randn(count, generator=g),
        next_observation=torch.randn(count, 4, generator=g),
        discount=0.9 * (torch.rand(count, generator=g) > 0.3).float(),
        weight=torch.ones(count) if weight is None else weight,
        index=torch.arange(count),
    )


def by_hand(settings: Settings, updates: int, target_of: int) -> dict[str, Tensor]:
    """Loss, backward, clip_grad_norm_, Adam as in every tutorial -> the weights.

    target_of: how many updates ago the target network was the network at most.
    """
    agent = Agent(settings, SPACE, ACTIONS)
    network, learn = agent.network, settings.learn
    adam = torch.optim.Adam(network.parameters(), learn.rate, eps=learn.adam)
    b = batch()
    assert isinstance(b.observation, Tensor)
    target = Agent(settings, SPACE, ACTIONS).network
    for update in range(updates):
        if update % target_of == 0:
            target.load_state_dict(network.state_dict())
        with torch.no_grad():
            value = target.q(b.next_observation)
            best = (network if learn.double else target).q(b.next_observation).argmax(1)
        goal = torch.stack([b.reward[i] + b.discount[i] * value[i, best[i]] for i in range(len(b))])
        q = torch.stack([network.q(b.observation)[i, b.action[i]] for i in range(len(b))])
        kind = {"huber": torch.nn.SmoothL1Loss, "squared": torch.nn.MSELoss}[learn.loss]
        loss = kind(reduction="mean")(q, goal)
        loss = loss / 2 if learn.loss == "squared" else loss
        adam.zero_grad()
        loss.backward()
        if learn.clip:
            torch.nn.utils.clip_grad_norm_(network.parameters(), learn.clip)
        adam.step()
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(
    "learn",
    [
        Learn(clip=0.0, target=1),
        Learn(clip=0.1, double=True),
        Learn(loss="squared", clip=0.0),
        Learn(target=0, clip=0.0),
    ],
)
def test_updates_are_those_of_the_textbook(learn: Learn) -> None:
    settings = replace(SMALL, learn=learn)
    agent = Agent(settings, SPACE, ACTIONS)
    for _ in range(5):
        agent.update(batch())
    expected = by_hand(settings, 5, target_of=1 if learn.target == 0 else 5)
    for name, value in agent.network.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-6)


def test_the_target_network_stays_until_it_is_copied() -> None:
    agent = Agent(SMALL, SPACE, ACTIONS)
    first = agent.flat.values.clone()
    agent.update(batch())
    assert torch.equal(agent.target.values, first)
    agent.copy_target()
    assert torch.equal(agent.target.values, agent.flat.values)
    assert not torch.equal(agent.flat.values, first)


def test_a_soft_target_follows_by_its_share() -> None:
    agent = Agent(replace(SMALL, learn=Learn(soft=0.25)), SPACE, ACTIONS)
    first = agent.flat.values.clone()
    agent.update(batch())
    torch.testing.assert_close(agent.target.values, 0.75 * first + 0.25 * agent.flat.values)


def test_without_a_target_network_there_is_none() -> None:
    agent = Agent(replace(SMALL, learn=Learn(target=0)), SPACE, ACTIONS)
    assert agent.target is agent.flat
    assert agent.state_dict()["target"] is None


@pytest.mark.parametrize("name", ["dqn", "c51", "qr_dqn"])
def test_importance_weights_are_in_every_loss(name: str) -> None:
    """Weight 2 on one transition and 0 on the others is that one twice, and nothing else."""
    weight = torch.zeros(16)
    weight[5] = 16.0
    settings = replace(member(name, SMALL), learn=Learn(clip=0.0))
    weighted, alone = (Agent(settings, SPACE, ACTIONS) for _ in range(2))
    weighted.update(batch(weight=weight))
    one = batch()
    assert isinstance(one.observation, Tensor)
    assert isinstance(one.next_observation, Tensor)
    parts = one.action, one.reward, one.discount, torch.ones(16), one.index
    action, reward, discount, ones, index = (part[5:6] for part in parts)
    following = one.next_observation[5:6]
    alone.update(
        Transitions(one.observation[5:6], action, reward, following, discount, ones, index)
    )
    torch.testing.assert_close(weighted.flat.values, alone.flat.values)
    assert not torch.equal(weighted.flat.values, Agent(settings, SPACE, ACTIONS).flat.values)


def test_averaged_weights_are_the_ones_that_are_kept() -> None:
    agent = Agent(replace(SMALL, learn=Learn(average=0.5)), SPACE, ACTIONS)
    kept = agent.flat.values.clone()
    for update in range(1, 4):
        agent.update(batch())
        share = min(0.5, (1 + update) / (10 + update))
        kept = share * kept + (1 - share) * agent.flat.values
    fresh = Agent(SMALL, SPACE, ACTIONS)
    fresh.network.load_state_dict(agent.weights())
    torch.testing.assert_close(fresh.flat.values, kept)


@pytest.mark.parametrize("name", ["dqn", "dqn2013", "rainbow", "qr_dqn"])
def test_a_state_goes_on_bit_for_bit(name: str) -> None:
    settings = replace(member(name, SMALL), learn=Learn(average=0.9))
    agent = Agent(settings, SPACE, ACTIONS)
    for _ in range(3):
        agent.update(batch())
    file = io.BytesIO()
    torch.save(agent.state_dict(), file)
    file.seek(0)
    other = Agent(replace(settings, seed=9), SPACE, ACTIONS)
    other.load_state_dict(torch.load(file, weights_only=True))
    g = [Generator().manual_seed(3), Generator().manual_seed(3)]
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    for _ in range(3):
        assert (agent.act(x, 0.3, g[0]) == other.act(x, 0.3, g[1])).all()
        agent.update(batch())
        other.update(batch())
    assert torch.equal(agent.flat.values, other.flat.values)
    assert torch.equal(agent.average, other.average)  # type: ignore[arg-type]


def test_bfloat16_computes_nearly_the_same() -> None:
    space = spaces.Box(0, 255, (4, 12, 12), np.uint8)
    b, g = batch(), Generator().manual_seed(1)
    seen = torch.randint(256, (2, 16, 4, 12, 12), generator=g).byte()
    pictures = replace(b, observation=seen[0], next_observation=seen[1])
    ours, theirs = (
        Agent(replace(SMALL, learn=Learn(precision=p)), space, ACTIONS) for p in ("bf16", "32")
    )
    told, exact = ours.update(pictures), theirs.update(pictures)
    assert told.loss.dtype == ours.flat.values.dtype == torch.float32
    torch.testing.assert_close(told.loss, exact.loss, rtol=0.02, atol=0)
    assert not torch.equal(told.loss, exact.loss)


def test_a_state_of_another_network_is_refused() -> None:
    other = Agent(replace(SMALL, network=Network(hidden=(9, 9))), SPACE, ACTIONS)
    with pytest.raises(InputError, match="checkpoint: its weights are another network's"):
        other.load_state_dict(Agent(SMALL, SPACE, ACTIONS).state_dict())


def test_the_first_weights_come_from_the_seed_alone() -> None:
    state = torch.get_rng_state()
    one, two = Agent(SMALL, SPACE, ACTIONS), Agent(SMALL, SPACE, ACTIONS)
    assert torch.equal(one.flat.values, two.flat.values)
    assert not torch.equal(
        one.flat.values, Agent(replace(SMALL, seed=1), SPACE, ACTIONS).flat.values
    )
    assert torch.equal(torch.get_rng_state(), state)


def test_acting_takes_the_best_action_or_any() -> None:
    agent = Agent(SMALL, SPACE, spaces.Discrete(3, start=5))
    x = np.random.default_rng(0).normal(size=(64, 4))
    g = Generator().manual_seed(0)
    with torch.no_grad():
        best = agent.network.q(torch.from_numpy(x).float()).argmax(1).numpy() + 5
    assert (agent.act(x, 0.0, g) == best).all()
    rolled = np.concatenate([agent.act(x, 1.0, g) for _ in range(50)])
    assert set(rolled.tolist()) == {5, 6, 7}
    assert np.bincount(rolled)[5:].min() > 900
    agent.update(batch(first=5))


def test_noise_explores_in_training_and_not_in_evaluation() -> None:
    agent = Agent(member("noisy", SMALL), SPACE, ACTIONS)
    x = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    g = Generator()
    assert len({agent.act(x, 0.0, g).tobytes() for _ in range(5)}) > 1
    agent.network.eval()
    assert len({agent.act(x, 0.0, g).tobytes() for _ in range(5)}) == 1


def test_other_actions_than_discrete_are_refused() -> None:
    with pytest.raises(InputError, match="Discrete"):
        Agent(SMALL, SPACE, spaces.Box(-1, 1, (2,)))


@pytest.mark.parametrize("name", [make.__name__ for make in FAMILY])
def test_every_member_learns_what_each_action_pays(name: str) -> None:
    """Three signs, three actions: naming the sign pays 1, and the episode is over."""
    base = replace(dqn(), network=Network(hidden=(32,), low=-2, high=2, atoms=11))
    settings = replace(member(name, base), learn=Learn(rate=0.01, double=name == "double"))
    g = Generator().manual_seed(0)
    agent = Agent(settings, spaces.Discrete(3), ACTIONS)
    for update in range(150):
        sign, action, following = torch.randint(3, (3, 32), generator=g)
        agent.update(
            Transitions(
                observation=sign,
                action=action,
                reward=(sign == action).float(),
                next_observation=following,
                discount=torch.zeros(32),
                weight=torch.ones(32),
                index=torch.arange(32),
            )
        )
        if update % 20 == 0:
            agent.copy_target()
    agent.network.eval()
    assert agent.act(torch.arange(3), 0.0, g).tolist() == [0, 1, 2]
    with torch.no_grad():
        q = agent.network.q(torch.arange(3))
    assert (q - torch.eye(3)).abs().max() < 0.2
