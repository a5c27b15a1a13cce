"""Writing PCD, read back by ourselves and by Open3D."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load, save, to_open3d
from geomdl.structures import PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import linear_to_srgb, srgb_levels

ENCODINGS = ["ascii", "binary", "binary_compressed"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_round_trip(tmp_path: Path, encoding: str) -> None:
    cloud = example_cloud()
    save(tmp_path / "a.pcd", cloud, encoding=encoding)
    found = load(tmp_path / "a.pcd")
    assert isinstance(found, PointCloud)
    assert torch.equal(found.points, cloud.points)
    assert torch.equal(found.normals, cloud.normals)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(cloud.colors))
    for name, values in cloud.attributes.items():
        assert torch.equal(found.attributes[name], values), name
    save(tmp_path / "b.pcd", found, encoding=encoding)
    assert (tmp_path / "b.pcd").read_bytes() == (tmp_path / "a.pcd").read_bytes()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_open3d_reads_it(tmp_path: Path, encoding: str) -> None:
    open3d = pytest.importorskip("open3d")
    cloud = example_cloud(5000)
    save(tmp_path / "a.pcd", cloud, encoding=encoding)
    theirs = open3d.io.read_point_cloud(str(tmp_path / "a.pcd"))
    np.testing.assert_allclose(np.asarray(theirs.points), cloud.points, atol=1e-6)
    np.testing.assert_allclose(np.asarray(theirs.normals), cloud.normals, atol=1e-6)
    np.testing.assert_allclose(np.asarray(theirs.colors), linear_to_srgb(cloud.colors), atol=1e-6)


@pytest.mark.parametrize(("ascii_", "packed"), [(True, False), (False, False), (False, True)])
def test_what_open3d_writes(tmp_path: Path, ascii_: bool, packed: bool) -> None:
    open3d = pytest.importorskip("open3d")
    cloud = example_cloud(3000)
    path = tmp_path / "a.pcd"
    assert open3d.io.write_point_cloud(
        str(path), to_open3d(cloud), write_ascii=ascii_, compressed=packed
    )
    assert (b"DATA binary_compressed" in path.read_bytes()[:400]) == packed
    found = load(path)
    assert isinstance(found, PointCloud)
    torch.testing.assert_close(found.points, cloud.points, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.normals, cloud.normals, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(cloud.colors))


def test_what_has_no_place(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"\.pcd holds points"):
        save(tmp_path / "a.pcd", example_mesh())
    cloud = PointCloud(torch.zeros(1, 3), attributes={"a b": torch.zeros(1)})
    with pytest.raises(GeometryError, match="not a possible name"):
        save(tmp_path / "a.pcd", cloud)
