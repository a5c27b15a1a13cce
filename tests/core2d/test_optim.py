"""Each rule equals torch.optim on a crooked loss; known answers on quadratics."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from core2d import optim


def slope(w: Tensor) -> Tensor:
    """Gradient of a loss with unequal curvatures and a kink."""
    return torch.tensor([1.0, 30.0, -0.2]).double() * w + w.sign() * 0.3 + torch.sin(3 * w)


START = torch.tensor([1.0, -2.0, 0.7]).double()


def by_torch(make: Callable[..., torch.optim.Optimizer], steps: int = 25) -> Tensor:
    w = START.clone().requires_grad_()
    optimiser = make([w])
    for _ in range(steps):
        w.grad = slope(w.detach())
        optimiser.step()
    return w.detach()


def test_sgd_with_weight_decay() -> None:
    w = START
    for _ in range(25):
        w = optim.sgd(w, slope(w), rate=0.01, decay=0.1)
    wanted = by_torch(lambda p: torch.optim.SGD(p, 0.01, weight_decay=0.1))
    assert torch.allclose(w, wanted, rtol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(nesterov) -> None:
    w, v = START, torch.zeros(3).double()
    for _ in range(25):
        w, v = optim.momentum(w, slope(w), v, rate=0.01, beta=0.8, nesterov=nesterov)
    wanted = by_torch(lambda p: torch.optim.SGD(p, 0.01, momentum=0.8, nesterov=nesterov))
    assert torch.allclose(w, wanted, rtol=1e-12)


def test_rmsprop() -> None:
    w, s = START, torch.zeros(3).double()
    for _ in range(25):
        w, s = optim.rmsprop(w, slope(w), s, rate=0.02, eps=0.05)
    wanted = by_torch(lambda p: torch.optim.RMSprop(p, 0.02, alpha=0.9, eps=0.05))
    assert torch.allclose(w, wanted, rtol=1e-12)


def test_adam() -> None:
    w, m, v = START, torch.zeros(3).double(), torch.zeros(3).double()
    for step in range(1, 26):
        w, m, v = optim.adam(w, slope(w), m, v, step, rate=0.05, betas=(0.8, 0.95), eps=1e-3)
    wanted = by_torch(lambda p: torch.optim.Adam(p, 0.05, betas=(0.8, 0.95), eps=1e-3))
    assert torch.allclose(w, wanted, rtol=1e-12)


def test_adams_first_step_has_the_length_of_the_rate() -> None:
    """With the biases mended; without them it would be (1 - b1) / sqrt(1 - b2) = 3.2 as long."""
    g = torch.tensor([1e-3, -5.0, 200.0]).double()
    w, _, _ = optim.adam(torch.zeros(3).double(), g, g * 0, g * 0, 1, rate=0.1, eps=0.0)
    assert torch.allclose(w, -0.1 * g.sign())


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9, 1.1])
def test_rate_times_curvature_decides(rate) -> None:
    """Curvature 2: the distance is multiplied by 1 - 2 rate; from rate 1 on it grows."""
    w = torch.tensor([1.0]).double()
    for _ in range(10):
        w = optim.sgd(w, 2 * w, rate=rate)
    assert float(w) == pytest.approx((1 - 2 * rate) ** 10, rel=1e-12, abs=1e-15)
    assert (abs(float(w)) > 1) == (rate > 1)


def test_steady_gradients_gather_speed_by_momentum() -> None:
    w, v, g = torch.zeros(1).double(), torch.zeros(1).double(), torch.ones(1).double()
    for _ in range(200):
        before = w
        w, v = optim.momentum(w, g, v, rate=0.01, beta=0.9)
    assert float(before - w) == pytest.approx(0.01 / (1 - 0.9), rel=1e-6)


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not() -> None:
    gradients = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]  # joint norm 5
    clipped = optim.clip_norm(gradients, 1.0)
    assert torch.allclose(torch.cat([g.flatten() for g in clipped]), torch.tensor([0.6, 0.0, 0.8]))
    assert all(map(torch.equal, optim.clip_norm(gradients, 6.0), gradients))
    assert optim.clip_norm([torch.zeros(2)], 1.0)[0].tolist() == [0.0, 0.0]
    boxed = torch.cat([g.flatten() for g in optim.clip_value(gradients, 1.0)])
    assert boxed.tolist() == [1.0, 0.0, 1.0]
    model = torch.nn.ParameterList(torch.zeros_like(g) for g in gradients)
    for p, g in zip(model, gradients, strict=True):
        p.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    ours = optim.clip_norm(gradients, 2.0)
    assert all(torch.allclose(p.grad, g) for p, g in zip(model, ours, strict=True))
