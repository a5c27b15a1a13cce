import math

import torch
from torch import nn

from core2d.doctor.rates import learning_rate, steepest, sweep
from tests.core2d.doctor.squares import DATA, case, plain


def test_on_a_parabola_the_range_ends_where_the_step_overshoots():
    """Gradient descent on w^2 / 2 diverges from rate 2 on."""

    class Weight(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.tensor(1.0))

        def forward(self, x):
            return self.w

    ours = case(
        Weight(),
        lambda m, b: 0.5 * m(b["image"]) ** 2 + 1,
        optimiser=lambda parameters, rate: torch.optim.SGD(parameters, rate),
    )
    points = sweep(ours, low=1e-4, high=1e4)
    best, top = steepest(points)
    assert 0.01 < best < 2
    assert points[-1][0] < 100  # ended soon after the explosion began
    assert best <= top


def test_steepest_of_known_points():
    points = [(10.0**i, v) for i, v in enumerate([5, 6, 5, 1, 0.9, 0.8, 0.79, 9])]
    assert steepest(points) == (1000.0, 1e6)


def test_rates():
    assert learning_rate(case(plain(), rate=1e-3)).status == "fine"
    assert learning_rate(case(plain(), rate=1e-7)).status == "alarm"
    sgd = {"optimiser": lambda parameters, rate: torch.optim.SGD(parameters, rate)}
    assert learning_rate(case(plain(), rate=0.1, **sgd)).status == "fine"
    high = learning_rate(case(plain(), rate=300.0, **sgd))
    assert high.status == "alarm"
    assert "too large" in high.advice


def test_a_loss_that_falls_at_no_rate():
    cut = case(plain(), lambda m, b: m(b["image"]).sum().detach() * 0 + 2)
    assert learning_rate(cut).status == "warning"
    wild = case(plain(), lambda m, b: m(b["image"]).sum() * math.nan)
    assert learning_rate(wild).status == "alarm"
    assert len(DATA.train) == 256
