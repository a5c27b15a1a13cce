"""ScanNet in its two layouts, written here, and a real crop."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.losses import VOID
from geomdl import io
from geomdl.structures import Mesh
from geomdl.structures.srgb import from_srgb
from scenes.datasets import scannet as s
from tests.scenes.datasets.test_bins import table


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    return tmp_path


def test_the_release(folder: Path) -> None:
    scans = folder / "scannet" / "scans"
    colors = torch.tensor([[0, 51, 255], [10, 20, 30], [255, 0, 128], [7, 7, 7]])
    points = torch.rand(4, 3)
    faces = torch.tensor([[0, 1, 2], [1, 2, 3]])
    for name in ("scene0001_00", "scene0001_01", "scene0002_00", "scene0003_00", "scene0009_00"):
        (scans / name).mkdir(parents=True)
        stem = scans / name / f"{name}_vh_clean_2"
        io.save(f"{stem}.ply", Mesh(points, faces, colors=from_srgb(colors / 255)))
        label = torch.tensor([1, 39, 13, 50], dtype=torch.int32)
        io.save(f"{stem}.labels.ply", Mesh(points, faces, attributes={"label": label}))
    (folder / "scannet" / "scannetv2_train.txt").write_text(
        "scene0001_00\nscene0001_01\nscene0002_00\nscene0003_00\n"
    )
    (folder / "scannet" / "scannetv2_val.txt").write_text("scene0009_00\n")
    data = s.scannet(validation=0.4)
    assert data.test.names == ("scene0009_00",)
    rooms = [{s.room_of(n) for n in x.names} for x in (data.train, data.validation)]
    assert len(rooms[1]) == 1
    assert not rooms[0] & rooms[1], "scans of a room stay together"
    assert len(data.train) + len(data.validation) == 4
    batch = data.test.batch(torch.tensor([0]))
    torch.testing.assert_close(batch["points"], points)
    assert (batch["features"] * 255).round().int().tolist() == colors.tolist()
    assert batch["label"].tolist() == [0, 19, VOID, VOID]
    assert "instance" not in batch
    last = scans / "scene0009_00"
    segments = last / "scene0009_00_vh_clean_2.0.010000.segs.json"
    segments.write_text(json.dumps({"segIndices": [7, 3, 7, 5]}))
    groups = [{"objectId": 0, "segments": [7]}, {"objectId": 4, "segments": [5, 9]}]
    (last / "scene0009_00.aggregation.json").write_text(json.dumps({"segGroups": groups}))
    assert data.test.batch(torch.tensor([0]))["instance"].tolist() == [1, 0, 1, 5]
    segments.write_text(json.dumps({"segIndices": [7, 3]}))
    with pytest.raises(InputError, match=r"segs.json: expected 4 segIndices, got 2"):
        data.test.batch(torch.tensor([0]))
    segments.write_text("{}")
    with pytest.raises(InputError, match=r"segs.json: expected segIndices"):
        data.test.batch(torch.tensor([0]))


def test_classes_are_the_twenty_of_the_benchmark() -> None:
    known = s.nyu40_table()
    assert (known != VOID).sum() == len(s.CLASSES) == len(s.NYU40)
    for number, name in (
        (1, "wall"),
        (24, "refrigerator"),
        (33, "toilet"),
        (39, "other furniture"),
    ):
        assert s.CLASSES[known[number]] == name


def test_what_is_absent_is_told_with_the_remedy(folder: Path) -> None:
    with pytest.raises(InputError, match=r"scannet: expected .*send the signed terms"):
        s.scannet()
    table(folder / "scannet", "scene0000_00", 5, np.zeros(5))
    with pytest.raises(InputError, match=r"scannetv2_train.txt: expected the list of scans there"):
        s.scannet()


def test_a_real_crop(data: Path) -> None:
    folder = data / "indoor_outdoor" / "scannet"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder}")
    scan = s.read_scan(folder, "scene0000_00")
    assert scan["points"].shape == (100, 3)
    names = {s.CLASSES[i] for i in scan["label"].unique().tolist() if i != VOID}
    assert {"wall", "floor", "bed", "refrigerator"} <= names
    floor = scan["points"][scan["label"] == 1, 2]
    assert float(floor.median()) < 0.1 < float(scan["points"][:, 2].mean())
    assert int(scan["instance"].max()) == 64
