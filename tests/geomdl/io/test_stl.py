"""STL: which of the two it is, vertices joined, every triangle kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.io.source import Source
from geomdl.io.stl import is_binary, join_equal
from geomdl.structures import Mesh
from tests.geomdl.io.seeds import example_cloud, example_mesh


@pytest.mark.parametrize("encoding", ["binary", "ascii"])
def test_round_trip_and_trimesh(tmp_path: Path, encoding: str) -> None:
    mesh = example_mesh()
    save(tmp_path / "a.stl", mesh, encoding=encoding)
    found = load(tmp_path / "a.stl")
    assert isinstance(found, Mesh)
    assert torch.equal(found.triangles, mesh.triangles)
    assert len(found.vertices) == 5
    theirs = trimesh.load(tmp_path / "a.stl", process=False)
    np.testing.assert_array_equal(theirs.triangles, mesh.triangles)
    np.testing.assert_allclose(np.linalg.norm(theirs.face_normals, axis=1), 1)


def test_join_keeps_the_order_of_appearance() -> None:
    corners = np.float32([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, -0.0, 0], [2, 0, 0]])
    points, index = join_equal(corners)
    assert points.tolist() == [[1, 0, 0], [0, 0, 0], [2, 0, 0]]
    assert index.tolist() == [0, 1, 0, 1, 2]


def test_binary_that_begins_with_solid() -> None:
    head = b"solid fooling".ljust(80) + (1).to_bytes(4, "little") + bytes(50)
    assert is_binary(Source(Path("a"), head, Path()))
    assert is_binary(Source(Path("a"), head[:-1], Path()))
    assert not is_binary(Source(Path("a"), b"solid x\nfacet normal 0 0 1\n".ljust(100), Path()))


FACET = (
    "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "solid a\n" + FACET.replace("vertex 1 0 0\n", "") + "endsolid a\n",
            "line 7: a facet with",
        ),
        ("solid a\n" + FACET.replace("1 0 0", "1 0") + "endsolid a\n", "line 5: expected three"),
        ("solid a\n" + FACET.replace("1 0 0", "1 0 x") + "endsolid a\n", "line 5: expected three"),
        ("solid a\n" + FACET, "the file ends without endsolid"),
        ("solid a\n" + FACET[:60] + "endsolid a\n", "inside a facet"),
        ("solid a\nendsolid a\n" + " " * 80 + "facet", "there are no triangles"),
        ("hello", "no STL"),
        ("solid a\n" + FACET.replace("1 0 0", "1 0 inf") + "endsolid a\n", "NaN or infinite"),
    ],
)
def test_broken_text_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.stl").write_text(text)
    with pytest.raises(GeometryError, match=message):
        load(tmp_path / "a.stl")


def test_broken_binary(tmp_path: Path) -> None:
    path = tmp_path / "a.stl"
    save(path, example_mesh())
    whole = path.read_bytes()
    for end in (84, 90, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(GeometryError, match="header, 6 triangles: claims 300 bytes"):
            load(path)
    path.write_bytes(whole[:80] + b"\xff\xff\xff\xff" + whole[84:])
    with pytest.raises(GeometryError, match="4294967295 triangles"):
        load(path)


def test_clouds_have_no_place(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="STL holds triangles"):
        save(tmp_path / "a.stl", example_cloud())
