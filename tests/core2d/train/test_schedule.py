"""Learning rates against known values and torch's schedulers."""

import math
from dataclasses import replace

import pytest
import torch

from core2d.train.schedule import Plateau, factor
from core2d.train.settings import Train


def rates(steps: int, **settings: object) -> list[float]:
    train = replace(Train(), **settings)  # type: ignore[arg-type]
    return [factor(train, step, steps) for step in range(steps)]


def test_constant_after_a_linear_warmup() -> None:
    got = rates(10, warmup=0.4)
    assert got == pytest.approx([0.25, 0.5, 0.75, 1.0] + [1.0] * 6)


def test_steps_at_shares_of_the_run() -> None:
    got = rates(8, schedule="step", milestones=(0.5, 0.75), gamma=0.1)
    assert got == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


def test_cosine_is_torchs() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], 1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 20)
    for ours in rates(20, schedule="cosine"):
        assert ours == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-6)
        optimiser.step()
        theirs.step()


def test_cosine_after_warmup_starts_at_the_top() -> None:
    got = rates(100, schedule="cosine", warmup=0.1)
    assert got[9] == 1.0
    assert got[10] == 1.0
    assert got[55] == pytest.approx(0.5, abs=1e-6)
    assert got == sorted(got[:10]) + sorted(got[10:], reverse=True)


def test_one_cycle_rises_to_one_and_falls_to_nothing() -> None:
    got = rates(100, schedule="one-cycle", warmup=0.25)
    assert max(got) == 1.0
    assert got.index(1.0) == 24
    assert got[:25] == sorted(got[:25])
    assert got[25:] == sorted(got[25:], reverse=True)
    assert got[0] < 0.01
    assert got[-1] < 0.01
    assert rates(100, schedule="one-cycle").index(1.0) == 29  # 0.3 where no share is given


def test_plateau_waits_then_falls() -> None:
    plateau = Plateau(gamma=0.5, patience=2)
    factors = []
    for loss in (1.0, 0.9, 0.9, 0.95, 0.95, 0.8, 0.8, 0.79999, math.nan):
        plateau.see(loss)
        factors.append(plateau.factor)
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_plateau_goes_on_from_its_state() -> None:
    one, other = Plateau(0.1, 3), Plateau(0.1, 3)
    losses = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.6, 0.6]
    for loss in losses[:3]:
        one.see(loss)
    other.load(one.state())
    for loss in losses[3:]:
        one.see(loss)
        other.see(loss)
    assert one.state() == other.state()
    assert one.factor == pytest.approx(0.01)
