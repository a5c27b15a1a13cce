"""Slices in the order of the stack, labels of pixels; the real ones where they lie."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from scenes.datasets import membrane as m


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty slices of 4 x 6 whose grey is twice their number, cells where it is dark."""
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    for i in range(30):
        label = np.zeros((4, 6), np.uint8)
        label[:, i % 6] = 255
        for kind, array in (("image", np.full((4, 6), 2 * i, np.uint8)), ("label", label)):
            path = tmp_path / "em_membrane" / "train" / kind / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    return tmp_path / "em_membrane"


def test_stretches_of_the_stack_in_its_order(folder: Path) -> None:
    data = m.membrane()
    numbers = [x.image[x.rows, 0, 0, 0].tolist() for x in (data.train, data.validation, data.test)]
    assert numbers == [list(range(0, 42, 2)), [42, 44, 46], list(range(48, 60, 2))]
    batch = data.validation.batch(torch.tensor([1]))
    assert batch["label"].shape == (1, 4, 6)
    assert batch["label"][0].argmax(1).tolist() == [22 % 6] * 4
    assert batch["label"].unique().tolist() == [0, 1]
    wanted = (44 / 255 - m.CHANNELS.mean[0]) / m.CHANNELS.std[0]
    assert float(batch["image"].mean()) == pytest.approx(wanted, abs=1e-5)


def test_only_training_is_augmented(folder: Path) -> None:
    data = m.membrane(augment=lambda batch, generator: {**batch, "label": batch["label"] + 7})
    asked = torch.Generator()
    low = [int(x.batch(torch.arange(2), asked)["label"].min()) for x in (data.train, data.test)]
    assert low == [7, 0]


def test_other_sizes_and_what_is_refused(folder: Path) -> None:
    data = m.membrane(validation=0, test=10)
    assert (len(data.train), len(data.validation), len(data.test)) == (20, 0, 10)
    with pytest.raises(InputError, match="fewer than 30"):
        m.membrane(validation=10, test=20)
    Image.fromarray(np.full((4, 6), 9, np.uint8)).save(folder / "train" / "label" / "3.png")
    with pytest.raises(InputError, match="0 and 255 alone"):
        m.membrane()
    (folder / "train" / "image" / "7.png").unlink()
    with pytest.raises(InputError, match="em_membrane: expected"):
        m.membrane()


def test_the_real_slices(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = m.membrane()
    batch = found.train.batch(torch.arange(len(found.train)))
    assert batch["image"].shape == (21, 1, 512, 512)
    assert abs(float(batch["image"].mean())) < 0.01
    assert abs(float(batch["image"].std()) - 1) < 0.01
    assert 0.7 < float(batch["label"].float().mean()) < 0.85
    dark = batch["image"][:, 0][batch["label"] == 0].mean()
    assert float(dark) < -0.7, "membranes are dark: labels belong to their images"
