"""S3DIS in its three layouts, written here, and a real crop."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from scenes.datasets import s3dis as s
from tests.scenes.datasets.test_bins import table


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_the_release_is_read_thing_by_thing(folder: Path) -> None:
    inside = folder / s.FOLDERS[0][0]
    things = {"chair_1": 3, "chair_2": 2, "stairs_1": 1, "wall_1": 4}
    rng = np.random.default_rng(0)
    rows = {}
    for area, room in ((1, "office_1"), (1, "office_2"), (2, "hallway_1"), (5, "hallway_6")):
        where = inside / f"Area_{area}" / room / "Annotations"
        where.mkdir(parents=True)
        for name, size in things.items():
            rows[room, name] = np.c_[
                rng.random((size, 3)).round(3), rng.integers(0, 256, (size, 3))
            ]
            np.savetxt(where / f"{name}.txt", rows[room, name], "%.3f %.3f %.3f %d %d %d")
    bad = where / "wall_1.txt"
    text = bad.read_bytes()
    bad.write_bytes(text.replace(b" ", b"\x10", 1))  # as in the published file
    data = s.s3dis(validation=0.3)
    assert data.test.names == ("Area_5_hallway_6",)
    assert len(data.train) == 2
    assert len(data.validation) == 1
    assert not set(data.train.names) & set(data.validation.names)
    batch = data.test.batch(torch.tensor([0]))
    whole = np.concatenate([rows["hallway_6", name] for name in sorted(things)])
    assert np.allclose(batch["points"].numpy(), whole[:, :3])
    assert np.allclose(batch["features"].numpy() * 255, whole[:, 3:], atol=1e-3)
    names = [s.CLASSES[i] for i in batch["label"].tolist()]
    assert names == ["chair"] * 5 + ["clutter"] + ["wall"] * 4
    assert batch["instance"].tolist() == [1] * 3 + [2] * 2 + [3] + [4] * 4
    assert s.s3dis(test_area=2).test.names == ("Area_2_hallway_1",)
    bad.write_text("1 2 3\n")
    with pytest.raises(InputError, match=r"wall_1.txt: expected lines x y z r g b, got 3 numbers"):
        s.s3dis().test.batch(torch.tensor([0]))


def test_tables_and_binary_tables_say_the_same(folder: Path) -> None:
    label = np.arange(20) % 13
    rows = table(folder / "s3dis", "Area_5_office_1", 20, label)
    inside = folder / "tables"
    inside.mkdir()
    np.save(inside / "Area_5_office_1.npy", np.c_[rows, label].astype(np.float64))
    one = s.s3dis().test.batch(torch.tensor([0]))
    two = s.s3dis(folder=inside).test.batch(torch.tensor([0]))
    assert one.pop("instance").tolist() == label.tolist()
    assert set(one) == set(two)
    for name in two:
        torch.testing.assert_close(one[name], two[name])
    table(folder / "s3dis", "Area_5_office_1", 20, label + 1)
    with pytest.raises(InputError, match="Area_5_office_1: expected labels 0 to 12, got 1 to 13"):
        s.s3dis().test.batch(torch.tensor([0]))


def test_what_is_absent_is_told_with_the_remedy(folder: Path) -> None:
    with pytest.raises(InputError, match=r"s3dis: expected .*agree to the terms"):
        s.s3dis()
    with pytest.raises(InputError, match=r"expected .*found none"):
        s.s3dis(folder=folder)
    with pytest.raises(InputError, match="test_area: expected 1 to 6, got 7"):
        s.s3dis(test_area=7)
    (folder / "points").mkdir()
    (folder / "points" / "Area_7_x.bin").touch()
    with pytest.raises(InputError, match="expected rooms named Area_1_office_1, got Area_7_x"):
        s.s3dis(folder=folder)


def test_a_real_crop(data: Path) -> None:
    folder = data / "indoor_outdoor" / "s3dis"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder}")
    found = s.s3dis(folder=folder, test_area=1)
    assert (len(found.train), len(found.validation)) == (0, 0)
    assert found.test.names == ("Area_1_office_2",)
    batch = found.test.batch(torch.tensor([0]))
    assert batch["points"].shape == (100, 3)
    assert 0 <= float(batch["features"].min()) < 0.2 < 0.8 < float(batch["features"].max()) <= 1
    height = batch["points"][:, 2]
    ceiling, floor = (height[batch["label"] == i] for i in (0, 1))
    assert float(floor.max()) < 0.3 < 2.5 < float(ceiling.min())
