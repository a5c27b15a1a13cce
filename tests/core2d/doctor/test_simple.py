from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from core2d.doctor.simple import cost, simpler, smaller, start_simple
from core2d.errors import InputError
from core2d.train.settings import Train
from tests.core2d.doctor.squares import QUICK, case, plain


@dataclass(frozen=True)
class Config:
    train: Train = field(default_factory=lambda: Train(epochs=10, batch=32))
    depth: int = 14
    widths: tuple[int, int] = (32, 16)
    pooled: int = 2  # more parameters where smaller
    validation: int = 5000


def model(config: Config) -> nn.Sequential:
    """Of 6n + 2 layers."""
    if config.depth % 6 != 2:
        raise InputError("depth: expected 6n + 2")
    first, last = config.widths
    inner = [nn.Linear(first, first) for _ in range(config.depth - 2)]
    cells = (12 // config.pooled) ** 2
    head = [nn.AvgPool2d(config.pooled), nn.Flatten(), nn.Linear(cells, first)]
    return nn.Sequential(*head, *inner, nn.Linear(first, last), nn.Linear(last, 4))


RECIPE = SimpleNamespace(model=model)


def test_cost_counts_parameters_and_operations():
    found = cost(case(), plain())
    assert found.parameters == 144 * 32 + 32 + 32 * 4 + 4
    assert found.operations == 2 * (144 * 32 + 32 * 4)
    assert not found.below(found)


def test_candidates():
    assert list(smaller("depth", 20))[:3] == [4, 5, 6]
    assert next(smaller("width", 20)) == 10
    assert list(smaller("widths", (6, 16))) == [(3, 8)]
    assert [*smaller("dropout", 0.5), *smaller("plain", True), *smaller("name", "x")] == []
    assert [*smaller("layers", 1), *smaller("hidden", ())] == []


def test_every_size_that_makes_a_network_is_made_smaller():
    other, made = simpler(RECIPE, Config(), case(model(Config())))
    assert (other.depth, other.widths) == (8, (16, 8))
    assert (other.pooled, other.validation) == (2, 5000)
    assert (
        sum(p.numel() for p in made.parameters()) < 0.3 * cost(case(), model(Config())).parameters
    )


def test_a_long_training_is_told_how_to_start(monkeypatch):
    def seconds(case, steps):
        return {"forward": 1e-4 * cost(case, case.fresh()).parameters}

    monkeypatch.setattr("core2d.doctor.simple.measured", seconds)
    ours = case(model(Config()), batch=32)
    count = cost(ours, ours.model).parameters
    found = start_simple(RECIPE, Config(), replace(ours, limits=replace(QUICK, cycle=1.0)))
    assert found.status == "note"
    assert found.numbers["minutes"] == pytest.approx(80 * 1e-4 * count / 60)  # 10 passes of 8 steps
    assert found.numbers["simple minutes"] <= 1.0
    assert "--depth 8 --widths 16 8" in found.advice
    short = start_simple(RECIPE, Config(), ours)
    assert (short.status, torch.is_grad_enabled()) == ("fine", True)
