"""A small ViT: its size, its pictures, and that it learns."""

from pathlib import Path

import torch
from torch import Generator

from geomdl.recipes import cifar_vit as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    config = recipe.Config(layers=2, width=48)
    found = memorised(recipe, config, channels=3, side=32, steps=25)
    assert found.parameters == size(config)
    assert found.accuracy == 1


def test_it_is_small() -> None:
    assert 2.6e6 < size(recipe.Config()) < 2.8e6


def size(config: recipe.Config) -> int:
    """Parameters by hand: two norms, attention and a perceptron per layer, and the two ends."""
    w, tokens = config.width, 64
    layer = 4 * w + (3 * w * w + 3 * w) + (w * w + w) + (8 * w * w + 5 * w)
    ends = (48 * w + w) + w + (tokens + 1) * w + 2 * w + (10 * w + 10)
    return config.layers * layer + ends


def test_each_augmentation_can_be_asked_for(data: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    index = torch.arange(16)
    weak = recipe.data(recipe.Config()).train.batch(index, Generator().manual_seed(0))
    strong = recipe.data(recipe.Config(cutout=8, mixup=0.4)).train
    mixed = strong.batch(index, Generator().manual_seed(0))
    assert "share" not in weak
    assert mixed["share"].shape == (16,)
    cut = recipe.data(recipe.Config(cutout=8)).train.batch(index, Generator().manual_seed(0))
    assert 16 <= int((cut["image"] != weak["image"]).any(1).flatten(1).sum(1).max()) <= 64
    assert not torch.equal(mixed["image"], cut["image"])
