"""ResNet-20: its published size, its pictures, and that it learns."""

from pathlib import Path

import torch
from torch import Generator

from geomdl.recipes import cifar_resnet20 as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(depth=8), channels=3, side=16, steps=30)
    assert found.accuracy == 1


def test_its_size_is_the_published_one() -> None:
    with torch.device("meta"):
        model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 269_722


def test_plain_twins_and_other_sizes() -> None:
    config = recipe.Config(depth=8, width=4, residual=False)
    found = memorised(recipe, config, channels=3, side=16, steps=2)
    residual = recipe.model(recipe.Config(depth=8, width=4))
    assert found.parameters == sum(p.numel() for p in residual.parameters()) < 6000


def test_pictures_are_shifted_and_mirrored_in_training_alone(data: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = recipe.data(recipe.Config())
    index = torch.arange(40)
    plain = found.train.batch(index)["image"]
    changed = found.train.batch(index, Generator().manual_seed(0))["image"]
    mirrored = 0
    for new, old in zip(changed, plain, strict=True):
        hits = [
            turned
            for turned, source in ((False, old), (True, old.flip(-1)))
            for y in range(9)
            for x in range(9)
            if torch.equal(new[:, y : y + 24, x : x + 24], source[:, 4:28, 4:28])
        ]
        assert len(hits) == 1
        mirrored += hits[0]
    assert 10 < mirrored < 30
    held = found.validation
    assert torch.equal(held.batch(index, Generator())["image"], held.batch(index)["image"])
