"""By a clock that is moved by hand, so that no machine is too slow for the test."""

import pytest
import torch

from core2d.doctor.examples import Tensors
from core2d.doctor.timing import measured, timing
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, case, loss, plain


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def clocked(load: float, forward: float, backward: float, step: float) -> dict[str, float]:
    clock = Clock()

    class Slow(Tensors):
        def batch(self, index, generator=None):
            clock.now += load
            return super().batch(index, generator)

    class Backward(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            clock.now += forward
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            clock.now += backward
            return gradient

    class Optimiser(torch.optim.SGD):
        def step(self, closure=None):
            clock.now += step

    train = Slow(DATA.train.image, DATA.train.label)
    ours = case(
        plain(),
        lambda m, b: Backward.apply(loss(m, b)),
        Data(train, DATA.validation, DATA.test),
        optimiser=lambda parameters, rate: Optimiser(parameters, rate),
    )
    return measured(ours, steps=3, clock=clock)


def test_the_parts_are_told_apart():
    found = clocked(0.1, 0.2, 0.3, 0.4)
    wanted = {"loading": 0.1, "forward": 0.2, "backward": 0.3, "optimiser": 0.4}
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("seconds", "status", "word"),
    [
        ((0.01, 0.02, 0.04, 0.01), "fine", "bottleneck: backward"),
        ((0.01, 0.2, 0.3, 0.01), "warning", "slow"),
        ((0.3, 0.02, 0.04, 0.01), "warning", "waits for data"),
        ((0.004, 0.001, 0.001, 0.001), "fine", "bottleneck: loading"),  # nobody minds 7 ms
    ],
)
def test_the_verdict(seconds, status, word):
    parts = dict(zip(("loading", "forward", "backward", "optimiser"), seconds, strict=True))
    found = timing(case(), 3, parts)
    assert found.status == status
    assert word in found.said


def test_the_whole_time_is_estimated():
    parts = {"loading": 0.0, "forward": 0.3, "backward": 0.0, "optimiser": 0.0}
    assert "10 epochs take about 0.2 minutes" in timing(case(), 10, parts).said  # 4 steps of 64
