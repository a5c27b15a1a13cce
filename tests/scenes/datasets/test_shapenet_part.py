"""ShapeNetPart in both published layouts, written here."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from scenes.datasets import shapenet_part as s
from tests.scenes.datasets.test_h5 import written


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_parts_are_those_that_are_published() -> None:
    assert sum(s.COUNTS) == len(s.PARTS) == 50
    assert s.PARTS_OF[s.CATEGORIES.index("Motorbike")] == (30, 31, 32, 33, 34, 35)
    assert s.PARTS_OF[s.CATEGORIES.index("Table")] == (47, 48, 49)
    assert s.PARTS_OF[s.CATEGORIES.index("Earphone")] == (16, 17, 18)
    assert s.PARTS[30] == "motorbike 0"


def test_the_release_of_points(folder: Path) -> None:
    inside = folder / "hdf5_data"
    inside.mkdir()
    rng = np.random.default_rng(0)
    data, where = {}, {"train": [15, 0], "val": [11], "test": [4, 5, 7]}
    for part, kinds in where.items():
        data[part] = rng.random((len(kinds), 300, 3), np.float32)
        pid = np.stack([rng.choice(s.PARTS_OF[k], 300) for k in kinds])
        pid[:, 0] = [s.PARTS_OF[k][-1] for k in kinds]
        label = np.array(kinds)[:, None]
        written(inside / f"ply_data_{part}0.h5", data=data[part], label=label, pid=pid)
    found = s.shapenet_part(count=200)
    assert (len(found.train), len(found.validation), len(found.test)) == (2, 1, 3)
    batch = found.test.batch(torch.tensor([2, 0]))
    assert batch["category"].tolist() == [7, 4]
    assert batch["offsets"].tolist() == [0, 200, 400]
    assert batch["label"][[0, 200]].tolist() == [s.PARTS_OF[7][-1], s.PARTS_OF[4][-1]]
    cloud = data["test"][2] - data["test"][2].mean(0)
    cloud = cloud / np.linalg.norm(cloud, axis=1).max()
    wanted = np.stack([cloud[:, 0], -cloud[:, 2], cloud[:, 1]], 1)[:200]
    assert np.abs(batch["points"][:200].numpy() - wanted).max() < 1e-5
    with pytest.raises(InputError, match=r"normals: .*holds none"):
        s.shapenet_part(normals=True)
    pid[:] = 40
    written(inside / "ply_data_test0.h5", data=data["test"], label=label, pid=pid)
    with pytest.raises(InputError, match="expected parts 12 to 15 of a chair, got 40"):
        s.shapenet_part()


def test_the_texts(folder: Path) -> None:
    inside = folder / s.FOLDERS[3][0]
    (inside / "train_test_split").mkdir(parents=True)
    rng, rows = np.random.default_rng(0), {}
    for part, name, size in (
        ("train", "02691156/a1", 30),
        ("val", "03797390/b2", 20),
        ("test", "04379243/c3", 9),
    ):
        kind = s.SYNSETS.index(name[:8])
        table = np.c_[rng.random((size, 6)).round(4), rng.choice(s.PARTS_OF[kind], size)]
        rows[part] = table
        (inside / name).parent.mkdir()
        np.savetxt(inside / f"{name}.txt", table, "%.6f")
        names = json.dumps([f"shape_data/{name}"])
        (inside / "train_test_split" / f"shuffled_{part}_file_list.json").write_text(names)
    found = s.shapenet_part(count=0, normals=True, upright=False)
    for part, examples, kind in (
        ("train", found.train, 0),
        ("val", found.validation, 11),
        ("test", found.test, 15),
    ):
        batch = examples.batch(torch.tensor([0]))
        assert batch["category"].tolist() == [kind]
        assert np.allclose(batch["features"].numpy(), rows[part][:, 3:6])
        assert batch["label"].tolist() == rows[part][:, 6].astype(int).tolist()
    (inside / "04379243" / "c3.txt").write_text("1 2 3\n")
    with pytest.raises(InputError, match=r"c3.txt: expected lines of 7 numbers, got 3"):
        s.shapenet_part()


def test_what_is_absent_is_told_with_the_remedy() -> None:
    with pytest.raises(InputError, match="geomdl download shapenet_part"):
        s.shapenet_part()
