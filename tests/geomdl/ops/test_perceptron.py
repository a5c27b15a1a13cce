"""Perceptrons against networks of torch and their autograd."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.perceptron import perceptron_length, perceptron_td, perceptron_values

SIZES = [(3, 2), (4, 64, 64, 2), (5, 7, 33, 16, 18), (1, 1, 1)]
PLANS = [(sizes, shared) for sizes in SIZES for shared in range(-1, len(sizes) - 1)]


class Duel(nn.Module):
    """Wang et al. 2016, eq. 9, the gradient into what the streams share scaled by 1/sqrt(2)."""

    def __init__(self, sizes: tuple[int, ...], shared: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*chain(sizes[: shared + 1]))
        self.value = nn.Sequential(*chain((*sizes[shared:-1], 1))[:-1])
        self.advantage = nn.Sequential(*chain(sizes[shared:])[:-1])

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        if x.requires_grad:
            x.register_hook(lambda gradient: gradient / 2**0.5)
        advantage = self.advantage(x)
        return self.value(x) + advantage - advantage.mean(1, keepdim=True)


def chain(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Layers, each with a ReLU behind."""
    return [part for n, m in pairwise(sizes) for part in (nn.Linear(n, m), nn.ReLU())]


def network(sizes: tuple[int, ...], shared: int = -1, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """Layers with ReLU between, and their parameters (P,)."""
    generator = torch.Generator().manual_seed(seed)
    made = Duel(sizes, shared) if shared >= 0 else nn.Sequential(*chain(sizes)[:-1])
    for parameter in made.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) / 3
    return made, torch.cat([p.detach().flatten() for p in made.parameters()])


def batch(sizes: tuple[int, ...], count: int) -> tuple[Tensor, ...]:
    """x, following, action, reward, discount, weight."""
    g = torch.Generator().manual_seed(1)
    x, following = torch.randn(2, count, sizes[0], generator=g)
    action = torch.randint(sizes[-1], (count,), generator=g)
    reward, discount, weight = torch.rand(3, count, generator=g)
    return x, following, action, 4 * reward - 2, discount, weight


@pytest.mark.parametrize(("sizes", "shared"), PLANS)
@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_values_are_those_of_the_network(backend, sizes, shared, count):
    made, values = network(sizes, shared)
    x = batch(sizes, count)[0]
    found = perceptron_values(values, torch.tensor(sizes), shared, x)
    torch.testing.assert_close(found, made(x).detach(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("sizes", "shared"), PLANS)
@pytest.mark.parametrize(("huber", "double"), [(1.0, False), (0.0, False), (0.5, True)])
def test_the_gradient_is_autograds(backend, sizes, shared, huber, double):
    made, values = network(sizes, shared)
    older, before = network(sizes, shared, seed=1)
    x, following, action, reward, discount, weight = batch(sizes, 21)
    with torch.no_grad():
        q = older(following)
        best = (made(following) if double else q).argmax(1)
        target = reward + discount * q[torch.arange(21), best]
    value = made(x)[torch.arange(21), action]
    if huber:
        each = nn.functional.huber_loss(value, target, delta=huber, reduction="none")
    else:
        each = (value - target) ** 2 / 2
    loss = (each * weight).mean()
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(made.parameters()))])
    gradient, means, error = perceptron_td(
        values, torch.tensor(sizes), shared, before, *batch(sizes, 21), huber, double
    )
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(means, torch.stack([loss, value.mean()]).detach())
    torch.testing.assert_close(error, (value - target).detach().abs(), rtol=1e-4, atol=1e-5)


def test_no_number_is_not_lost(backend):
    sizes = (3, 8, 2)
    values = network(sizes)[1]
    broken = values.clone()
    broken[0] = float("nan")  # a weight before the ReLU
    x, *rest = batch(sizes, 4)
    assert bool(perceptron_values(broken, torch.tensor(sizes), -1, x).isnan().all())
    means = perceptron_td(values, torch.tensor(sizes), -1, broken, x, *rest, 1.0, False)[1]
    assert bool(means[0].isnan())


@pytest.mark.parametrize("shared", [-1, 1])
def test_a_row_does_not_depend_on_the_others(shared):
    sizes = (4, 64, 64, 2)
    values, x = network(sizes, shared)[1], batch(sizes, 9)[0]
    with dispatch.backend("native"):
        alone = [perceptron_values(values, torch.tensor(sizes), shared, row[None]) for row in x]
        assert torch.equal(
            torch.cat(alone), perceptron_values(values, torch.tensor(sizes), shared, x)
        )


def test_bad_input_is_refused(backend):
    sizes, values = torch.tensor([3, 2]), torch.zeros(8)
    x, following, action, *rest = batch((3, 2), 4)
    assert perceptron_length([3, 2]) == 8
    with pytest.raises(GeometryError, match=r"values: layers of \[3, 2\] have 8"):
        perceptron_values(values[1:], sizes, -1, x)
    with pytest.raises(GeometryError, match="x: expected shape"):
        perceptron_values(values, sizes, -1, x[:, 1:])
    with pytest.raises(GeometryError, match="sizes: expected at least two"):
        perceptron_values(values, sizes[:1], -1, x)
    with pytest.raises(GeometryError, match="shared: expected -1 to 0 layers, got 1"):
        perceptron_values(values, sizes, 1, x)
    with pytest.raises(GeometryError, match=r"values: layers of \[3, 2\] have 12"):
        perceptron_values(values, sizes, 0, x)
    with pytest.raises(GeometryError, match="action: expected 0 to 1"):
        perceptron_td(values, sizes, -1, values, x, following, action + 1, *rest, 1.0, False)
    with pytest.raises(GeometryError, match="following: expected shape"):
        perceptron_td(values, sizes, -1, values, x, following[1:], action, *rest, 1.0, False)
    with pytest.raises(GeometryError, match="reward: expected shape"):
        perceptron_td(
            values, sizes, -1, values, x, following, action, rest[0][1:], *rest[1:], 1.0, True
        )
    find = dispatch.bound("perceptron_values", values, sizes, -1)
    with pytest.raises((ValueError, RuntimeError)):
        find(x[:, 1:].contiguous())
