"""OBJ as meshes: colours, texture coordinates, normals, materials, continued lines."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import linear_of
from tests.oracles.io_oracle import srgb_to_linear

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


def load_text(folder: Path, text: str) -> Mesh | PointCloud:
    (folder / "a.obj").write_bytes(text.encode())
    shape = load(folder / "a.obj")
    assert isinstance(shape, Mesh | PointCloud)
    return shape


def load_mesh(folder: Path, text: str) -> Mesh:
    mesh = load_text(folder, text)
    assert isinstance(mesh, Mesh)
    return mesh


def test_polygons_texture_coordinates_and_normals(tmp_path: Path) -> None:
    text = SQUARE + "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvn 0 0 1\nf 1/1/1 2/2/1 3/3/1 4/4/1\n"
    mesh = load_mesh(tmp_path, text)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.normals is not None
    assert mesh.normals.tolist() == [[0, 0, 1]] * 4
    assert mesh.uvs is not None
    assert mesh.uvs[1].tolist() == [[0, 0], [1, 1], [0, 1]]


def test_normals_that_disagree_stay_with_the_corners(tmp_path: Path) -> None:
    mesh = load_mesh(tmp_path, SQUARE + "vn 0 0 1\nvn 0 1 0\nf 1//1 2//1 3//1\nf 1//2 3//2 4//2\n")
    assert mesh.normals is None
    assert mesh.face_attributes["corner_normals"][:, 0].tolist() == [[0, 0, 1], [0, 1, 0]]


def test_the_way_people_write(tmp_path: Path) -> None:
    text = "# hello\r\nv\t0 0 0 # first\r\n  v 1 0 0\r\nv 1 \\\r\n 1 0\r\ng a b\r\ns off\r\n"
    mesh = load_mesh(tmp_path, text + "l 1 2\r\nf -3 -2 -1\r\n")
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert mesh.faces.tolist() == [[0, 1, 2]]


def test_vertex_colours(tmp_path: Path) -> None:
    face = "f 1 2 3\n"
    unit = load_mesh(tmp_path, "v 0 0 0 1 0 0\nv 1 0 0 0 0.5 0\nv 1 1 0 0 0 1\n" + face)
    byte = load_mesh(tmp_path, "v 0 0 0 255 0 0\nv 1 0 0 0 51 0\nv 1 1 0 0 0 255\n" + face)
    assert unit.colors is not None
    assert byte.colors is not None
    np.testing.assert_allclose(unit.colors[1], srgb_to_linear([0, 0.5, 0]), atol=1e-7)
    torch.testing.assert_close(byte.colors[1], linear_of([0, 51, 0]))


def test_materials_by_face(tmp_path: Path) -> None:
    (tmp_path / "m.mtl").write_text("newmtl unused\nnewmtl b\nKd 1 0 0\nnewmtl a\nd 0.5\n")
    text = "mtllib m.mtl\n" + SQUARE + "f 1 2 3\nusemtl a\nf 1 2 3 4\nusemtl b\nf 1 3 4\n"
    mesh = load_mesh(tmp_path, text + "usemtl nowhere\nf 1 2 4\n")
    assert [material.name for material in mesh.materials] == ["b", "a", "nowhere"]
    assert mesh.face_material is not None
    assert mesh.face_material.tolist() == [-1, 1, 1, 0, 2]
    assert mesh.materials[0].color.tolist() == [1, 0, 0]
    assert mesh.materials[1].opacity == 0.5


def test_vertices_alone_are_a_cloud(tmp_path: Path) -> None:
    assert isinstance(load_text(tmp_path, SQUARE), PointCloud)


def test_a_missing_library_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"line 1: material library 'no.mtl' is missing"):
        load_mesh(tmp_path, "mtllib no.mtl\nusemtl x\n" + SQUARE + "f 1 2 3\n")


@pytest.mark.parametrize("name", ["../secret.mtl", "/etc/passwd", "..\\..\\x.mtl"])
def test_a_library_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GeometryError, match=r"a.obj: line 1: refers to .* outside"):
        load_text(tmp_path, f"mtllib {name}\nusemtl x\n" + SQUARE + "f 1 2 3\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v 0 0\n", "line 1: expected 3 or 4 or 6 or 7 numbers after 'v'"),
        (SQUARE + "v 1 2 3 4\n", "line 5: expected"),
        (SQUARE + "v 1 2 x\n", "line 5: expected numbers, got '1 2 x'"),
        (SQUARE + "v 1 2 nan\n", "line 5: NaN or infinite"),
        (SQUARE + "vt 0 0 0 0\nf 1 2 3\n", "line 5: expected 1 or 2 or 3 numbers after 'vt'"),
        (SQUARE + "\0", "line 5: a zero byte"),
        ("# nothing\n", "there are no points"),
    ],
)
def test_what_is_wrong_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        load_text(tmp_path, text)


@pytest.mark.filterwarnings("ignore:.*is missing:UserWarning")
def test_real_meshes_as_trimesh_reads_them(data: Path) -> None:
    for path in sorted((data / "meshes").glob("*.obj")):
        if path.stat().st_size > 10**6:
            continue
        mesh = load(path)
        theirs = trimesh.load(path, process=False, maintain_order=True)
        assert isinstance(mesh, Mesh)
        ours = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        areas, centres = np.sort(ours.area_faces), ours.triangles_center.sum(0)
        np.testing.assert_allclose(areas, np.sort(theirs.area_faces), rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(centres, theirs.triangles_center.sum(0), rtol=1e-3, atol=1e-2)
