"""ModelNet in its three published layouts, written here, and real meshes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from scenes.datasets import modelnet as m
from tests.scenes.datasets.test_h5 import written

CUBE = """OFF8 6 0
0 0 0\n1 0 0\n1 1 0\n0 1 0\n0 0 H\n1 0 H\n1 1 H\n0 1 H
4 0 3 2 1\n4 4 5 6 7\n4 0 1 5 4\n4 1 2 6 5\n4 2 3 7 6\n4 3 0 4 7
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def release(folder: Path, part: str, number: int, labels: list[int], normals: bool = True) -> None:
    rng = np.random.default_rng(number + 10 * (part == "test"))
    data = rng.random((len(labels), 2048, 3), np.float32)
    data[:, :, 1] += 10 * np.array(labels)[:, None]  # y is up and tells the class
    more = {"normal": np.repeat(data[:, :1], 2048, 1)} if normals else {}
    written(
        folder / f"ply_data_{part}{number}.h5", data=data, label=np.array(labels)[:, None], **more
    )


def test_the_release_of_points(folder: Path) -> None:
    inside = folder / "modelnet40_ply_hdf5_2048"
    inside.mkdir()
    release(inside, "train", 0, [3, 4] * 10)
    release(inside, "train", 1, [39] * 10)
    release(inside, "test", 0, [0, 1, 2])
    data = m.modelnet(40, count=100, normals=True, validation=0.2)
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 6, 3)
    assert data.name == "ModelNet40 (2048 points)"
    assert data.classes[3] == "bench"
    assert sorted(data.validation.labels().tolist()) == [3, 3, 4, 4, 39, 39], "stratified"
    batch = data.test.batch(torch.tensor([2, 0]))
    assert batch["offsets"].tolist() == [0, 100, 200]
    assert batch["label"].tolist() == [2, 0]
    assert (batch["points"][:100, 2].floor() == 20).all(), "z is up"
    assert (batch["points"][:, 1] <= 0).all(), "y is what was -z: turned, not mirrored"
    torch.testing.assert_close(batch["features"][0], batch["points"][0], msg="as written above")
    as_it_was = m.modelnet(40, count=100, upright=False, validation=0.2)
    raw = as_it_was.test.batch(torch.tensor([2, 0]))["points"]
    assert torch.equal(m.stand(raw), batch["points"])
    all_of = m.modelnet(40, count=0).train.batch(torch.tensor([0]))
    assert len(all_of["points"]) == 2048
    assert m.modelnet(40, validation=0.0).validation.batch(torch.arange(0))["offsets"].tolist() == [
        0
    ]


def test_a_shape_that_is_in_both_parts_does_not_train(folder: Path) -> None:
    inside = folder / "modelnet40"
    inside.mkdir()
    data = np.random.default_rng(0).random((6, 2048, 3), np.float32)
    written(inside / "ply_data_train0.h5", data=data[:4], label=np.zeros(4))
    written(inside / "ply_data_test0.h5", data=data[3:], label=np.zeros(3))
    found = m.modelnet(40, validation=0.0)
    assert (len(found.train), len(found.test)) == (3, 3)
    with pytest.raises(InputError, match=r"normals: .*modelnet40 holds none"):
        m.modelnet(40, normals=True)


def test_meshes_are_sampled_by_area_into_the_unit_sphere(folder: Path) -> None:
    for name, part, number in (
        ("bathtub", "train", 2),
        ("toilet", "train", 3),
        ("sofa", "test", 4),
    ):
        path = folder / "ModelNet10" / name / part / f"{name}_000{number}.off"
        path.parent.mkdir(parents=True)
        path.write_text(CUBE.replace("H", str(number)))
    data = m.modelnet(10, count=0, normals=True, validation=0.0)
    assert data.train.labels().tolist() == [0, 9]
    assert data.test.labels().tolist() == [7]
    batch = data.train.batch(torch.tensor([0]))
    points, normal = batch["points"], batch["features"]
    assert float(points.norm(dim=1).max()) == pytest.approx(1, abs=1e-5)
    assert float(points.mean(0).abs().max()) < 1e-5
    torch.testing.assert_close(normal.norm(dim=1), torch.ones(2048))
    # A box of 1 x 1 x 2: a tenth of its surface is the top, a fifth each side.
    for axis, share in ((2, 0.1), (0, 0.2), (1, 0.2)):
        assert float((normal[:, axis] > 0.9).float().mean()) == pytest.approx(share, abs=0.03)
    side = float(np.ptp(points[:, 2].numpy()) / np.ptp(points[:, 0].numpy()))
    assert side == pytest.approx(2, abs=0.05), "z stays up"
    assert torch.equal(m.modelnet(10, count=0).train.batch(torch.tensor([0]))["points"], points)
    other = folder / "ModelNet10" / "sink" / "train" / "sink_0001.off"
    other.parent.mkdir(parents=True)
    other.write_text(CUBE.replace("H", "5"))
    with pytest.raises(
        InputError, match=r"sink_0001.off: expected one of the 10 classes, got 'sink'"
    ):
        m.modelnet(10)


def test_resampled_texts(folder: Path) -> None:
    inside = folder / "modelnet40_normal_resampled"
    lists = {"train": ["airplane_0001", "night_stand_0002"], "test": ["xbox_0001"]}
    rng = np.random.default_rng(0)
    rows = {}
    for part, names in lists.items():
        for name in names:
            path = inside / name.rpartition("_")[0] / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows[name] = rng.random((2100, 6)).round(4)
            np.savetxt(path, rows[name], "%.4f", delimiter=",")
        (inside / f"modelnet40_{part}.txt").write_text("\n".join(names) + "\n")
    data = m.modelnet(40, count=50, normals=True, validation=0.0, upright=False)
    assert data.name == "ModelNet40 (10,000 points with normals)"
    assert [m.CLASSES40[i] for i in data.train.labels()] == ["airplane", "night_stand"]
    assert [m.CLASSES40[i] for i in data.test.labels()] == ["xbox"]
    batch = data.train.batch(torch.tensor([1]))
    both = torch.cat((batch["points"], batch["features"]), 1).numpy()
    assert np.allclose(both, rows["night_stand_0002"][:50])
    path = inside / "xbox" / "xbox_0001.txt"
    path.write_text("1,2,3\n4,5\n")
    with pytest.raises(InputError, match=r"xbox_0001.txt: expected lines x,y,z,nx,ny,nz"):
        m.modelnet(40)


def test_what_is_absent_is_told_with_the_remedy(folder: Path) -> None:
    with pytest.raises(InputError, match=r"modelnet40: expected .*geomdl download modelnet40"):
        m.modelnet(40)
    with pytest.raises(InputError, match=r"modelnet10: expected .*unpack http://3dvision"):
        m.modelnet(10)
    with pytest.raises(InputError, match="classes: expected 10 or 40, got 30"):
        m.modelnet(30)


def test_real_meshes(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (data / "modelnet10").is_dir():
        pytest.skip(f"no real data: {data / 'modelnet10'}")
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = m.modelnet(10, count=1024, validation=0.0)
    assert found.train.labels().tolist() == [0, 0, 0]
    assert found.test.labels().tolist() == [2, 2, 2, 2]
    batch = found.test.batch(torch.arange(4))
    for cloud in batch["points"].view(4, 1024, 3):
        assert float(cloud.norm(dim=1).max()) <= 1 + 1e-5
        assert float(np.ptp(cloud[:, 2].numpy())) > 0.8, "chairs are high"
