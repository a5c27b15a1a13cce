"""LeNet on garments: its size, its pictures, and that it learns."""

import math
from pathlib import Path

import pytest
import torch
from torch import Generator

from geomdl.recipes import fashion_lenet as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(), channels=1, side=28, steps=40)
    assert found.parameters == 61_706
    assert abs(found.before - math.log(10)) < 0.3
    assert found.accuracy == 1


def test_garments_are_mirrored_in_training_alone(data: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = recipe.data(recipe.Config(validation=100))
    assert len(found.validation) == 100
    index = torch.arange(32)
    plain = found.train.batch(index)["image"]
    changed = found.train.batch(index, Generator().manual_seed(0))["image"]
    as_it_was = [torch.equal(x, y) for x, y in zip(changed, plain, strict=True)]
    mirrored = [torch.equal(x, y.flip(-1)) for x, y in zip(changed, plain, strict=True)]
    assert all(a or b for a, b in zip(as_it_was, mirrored, strict=True))
    assert 8 < sum(mirrored) < 24
    held = found.validation
    assert torch.equal(held.batch(index, Generator())["image"], held.batch(index)["image"])


@pytest.mark.slow
def test_accuracy_is_as_expected(data: Path, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    from core2d.train.fit import fit
    from core2d.train.options import Options

    outcome = fit(recipe, recipe.Config(), Options(tmp_path / "run", progress=False))  # type: ignore[arg-type]
    assert outcome.metrics["accuracy"] > recipe.EXPECT["accuracy"] - 0.005
