"""PCD: headers, the three encodings, packed colours."""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.io.pcd import read_header
from geomdl.io.source import read_source
from geomdl.structures import PointCloud
from tests.geomdl.io.seeds import linear_of
from tests.oracles.io_oracle import srgb_to_linear

HEAD = (
    "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z rgb _ label n\nSIZE 4 4 4 4 1 2 4\n"
    "TYPE F F F F U U I\nCOUNT 1 1 1 1 3 1 2\nWIDTH 2\nHEIGHT 1\n"
    "VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\n"
)


def load_bytes(folder: Path, data: bytes) -> PointCloud:
    (folder / "a.pcd").write_bytes(data)
    cloud = load(folder / "a.pcd")
    assert isinstance(cloud, PointCloud)
    return cloud


def test_binary_by_hand(tmp_path: Path) -> None:
    rows = struct.pack("<3fI3xH2i", 1, 2, 3, 0xFF0033, 7, -1, 5)
    rows += struct.pack("<3fI3xH2i", 4, 5, 6, 0x00FF66, 65535, -2, 6)
    cloud = load_bytes(tmp_path, HEAD.encode() + b"DATA binary\n" + rows)
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6]]
    torch.testing.assert_close(cloud.colors, linear_of([[255, 0, 51], [0, 255, 102]]))
    assert cloud.attributes["label"].tolist() == [7, 65535]
    assert cloud.attributes["n"].tolist() == [[-1, 5], [-2, 6]]
    assert set(cloud.attributes) == {"label", "n"}


def test_ascii_by_hand(tmp_path: Path) -> None:
    packed = struct.unpack("<f", struct.pack("<I", 0x336699))[0]
    rows = f"1 2 3 {packed:.9g} 0 0 0 7 -1 5\n4 5 6 0 0 0 0 8 -2 6\n"
    cloud = load_bytes(tmp_path, (HEAD + "DATA ascii\n" + rows).encode())
    torch.testing.assert_close(cloud.colors, linear_of([[51, 102, 153], [0, 0, 0]]))
    assert cloud.attributes["n"].tolist() == [[-1, 5], [-2, 6]]


def test_an_organised_cloud_with_holes(tmp_path: Path) -> None:
    head = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 2\nHEIGHT 2\nDATA ascii\n"
    text = (head + "0 0 0\nnan nan nan\n1 1 1\nnan nan nan\n").encode()
    with pytest.raises(GeometryError, match=r"2 of 4 rows are NaN .* drop_nonfinite=True leaves"):
        load_bytes(tmp_path, text)
    cloud = load(tmp_path / "a.pcd", drop_nonfinite=True)
    assert len(cloud) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("POINTS 2", "POINTS 3", "WIDTH x HEIGHT is 2, POINTS is 3"),
        ("SIZE 4 4 4 4 1 2 4", "SIZE 4 4 4", "equally long"),
        ("TYPE F F F", "TYPE F F Q", "unknown field type Q of size 4"),
        ("SIZE 4 4", "SIZE 4 1", "unknown field type F of size 1"),
        ("x y z", "x y w", "expected fields x, y and z"),
        ("COUNT 1", "COUNT -1", "COUNT cannot be understood"),
        ("WIDTH 2", "WIDTH 2000000000000", "WIDTH x HEIGHT"),
        ("VERSION", "GARBAGE", "line 2: expected a PCD header, got 'GARBAGE'"),
    ],
)
def test_broken_headers(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = HEAD.replace(old, new, 1) + "DATA binary\n" + "x" * 66
    with pytest.raises(GeometryError, match=message):
        load_bytes(tmp_path, text.encode())


def test_claims_beyond_the_file(tmp_path: Path) -> None:
    huge = HEAD.replace("WIDTH 2", "WIDTH 1000000000000").replace(
        "POINTS 2", "POINTS 1000000000000"
    )
    for encoding in ("ascii", "binary"):
        with pytest.raises(GeometryError, match=r"1000000000000 points.*claims"):
            load_bytes(tmp_path, f"{huge}DATA {encoding}\n1 2 3".encode())
    sizes = struct.pack("<II", 10, 2**32 - 1)
    with pytest.raises(GeometryError, match="unfolds to 4294967295 bytes; 2 points x"):
        load_bytes(tmp_path, f"{HEAD}DATA binary_compressed\n".encode() + sizes + b"x" * 10)
    sizes = struct.pack("<II", 2**32 - 1, 58)
    with pytest.raises(GeometryError, match="claims 4294967295 bytes"):
        load_bytes(tmp_path, f"{HEAD}DATA binary_compressed\n".encode() + sizes + b"x" * 10)
    with pytest.raises(GeometryError, match="line 11: unknown DATA 'zip'"):
        load_bytes(tmp_path, f"{HEAD}DATA zip\n".encode())
    with pytest.raises(GeometryError, match="the header has no DATA line"):
        load_bytes(tmp_path, HEAD.encode())


def test_real_clouds_as_open3d_reads_them(data: Path) -> None:
    open3d = pytest.importorskip("open3d")
    paths = sorted((data / "partial_shapes").glob("*.pcd"))
    for path in [*paths, data / "open3d_samples" / "fragment.pcd"]:
        cloud = load(path)
        theirs = open3d.io.read_point_cloud(str(path))
        assert isinstance(cloud, PointCloud)
        np.testing.assert_allclose(cloud.points, np.asarray(theirs.points), atol=1e-6)
        if theirs.has_colors():
            expected = srgb_to_linear(np.asarray(theirs.colors))
            np.testing.assert_allclose(cloud.colors, expected, atol=1e-6)
        assert read_header(read_source(path)).points == len(cloud)


def test_numbers_that_do_not_fit_their_type(tmp_path: Path) -> None:
    head = "FIELDS x y z l\nSIZE 4 4 4 1\nTYPE F F F U\nWIDTH 2\nHEIGHT 1\nDATA ascii\n"
    for number in ("256", "-1", "nan", "0.5"):
        with pytest.raises(GeometryError, match=r"field l, value 1: .* is no uint8"):
            load_bytes(tmp_path, f"{head}0 0 0 7\n0 0 0 {number}\n".encode())
