import gzip
import io
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import PointCloud, VoxelGrid
from geomdl.structures.srgb import to_srgb
from geomdl.viewer.arrays import is_array, read_frames


def written(path: Path, values: np.ndarray) -> Path:
    stream = io.BytesIO()
    np.save(stream, values)
    path.write_bytes(
        gzip.compress(stream.getvalue()) if path.suffix == ".gz" else stream.getvalue()
    )
    return path


@pytest.mark.parametrize("name", ["grid.npy", "grid.npy.gz"])
def test_a_grid(name: str, tmp_path: Path) -> None:
    values = np.zeros((4, 3, 2))
    values[1, 2, 0] = 1
    (grid,) = read_frames(written(tmp_path / name, values))
    assert isinstance(grid, VoxelGrid)
    assert grid.kind == "occupancy"
    assert grid.shape == (4, 3, 2)
    assert grid.surface().nonzero().tolist() == [[1, 2, 0]]


def test_a_grid_in_fortran_order(tmp_path: Path) -> None:
    values = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    (grid,) = read_frames(written(tmp_path / "grid.npy", values))
    assert isinstance(grid, VoxelGrid)
    assert torch.equal(grid.values, torch.arange(24.0).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([0, 1]), "occupancy"),
        (np.array([0.0, 0.3]), "occupancy"),
        (np.array([False, True]), "occupancy"),
        (np.array([0, 2]), "ternary"),
        (np.array([-1.0, 2.0]), "sdf"),
        (np.array([0.0, 2.5]), "distance"),
    ],
)
def test_kinds_by_their_numbers(values: np.ndarray, kind: str, tmp_path: Path) -> None:
    (grid,) = read_frames(written(tmp_path / "g.npy", values.reshape(1, 1, 2)))
    assert isinstance(grid, VoxelGrid)
    assert grid.kind == kind


def test_a_stack_is_a_sequence(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).random((5, 1, 2, 3, 4)) > 0.5
    frames = read_frames(written(tmp_path / "stack.npy", stack))
    assert len(frames) == 5
    for frame, values in zip(frames, stack[:, 0], strict=True):
        grid = frame() if callable(frame) else frame
        assert isinstance(grid, VoxelGrid)
        assert np.array_equal(grid.values.numpy().astype(bool), values)


def test_a_table_is_a_cloud(tmp_path: Path) -> None:
    table = np.array([[0, 1, 2, 255, 0, 51], [3, 4, 5, 0, 255, 0]], float)
    (cloud,) = read_frames(written(tmp_path / "cloud.npy", table))
    assert isinstance(cloud, PointCloud)
    assert cloud.points.tolist() == table[:, :3].tolist()
    assert cloud.colors is not None
    assert torch.allclose(to_srgb(cloud.colors)[0], torch.tensor([1.0, 0.0, 0.2]), atol=1e-6)
    (other,) = read_frames(written(tmp_path / "cloud.npy", table[:, :5]))
    assert isinstance(other, PointCloud)
    assert other.attributes["columns"].tolist() == table[:, 3:5].tolist()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(5), "shape"),
        (np.zeros((0, 3)), "shape"),
        (np.zeros((2, 2, 2, 2, 2)), "shape"),
        (np.full((2, 2, 2), np.nan), "values"),
        (np.full((2, 3), np.nan), "values"),
        (np.array(["a"]), "arrays of"),
        (np.zeros((2, 2, 2), complex), "arrays of"),
    ],
)
def test_bad_arrays_are_refused(values: np.ndarray, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "bad.npy", values)
    with pytest.raises(GeometryError, match=message) as error:
        read_frames(path)
    assert "bad.npy" in str(error.value)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "g.npy", np.zeros((4, 4, 4))).read_bytes()
    cases = {
        "short.npy": whole[:-1],
        "none.npy": b"",
        "text.npy": b"hello",
        "plain.npy.gz": whole,
        "cut.npy.gz": gzip.compress(whole)[:-9],
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(GeometryError, match=name):
            read_frames(tmp_path / name)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(GeometryError, match="arrays of object"):
        read_frames(path)


def test_endings() -> None:
    assert is_array(Path("a.npy"))
    assert is_array(Path("a.NPY.GZ"))
    assert not is_array(Path("a.npz"))


def test_real_chairs(data: Path) -> None:
    frames = read_frames(data / "modelnet10_voxels" / "chair.npy.gz")
    assert len(frames) == 890
    first = frames[0]
    assert isinstance(first, VoxelGrid)
    assert (first.kind, tuple(first.shape)) == ("occupancy", (32, 32, 32))
