"""LeNet on digits: its size, its pictures, and that it learns."""

from pathlib import Path

import torch
from torch import Generator

from geomdl.recipes import mnist_lenet as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(), channels=1, side=28, steps=40)
    assert found.parameters == 61_706
    assert found.accuracy == 1


def test_digits_are_shifted_but_never_mirrored(data: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    train = recipe.data(recipe.Config()).train
    index = torch.arange(64)
    plain = train.batch(index)["image"][:, 0, 4:24, 4:24]
    changed = train.batch(index, Generator().manual_seed(0))["image"][:, 0]
    shifts = set()
    for digit, window in zip(changed, plain, strict=True):
        hits = [
            (y, x)
            for y in range(2, 7)
            for x in range(2, 7)
            if torch.equal(digit[y : y + 20, x : x + 20], window)
        ]
        assert len(hits) == 1
        shifts |= set(hits)
    assert len(shifts) > 15
