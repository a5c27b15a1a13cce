"""Corners of OBJ faces in all their spellings."""

from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.structures import Mesh

HEAD = "".join(f"v {i} {i * i} 0\n" for i in range(5))
HEAD += "".join(f"vt {i} 0\n" for i in range(3)) + "vn 0 0 1\nvn 0 1 0\n"


def faces_of(folder: Path, faces: str) -> Mesh:
    (folder / "a.obj").write_text(HEAD + faces)
    mesh = load(folder / "a.obj")
    assert isinstance(mesh, Mesh)
    return mesh


@pytest.mark.parametrize(
    "faces",
    [
        "f 1 2 3\nf 3 4 5\n",
        "f 1/1 2/2 3/3\nf 3/1 4/2 5/3\n",
        "f 1//1 2//1 3//1\nf 3//2 4//2 5//2\n",
        "f 1/1/1 2/2/1 3/3/1\nf 3/1/1 4/2/1 5/3/1\n",
        "f 1/1/ 2/2/ 3/3/\nf 3/1/ 4/2/ 5/3/\n",
        "f 1// 2// 3//\nf 3// 4// 5//\n",
        "f 1 2/1 3//2\nf 3/1/1 4 5\n",
        "f -5 -4 -3\nf -3 -2 -1\n",
        "f -5/-3 -4/-2 -3/-1\nf 3/1 4/2 5/3\n",
    ],
)
def test_spellings_of_the_same_faces(tmp_path: Path, faces: str) -> None:
    mesh = faces_of(tmp_path, faces)
    assert mesh.faces.tolist() == [[0, 1, 2], [2, 3, 4]]
    if mesh.uvs is not None and "2/2" in faces:
        assert mesh.uvs[0, :, 0].tolist() == [0, 1, 2]


def test_relative_indices_count_from_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\nv 2 0 0\nf -3 -2 -1\n")
    mesh = load(tmp_path / "a.obj")
    assert isinstance(mesh, Mesh)
    assert torch.equal(mesh.faces, torch.tensor([[0, 1, 2], [1, 2, 3]]))


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        ("f 1 2 3\nf 1 2\n", "line 12: a face needs 3 corners or more, got 2"),
        ("f 1 2 6\n", r"line 11: refers to vertices that are not there \(5 are\)"),
        ("f 0 1 2\n", "line 11: refers to vertices"),
        ("f -6 1 2\n", "line 11: refers to vertices"),
        ("f /1 2 3\n", "line 11: refers to vertices"),
        ("f 1/4 2/1 3/1\n", r"line 11: refers to texture coordinates that are not there \(3 are\)"),
        ("f 1//3 2//1 3//1\n", r"line 11: refers to normals that are not there \(2 are\)"),
        ("f 1/1/1/1 2 3\n", "line 11: expected a corner like 1/2/3, got '1/1/1/1'"),
        ("f 1 2 x\n", "line 11: expected a corner like 1/2/3, got 'x'"),
        ("f 1 2 3.5\n", "line 11: expected a corner"),
        (f"f 1 2 {10**30}\n", "line 11: refers to vertices"),
        ("f 1/2/3/1 2/1 3/1/1\n", "line 11: expected a corner"),
    ],
)
def test_what_is_wrong_names_the_line(tmp_path: Path, faces: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        faces_of(tmp_path, faces)


def test_indices_to_nothing_at_all_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1/1 2/2 3/3\n")
    with pytest.warns(UserWarning, match="texture coordinates, but there are none"):
        mesh = load(tmp_path / "a.obj")
    assert isinstance(mesh, Mesh)
    assert mesh.uvs is None
