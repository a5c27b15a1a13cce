"""What the recipes on CIFAR-10 share."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator

from geomdl.recipes import cifar as recipe


@dataclass(frozen=True)
class Settings:
    validation: int


def test_pictures_are_shifted_and_mirrored_in_training_alone(data: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = recipe.data(Settings(5000))
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
    assert len(held) == 5000
    assert torch.equal(held.batch(index, Generator())["image"], held.batch(index)["image"])
