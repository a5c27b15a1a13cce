"""A state goes through a checkpoint file unchanged, in every part."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from core2d.errors import InputError
from core2d.train.files import load_checkpoint, save_checkpoint
from core2d.train.order import Order
from core2d.train.settings import Train
from core2d.train.state import State, start
from core2d.train.step import advance
from tests.core2d.train import toy


def made(**settings: Any) -> State:
    config = toy.Config(train=Train(batch=10, ema=0.9, schedule="plateau", **settings))
    return start(toy, config, Fabric(accelerator="cpu", devices=1), 0)  # type: ignore[arg-type]


def trained(state: State, steps: int) -> State:
    examples, order = toy.data(state.config).train, Order(90, 10, seed=0)
    for _ in range(steps):
        batch = examples.batch(order.indices(state.step))
        advance(toy, state, [batch], order, 100)  # type: ignore[arg-type]
    return state


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return all(equal(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "rmsprop"])
def test_round_trip_through_a_file(tmp_path: Path, optimiser: str) -> None:
    state = trained(made(optimiser=optimiser), 3)
    state.best, state.waited, state.seconds = 0.75, 2, 12.5
    state.sums, state.count, state.norms = {"loss": 3.25}, 3, 1.5
    state.plateau.see(1.0)
    save_checkpoint(tmp_path / "c.pt", state.checkpoint())
    other = made(optimiser=optimiser)
    assert not equal(other.checkpoint(), state.checkpoint())
    other.load(load_checkpoint(tmp_path / "c.pt"))
    assert equal(other.checkpoint(), state.checkpoint())
    assert equal(trained(other, 2).checkpoint(), trained(state, 2).checkpoint())


def test_parameters_that_grew_keep_their_new_shape() -> None:
    state, other = made(), made()
    for model in (state.model, state.evaluated):
        model.fc.weight.data = torch.randn(5, 8)  # type: ignore[union-attr]
        model.fc.bias.data = torch.randn(5)  # type: ignore[union-attr]
    other.load(state.checkpoint())
    assert equal(other.model.state_dict(), state.model.state_dict())


def test_another_networks_checkpoint_is_refused() -> None:
    content = made().checkpoint()
    content["model"]["conv2.weight"] = content["model"].pop("conv.weight")
    with pytest.raises(InputError, match="another network's"):
        made().load(content)


def test_channels_last_reaches_the_weights_and_stays_through_a_resumption() -> None:
    state = made(channels_last=True)
    weight = state.model.get_parameter("conv.weight")
    assert weight.is_contiguous(memory_format=torch.channels_last)
    state.load(made(channels_last=True).checkpoint())
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_weights_that_are_no_numbers_are_named() -> None:
    state = made()
    state.expect_finite()
    state.model.get_parameter("fc.weight").data[0, 0] = float("inf")
    with pytest.raises(InputError, match=r"fc\.weight holds NaN or infinity after step 0"):
        state.expect_finite()
