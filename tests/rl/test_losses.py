"""Losses against loops over the papers' formulas; each finds what it should find."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from rl.losses import cross_entropy, midpoints, quantile_huber, td
from tests.oracles import values_oracle


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("width", [0.5, 1.0, 0.0])
def test_td_is_huber_of_the_error_and_the_priority_its_size(width: float) -> None:
    value, target = normal(50, seed=0).requires_grad_(), 3 * normal(50, seed=1)
    loss, priority = td(value, target, huber=width)
    for b in range(50):
        d = float(target[b] - value[b].detach())
        expected = values_oracle.huber(d, width) if width else d * d / 2
        assert float(loss[b].detach()) == pytest.approx(expected)
        assert float(priority[b]) == pytest.approx(abs(d))
    (gradient,) = torch.autograd.grad(loss.sum(), value)
    d = (target - value).detach()
    assert torch.allclose(gradient, -(d.clamp(-width, width) if width else d))
    assert not priority.requires_grad


def test_targets_get_no_gradient() -> None:
    for loss, shape in ((td, (4,)), (cross_entropy, (4, 5)), (quantile_huber, (4, 5))):
        value, target = normal(*shape, seed=2), normal(*shape, seed=3).abs().requires_grad_()
        assert not loss(value, target).loss.requires_grad
        assert not loss(value, target).priority.requires_grad


def test_cross_entropy_is_the_divergence_plus_the_targets_entropy() -> None:
    log_p = torch.log_softmax(normal(20, 7, seed=4), 1)
    target = torch.softmax(normal(20, 7, seed=5), 1)
    target[0] = torch.eye(7)[3]  # all mass on one atom: 0 log 0 is 0
    loss, priority = cross_entropy(log_p, target)
    for b in range(20):
        q, p = log_p[b].exp().numpy(), target[b].numpy()
        some = p > 0
        assert float(loss[b]) == pytest.approx(-(p[some] * np.log(q[some])).sum())
        assert float(priority[b]) == pytest.approx((p[some] * np.log(p[some] / q[some])).sum())
    assert float(cross_entropy(target[1:].log(), target[1:]).priority.abs().max()) < 1e-12


@pytest.mark.parametrize("width", [1.0, 0.3, 0.0])
def test_quantile_huber_is_equations_8_to_10(width: float) -> None:
    value, target = normal(12, 5, seed=6), 2 * normal(12, 8, seed=7)
    loss, priority = quantile_huber(value, target, huber=width)
    for b in range(12):
        expected = values_oracle.quantile_huber(value[b].tolist(), target[b].tolist(), width)
        assert float(loss[b]) == pytest.approx(expected)
        assert float(priority[b]) == pytest.approx(abs(float(target[b].mean() - value[b].mean())))


@pytest.mark.parametrize("width", [1.0, 0.3])
def test_the_gradient_of_quantile_huber_is_the_slope_of_its_loss(width: float) -> None:
    value, target = normal(3, 4, seed=8).requires_grad_(), 2 * normal(3, 5, seed=9)
    weight = torch.tensor([1.0, -2.0, 0.5]).double()

    def run(value: Tensor) -> Tensor:
        return (quantile_huber(value, target, huber=width).loss * weight).sum()

    (gradient,) = torch.autograd.grad(run(value), value)
    for b in range(3):
        for i in range(4):
            step = torch.zeros(3, 4, dtype=torch.float64)
            step[b, i] = 1e-6
            with torch.no_grad():
                slope = (run(value + step) - run(value - step)) / 2e-6
            assert float(gradient[b, i]) == pytest.approx(float(slope), abs=1e-6)


def test_quantile_regression_finds_the_quantiles() -> None:
    """Of an exponential distribution, whose quantiles are -log(1 - level)."""
    level = midpoints(4, torch.zeros((), dtype=torch.float64))
    assert level.tolist() == [0.125, 0.375, 0.625, 0.875]
    samples = -torch.log1p(-midpoints(200, level))[None]  # evenly spread by level
    value = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([value], 0.1)
    for _ in range(100):
        optimiser.zero_grad()
        quantile_huber(value, samples, huber=0.0).loss.sum().backward()
        optimiser.step()
    assert torch.allclose(value.detach()[0], -torch.log1p(-level), atol=0.03)


def test_wrong_widths_are_named() -> None:
    with pytest.raises(InputError, match="huber: expected at least 0"):
        td(torch.zeros(1), torch.zeros(1), huber=-1.0)
