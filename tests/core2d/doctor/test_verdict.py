"""Curves and scores with one bad sign each, and healthy ones."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core2d.doctor import verdict
from core2d.doctor.examples import Tensors
from core2d.doctor.run import Run, short_run
from core2d.doctor.verdict import Score
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, case, network, plain, squares


def log(train, validation=(), name="validation/loss"):
    lines = [{"step": float(i), "train/loss": v} for i, v in enumerate(train)]
    for line, v in zip(lines, validation, strict=False):
        line[name] = v
    return Run(lines, network())


def judged(right: float | None, loss: float = 0.5, count: int = 1000, guess: float = 0.25) -> Score:
    spread = 0.0 if right is None else math.sqrt(max(right * (1 - right), 0.01) / count)
    return Score(loss, right, count, guess, spread)


@pytest.mark.parametrize(
    ("losses", "status"),
    [
        ([1.4, 1.0, 0.6], "fine"),
        ([1.4, 1.39, 1.41], "alarm"),  # flat
        ([1.4, 1.2, 2.9], "fine"),  # the last is one of three: a peak
        ([1.4, 1.3, 2.9, 3.5], "alarm"),  # rises
        ([1.4, 1.0, math.nan], "alarm"),
        ([1.4], "skipped"),
        ([-1.0, -3.0], "fine"),  # a likelihood
    ],
)
def test_train_flat(losses, status):
    assert verdict.train_flat(case(), log(losses), judged(0.5)).status == status


def test_a_flat_loss_of_a_network_that_knows_all_is_healthy():
    assert verdict.train_flat(case(), log([0.02, 0.02]), judged(0.99)).status == "fine"


@pytest.mark.parametrize(
    ("right", "loss", "curve", "status"),
    [
        (0.8, 0.6, [1.2, 0.6], "fine"),
        (0.26, 1.39, [1.4, 1.4], "alarm"),
        (0.26, 1.39, [2.9, 1.4], "alarm"),  # fallen from a loss worse than that of guessing
        (0.6, 3.0, [1.2, 3.0], "fine"),  # sure and sometimes wrong, but far above guessing
        (0.25, 1.0, [1.4, 1.0], "fine"),  # the loss has fallen: pixels of one class come first
        (None, 0.2, [1.0, 0.2], "fine"),
        (None, 0.2, [0.2, 0.2], "fine"),  # the first epoch did it all
        (None, 1.4, [1.4, 1.4], "alarm"),
    ],
)
def test_validation_flat(right, loss, curve, status):
    run = log([1.4, 1.0], curve)
    assert verdict.validation_flat(case(), run, judged(right, loss), 1.386).status == status


def test_before_training_no_more_is_lost_than_by_guessing():
    loud = plain()
    with torch.no_grad():
        loud[-1].weight.mul_(30)
    assert verdict.untrained(case(loud)) == pytest.approx(math.log(4))
    assert verdict.untrained(case(plain())) == pytest.approx(math.log(4), rel=0.1)
    square = case(plain(), lambda m, b: (m(b["image"]) - 3).square().mean())
    assert 7 < verdict.untrained(square) < 12


def test_validation_better():
    better = verdict.validation_better
    assert better(case(), judged(0.8), judged(0.95)).status == "alarm"
    assert better(case(), judged(0.8), judged(0.82)).status == "fine"
    assert better(case(), judged(0.8, count=30), judged(0.9, count=30)).status == "fine"  # chance
    assert better(case(), judged(None), judged(None)).status == "skipped"


def test_test_on_train():
    modes = verdict.modes
    assert modes(case(), judged(0.9, 0.3), judged(0.9, 0.3)).status == "fine"
    assert modes(case(), judged(0.95, 0.2), judged(0.8, 0.6)).status == "fine"  # dropout
    assert modes(case(), judged(0.4, 3.0), judged(0.9, 0.3)).status == "alarm"


def test_wrong_running_statistics_are_caught_in_a_run():
    healthy = short_run(case(rate=3e-3)).model
    found = {f.check: f.status for f in verdict.signs(case(), log([1.4, 0.5]))}
    assert found["test on train"] == "fine"
    with torch.no_grad():
        healthy[1].running_var.fill_(1e-4)
        healthy[1].running_mean.add_(3)
    run = Run(log([1.4, 0.5]).log, healthy)
    assert {f.check: f.status for f in verdict.signs(case(), run)}["test on train"] == "alarm"


def test_fitting():
    def fitting(train, held, whole=True):
        run = Run(log([1.0, 0.5]).log, network(), whole)
        return verdict.fitting(case(), run, judged(train), judged(held))

    assert fitting(0.9, 0.88).status == "fine"
    assert fitting(0.99, 0.8).status == "note"
    severe = fitting(0.99, 0.5)
    assert severe.status == "warning"
    order = [
        severe.advice.index(w) for w in ("smaller network", "regularis", "more data", "dropout")
    ]
    assert order == sorted(order)  # the remedies in the order of the lecture
    assert fitting(0.4, 0.39).status == "warning"
    assert "underfitting" in fitting(0.4, 0.39).said
    assert fitting(0.4, 0.39, whole=False).status == "note"


def test_a_large_network_on_few_examples_overfits():
    few = Data(squares(24, 0, noise=2.0), DATA.validation, DATA.test)
    ours = case(plain(width=128), data=few, batch=24, rate=1e-2)
    run = short_run(ours)
    found = {f.check: f for f in verdict.signs(ours, run)}
    assert "overfitting" in found["fitting"].said
    many = case(plain(), rate=1e-2)
    found = {f.check: f for f in verdict.signs(many, short_run(many))}
    assert [f.check for f in found.values() if f.bad] == []


def test_random_labels_do_not_generalise():
    label = DATA.train.label[torch.randperm(256, generator=torch.Generator().manual_seed(1))]
    shuffled = Data(Tensors(DATA.train.image, label), DATA.validation, DATA.test)
    ours = case(plain(), data=shuffled, rate=1e-2)
    found = {f.check: f.status for f in verdict.signs(ours, short_run(ours))}
    assert found["validation"] == "alarm"


class Forgetful(nn.Module):
    """Dropout that is never turned off."""

    def __init__(self, forget: bool) -> None:
        super().__init__()
        self.inner, self.forget = plain(), forget

    def forward(self, x):
        return F.dropout(self.inner(x), 0.5, self.training or self.forget)


def test_repeatable():
    assert verdict.repeatable(case()).status == "fine"
    assert verdict.repeatable(case(Forgetful(False))).status == "fine"
    assert verdict.repeatable(case(Forgetful(True))).status == "alarm"


def test_a_score_is_what_counting_gives():
    model = plain().eval()
    found = verdict.score(case(model), model, DATA.validation)
    answers = model(DATA.validation.image).argmax(1)
    assert found.right == pytest.approx(float((answers == DATA.validation.label).float().mean()))
    assert found.guess == pytest.approx(float(torch.bincount(DATA.validation.label).max()) / 128)
    assert found.count == 128
