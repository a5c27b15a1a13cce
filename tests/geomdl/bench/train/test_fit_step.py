"""Engine and loop by hand do the same work."""

import pytest
import torch

from core2d.models.lenet import LeNet
from geomdl.bench.train import fit_step


def test_both_loops_learn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_step, "STEPS", 2)
    work = fit_step.prepared(fit_step.Case(LeNet, 1, 28, 4))
    assert work.peer is not None
    assert work.same is not None
    before = {name: value.clone() for name, value in work.peer().items()}
    ours = {name: value.clone() for name, value in work.ours().items()}
    work.same(ours, before)
    work.same(work.ours(), work.peer())
    changed = [not torch.equal(ours[name], value) for name, value in work.ours().items()]
    assert any(changed)
    with pytest.raises(AssertionError):
        work.same(work.ours(), before)


def test_rows_hold_themselves_to_five_percent() -> None:
    assert [row.target for row in fit_step.rows()] == [0.95, 0.95]
