"""Averages of networks: identities, Jensen's bound, and bagging that helps on noisy labels."""

import math

import pytest
import torch
from torch import Generator, nn

from core2d import ensemble
from core2d.errors import InputError
from core2d.losses import cross_entropy
from core2d.metrics import accuracy
from core2d.models.mlp import MLP


def scores(count: int, *shape: int):
    g = Generator().manual_seed(0)
    return [3 * torch.randn(shape, generator=g) for _ in range(count)]


def test_average_is_of_probabilities() -> None:
    members = scores(3, 5, 4, 2, 2)
    wanted = torch.stack([s.softmax(1) for s in members]).mean(0)
    assert torch.allclose(ensemble.average(members).softmax(1), wanted, atol=1e-6)
    one = ensemble.average(members[:1])
    assert torch.allclose(one, members[0].log_softmax(1))


def test_it_is_no_worse_than_its_members_on_average() -> None:
    members = scores(4, 50, 3)
    label = torch.randint(3, (50,), generator=Generator().manual_seed(1))
    alone = sum(float(cross_entropy(s, label)) for s in members) / 4
    assert float(cross_entropy(ensemble.average(members), label)) < alone


def test_vote_takes_the_majority_and_the_lower_of_a_tie() -> None:
    hot = torch.eye(3)
    ballots = [hot[[0, 2, 1]], hot[[1, 2, 2]], hot[[1, 0, 0]]]
    assert ensemble.vote(ballots).tolist() == [1, 2, 0]


def test_bootstrap_draws_with_replacement_and_leaves_a_third() -> None:
    drawn, left = ensemble.bootstrap(10_000, Generator().manual_seed(0))
    assert drawn.shape == (10_000,)
    assert not set(drawn.tolist()) & set(left.tolist())
    assert len(set(drawn.tolist())) + len(left) == 10_000
    assert len(left) / 10_000 == pytest.approx(1 / math.e, abs=0.015)
    again, _ = ensemble.bootstrap(10_000, Generator().manual_seed(0))
    assert torch.equal(drawn, again)


def test_a_drawn_set_repeats_its_rows() -> None:
    class Numbers:
        def __len__(self) -> int:
            return 5

        def batch(self, index, generator=None):
            return {"label": 10 * index}

    drawn = ensemble.Drawn(Numbers(), torch.tensor([4, 1, 1]))
    assert len(drawn) == 3
    assert drawn.batch(torch.tensor([2, 0]))["label"].tolist() == [10, 40]


def test_snapshot_rate_restarts_and_ends_low() -> None:
    rates = [ensemble.snapshot_rate(step, 100, 4, 0.2) for step in range(100)]
    assert [step for step in range(100) if rates[step] == 0.2] == [0, 25, 50, 75]
    ends = [step for step in range(100) if ensemble.ends_cycle(step, 100, 4)]
    assert ends == [24, 49, 74, 99]
    assert all(rates[step] < 0.002 for step in ends)
    assert [s for s in range(10) if ensemble.ends_cycle(s, 10, 3)] == [3, 7, 9]  # 4 + 4 + 2


def test_average_weights_of_linear_networks_is_their_average() -> None:
    members = [nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)) for _ in range(3)]
    members[-1](torch.randn(4, 3, generator=Generator().manual_seed(0)))
    mean = ensemble.average_weights([m.state_dict() for m in members])
    wanted = torch.stack([m[0].weight for m in members]).mean(0)
    assert torch.allclose(mean["0.weight"], wanted)
    assert mean["1.num_batches_tracked"] == 1
    assert mean["1.num_batches_tracked"].dtype == torch.int64
    with pytest.raises(InputError, match="states: expected some with equal names"):
        ensemble.average_weights([members[0].state_dict(), {}])
    with pytest.raises(InputError, match="members: expected at least one"):
        ensemble.Ensemble([])


def noisy_rings(count: int, seed: int):
    """Inside a circle or not, a fifth of the labels wrong."""
    g = Generator().manual_seed(seed)
    x = 2 * torch.rand(count, 2, generator=g) - 1
    right = (x.norm(dim=1) < 0.75).long()
    wrong = torch.rand(count, generator=g) < 0.2
    return x, torch.where(wrong, 1 - right, right), right


def test_bagged_networks_beat_their_members() -> None:
    x, noisy, _ = noisy_rings(150, 0)
    test, _, truth = noisy_rings(2000, 1)
    members = []
    for seed in range(6):
        torch.manual_seed(seed)
        drawn, _ = ensemble.bootstrap(len(x), Generator().manual_seed(seed))
        member = MLP((2, 48, 48, 2))
        optimiser = torch.optim.Adam(member.parameters(), 0.01)
        for _ in range(200):
            optimiser.zero_grad()
            cross_entropy(member(x[drawn]), noisy[drawn]).backward()
            optimiser.step()
        members.append(member)
    with torch.no_grad():
        alone = [accuracy(m(test), truth) for m in members]
        together = accuracy(ensemble.Ensemble(members)(test), truth)
    assert together > sum(alone) / 6 + 0.02
