"""SemanticKITTI, written here, and a real crop."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.losses import VOID
from scenes.datasets import semantic_kitti as s


def turn(folder: Path, name: str, words: list[int]) -> np.ndarray:
    sequence, number = name.split("/")
    rows = np.random.default_rng(len(words)).random((len(words), 4), np.float32)
    for kind, end, values in (
        ("velodyne", "bin", rows),
        ("labels", "label", np.array(words, "<u4")),
    ):
        where = folder / "sequences" / sequence / kind
        where.mkdir(parents=True, exist_ok=True)
        (where / f"{number}.{end}").write_bytes(values.tobytes())
    return rows


def test_the_published_layout_and_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "semantic_kitti"
    for name in ("00/000001", "00/000000", "07/000000", "10/000000", "11/000000"):
        turn(folder, name, [10, 40])
    words = [10 + (5 << 16), 252 + (6 << 16), 0, 60, 81, 256, 99, 72]
    rows = turn(folder, "08/000000", words)
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    data = s.semantic_kitti()
    assert data.train.names == ("00/000000", "00/000001", "10/000000")
    assert data.validation.names == ("07/000000",)
    assert data.test.names == ("08/000000",)
    batch = data.test.batch(torch.tensor([0]))
    assert np.array_equal(batch["points"].numpy(), rows[:, :3])
    assert np.array_equal(batch["features"].numpy(), rows[:, 3:])
    names = [None if i == VOID else s.CLASSES[i] for i in batch["label"].tolist()]
    kinds = ["car", "car", None, "road", "traffic sign", "other vehicle", None, "terrain"]
    assert names == kinds
    assert batch["instance"].tolist() == [5, 6, 0, 0, 0, 0, 0, 0]
    assert s.semantic_kitti(validation=()).validation.names == ()


def test_what_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    with pytest.raises(InputError, match=r"semantic_kitti: expected .*velodyne points"):
        s.semantic_kitti()
    with pytest.raises(InputError, match=r"validation: expected some of .*got 08"):
        s.semantic_kitti(validation=("08",))
    with pytest.raises(InputError, match=r"expected sequences/00/velodyne/000000.bin, found none"):
        s.semantic_kitti(folder=str(tmp_path))
    turn(tmp_path, "08/000000", [10, 17])
    with pytest.raises(InputError, match=r"000000.label: class 17 is none of"):
        s.read_turn(tmp_path, "08/000000")
    (tmp_path / "sequences" / "08" / "labels" / "000000.label").write_bytes(b"\0" * 4)
    with pytest.raises(InputError, match=r"000000.label: expected 2 labels, got 1"):
        s.read_turn(tmp_path, "08/000000")


def test_every_class_has_numbers_of_its_own() -> None:
    numbers = [n for own in s.NUMBERS for n in own] + list(s.VOIDS)
    assert len(numbers) == len(set(numbers)) == 34
    assert len(s.NUMBERS) == len(s.CLASSES) == 19


def test_a_real_crop(data: Path) -> None:
    folder = data / "indoor_outdoor" / "semantickitti"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder}")
    found = s.semantic_kitti(folder=folder)
    assert found.train.names == ("00/000000",)
    batch = found.train.batch(torch.tensor([0]))
    assert batch["points"].shape == (50, 3)
    names = {s.CLASSES[i] for i in batch["label"].unique().tolist() if i != VOID}
    assert names == {"building", "vegetation", "trunk", "pole"}
    assert (batch["points"].norm(dim=1) < 120).all(), "within the scanner's reach"
