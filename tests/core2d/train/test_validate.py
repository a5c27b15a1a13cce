"""What validation sees, and what follows from it."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from core2d.train.evaluate import batches
from core2d.train.settings import Train
from core2d.train.state import State, start
from core2d.train.validate import exhausted, judged, reported, validated
from tests.core2d.train import clouds, toy


def made(**settings: Any) -> State:
    config = toy.Config(train=Train(batch=8, **settings), noise=0.0)
    return start(toy, config, Fabric(accelerator="cpu", devices=1), 0)  # type: ignore[arg-type]


def test_loss_is_the_mean_over_examples_whatever_the_batches() -> None:
    state, data = made(), toy.data(toy.Config())
    state.model.eval()
    (whole,) = batches(data.validation, 30)
    expected = F.cross_entropy(state.model(whole["image"]), whole["label"])
    for size in (30, 7):
        seen = validated(toy, state, data, size)  # type: ignore[arg-type]
        assert seen["loss"] == pytest.approx(float(expected.detach()), rel=1e-5)
    state.model.train()
    validated(toy, state, data, 30)  # type: ignore[arg-type]
    assert state.model.training
    assert reported(toy, state, data) == toy.metrics(state.model.eval(), data.test)  # type: ignore[arg-type]


def test_the_averaged_network_is_the_one_that_is_seen() -> None:
    state, data = made(ema=0.9), toy.data(toy.Config())
    before = validated(toy, state, data, 30)  # type: ignore[arg-type]
    for parameter in state.model.parameters():
        parameter.data.fill_(torch.nan)
    assert validated(toy, state, data, 30) == before  # type: ignore[arg-type]


def recipe(metric: str) -> Any:
    return SimpleNamespace(EXPECT={metric: 1.0})


def test_more_is_better_but_for_losses() -> None:
    state = made(stop=2)
    better = [judged(recipe("accuracy"), state, {"accuracy": v, "loss": 0}) for v in (1, 3, 2, 3)]
    assert better == [True, True, False, False]
    assert exhausted(state)
    state = made(stop=3)
    assert [judged(recipe("nll"), state, {"nll": v}) for v in (3, 1, 2)] == [True, True, False]
    assert not exhausted(state)


def test_without_its_metric_the_loss_counts() -> None:
    state = made(stop=1)
    assert [judged(recipe("miou"), state, {"loss": v}) for v in (3, 1, 2)] == [True, True, False]
    assert exhausted(state)


def test_plateau_sees_the_loss() -> None:
    state = made(schedule="plateau", patience=1, gamma=0.5)
    for loss in (1.0, 1.0, 1.0):
        judged(recipe("accuracy"), state, {"accuracy": 0.5, "loss": loss})
    assert state.plateau.factor == 0.25


def test_packed_examples_count_by_their_number_and_not_by_their_rows() -> None:
    config = clouds.Config()
    state = start(clouds, config, Fabric(accelerator="cpu", devices=1), 0)  # type: ignore[arg-type]
    data = clouds.data(config)
    (whole,) = batches(data.validation, 31)
    expected = clouds.loss(state.model, whole, 0, torch.Generator())
    for size in (31, 7):
        seen = validated(clouds, state, data, size)  # type: ignore[arg-type]
        assert seen["loss"] == pytest.approx(float(expected.detach()), rel=1e-5)
