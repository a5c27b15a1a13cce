"""npz and safetensors: loss-free, unpickled, and held against the bytes."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.io.arrays import Shape, flatten
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import srgb_to_linear

LIGHT = float(srgb_to_linear(np.array([0.2]))[0])  # of byte 51


def shapes() -> list[Shape]:
    values = torch.linspace(-1, 1, 60).reshape(3, 4, 5)
    batch = PointCloud.concatenate([example_cloud(3), example_cloud(5)])
    double = PointCloud(torch.rand(4, 3, dtype=torch.float64))
    return [
        example_mesh(),
        Mesh.concatenate([example_mesh(), example_mesh()]),
        example_cloud(),
        batch,
        double,
        VoxelGrid(values, "sdf", torch.tensor([1.0, 2.0, 3.0]), 0.25),
        VoxelGrid(values, "tsdf", cell=0.1, weights=values.abs(), truncation=0.3),
        VoxelGrid(torch.zeros(2, 2, 2, dtype=torch.bool), "occupancy"),
        SparseVoxels.sorted(torch.arange(12, dtype=torch.int32).reshape(4, 3), torch.rand(4, 2), 2),
    ]


def assert_same(found: Shape, expected: Shape) -> None:
    mine, my_meta = flatten(found)
    theirs, their_meta = flatten(expected)
    assert my_meta == their_meta
    assert mine.keys() == theirs.keys()
    for name, values in mine.items():
        assert values.dtype == theirs[name].dtype, name
        assert torch.equal(values, theirs[name]), name


@pytest.mark.parametrize("index", range(9))
@pytest.mark.parametrize(
    ("ending", "encoding"), [("npz", "binary"), ("npz", "binary_compressed"), ("safetensors", None)]
)
def test_everything_returns(tmp_path: Path, index: int, ending: str, encoding: str | None) -> None:
    shape = shapes()[index]
    save(tmp_path / f"a.{ending}", shape, encoding=encoding)
    assert_same(load(tmp_path / f"a.{ending}"), shape)


def test_files_of_others(tmp_path: Path) -> None:
    points = np.arange(12.0).reshape(4, 3)
    levels = np.full((4, 3), 51, np.uint8)
    np.savez(tmp_path / "a.npz", xyz=points, colors=levels, label=np.arange(4), other=np.zeros(9))
    cloud = load(tmp_path / "a.npz")
    assert isinstance(cloud, PointCloud)
    assert torch.equal(cloud.points, torch.from_numpy(points))
    torch.testing.assert_close(cloud.colors, torch.full((4, 3), LIGHT).double())
    assert set(cloud.attributes) == {"label"}
    np.savez_compressed(tmp_path / "b.npz", vertices=points, faces=np.int32([[0, 1, 2]]))
    mesh = load(tmp_path / "b.npz")
    assert isinstance(mesh, Mesh)
    assert mesh.faces.tolist() == [[0, 1, 2]]
    order = np.asfortranarray(points.astype(">f4"))
    np.savez(tmp_path / "c.npz", points=order)
    turned = load(tmp_path / "c.npz")
    assert isinstance(turned, PointCloud)
    assert torch.equal(turned.points, torch.from_numpy(points).float())


def bomb(shape: tuple[int, ...], size: int) -> bytes:
    """A zip whose member says `shape` and holds `size` zero bytes."""
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        member, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", member.getvalue() + bytes(size))
    return stream.getvalue()


def test_what_is_wrong_names_the_member(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    cases = {
        "points: claims 12000000000000 bytes": bomb((10**12, 3), 48),
        r"expected an array points or": _npz(a=np.zeros(3)),
        "expected shape": _npz(points=np.zeros(3)),
        "points: arrays of object": _npz(points=np.array([{}, None], dtype=object)),
        "points: arrays of": _npz(points=np.zeros((2, 3), np.complex128)),
        "archive: broken": b"PK\x03\x04 nothing",
        "points: no array": _zip({"points.npy": b"hello"}),
        "unknown kind 'Teapot'": _npz(geomdl=np.frombuffer(b'{"kind": "Teapot"}', np.uint8)),
        "geomdl: cannot be understood": _npz(geomdl=np.frombuffer(b"{{", np.uint8)),
        "a field is missing": _npz(geomdl=np.frombuffer(b'{"kind": "Mesh"}', np.uint8)),
    }
    for message, data in cases.items():
        path.write_bytes(data)
        with pytest.raises(GeometryError, match=message) as caught:
            load(path)
        assert str(path) in str(caught.value)


def _npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for i in range(3):
            archive.writestr(f"{i}.npy", bytes(60_000_000))
    data = bytearray(stream.getvalue())
    for start in range(len(data) - 4):  # every directory entry now claims 3 GiB
        if data[start : start + 4] == b"PK\x01\x02":
            data[start + 24 : start + 28] = (3 << 30).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(bytes(data))
    with pytest.raises(GeometryError, match="more than the limit"):
        load(tmp_path / "a.npz")


class Evil:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple:
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    data = _zip({"points.npy": head.getvalue() + pickle.dumps(Evil())})
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(GeometryError, match="arrays of object"):
        load(tmp_path / "a.npz")


def test_broken_safetensors(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, example_cloud())
    whole = path.read_bytes()
    for data in (whole[:-1], whole[:20], b"\xff" * 8 + whole[8:], whole.replace(b"F32", b"F99", 1)):
        path.write_bytes(data)
        with pytest.raises(GeometryError, match=r"a\.safetensors: (content|header)"):
            load(path)
