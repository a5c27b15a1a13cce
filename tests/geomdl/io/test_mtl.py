"""Material libraries."""

from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.io.images import encode_png
from geomdl.io.mtl import distinct_names, read_mtl, write_mtl
from geomdl.io.source import Source, read_source
from geomdl.structures import Material, Mesh


def library(folder: Path, text: str) -> dict[str, Material]:
    (folder / "m.mtl").write_text(text)
    return read_mtl(read_source(folder / "m.mtl"))


def test_colours_opacity_and_pbr(tmp_path: Path) -> None:
    text = "# x\nnewmtl a b\nKd 0.5 0.25 1\nd 0.5\nPm 0.1\nPr 0.9\nnewmtl c\nKd 0.5\nTr 0.25\n"
    found = library(tmp_path, text + "newmtl d\nTr 1\n")
    assert list(found) == ["a b", "c", "d"]
    assert found["a b"].color.tolist() == [0.5, 0.25, 1]
    assert (found["a b"].opacity, found["a b"].metallic, found["a b"].roughness) == (0.5, 0.1, 0.9)
    assert found["c"].color.tolist() == [0.5, 0.5, 0.5]
    assert (found["c"].opacity, found["d"].opacity) == (0.75, 1.0)


@pytest.mark.parametrize(
    "line",
    [
        "a map.png",
        "-s 1 1 1 a map.png",
        "-clamp on -bm 0.5 a map.png",
        "-o 1 a map.png",
        "a map.png  ",
    ],
)
def test_textures_behind_options(tmp_path: Path, line: str) -> None:
    (tmp_path / "a map.png").write_bytes(encode_png(torch.full((2, 3, 3), 0.2)))
    texture = library(tmp_path, f"newmtl a\nmap_Kd {line}\n")["a"].texture
    assert texture is not None
    torch.testing.assert_close(texture, torch.full((2, 3, 3), 0.2))


def test_a_missing_texture_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="texture 'no.png' is missing"):
        assert library(tmp_path, "newmtl a\nmap_Kd no.png\n")["a"].texture is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("newmtl a\nKd x y z\n", "line 2: expected 3 numbers, got 'x y z'"),
        ("newmtl a\nKd 1 2\n", "line 2: expected 3 numbers"),
        ("newmtl a\nd nan\n", "line 2: expected 1 numbers"),
        ("newmtl a\nmap_Kd ../../etc/passwd\n", "m.mtl: line 2: refers to .* outside"),
        ("newmtl a\nmap_Kd /etc/passwd\n", "m.mtl: line 2: refers to .* outside"),
        ("newmtl a\nmap_Kd m.mtl\n", "not a readable picture"),
    ],
)
def test_what_is_wrong_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        library(tmp_path, text)


def test_written_and_read_again() -> None:
    color = torch.tensor([0.1, 0.2, 0.3])
    materials = (Material("a #1", color, 0.5), Material("", metallic=0.25), Material("a #1"))
    names = distinct_names(materials)
    assert names == ["a _1", "material_1", "a _1_2"]
    text = write_mtl(materials, names, [None, None, None])
    found = read_mtl(Source(Path("m"), text.encode(), Path()))
    assert list(found) == names
    assert torch.equal(found["a _1"].color, color)
    assert found["material_1"].metallic == 0.25


def test_textures_lie_beside_their_library(tmp_path: Path) -> None:
    folder = tmp_path / "materials"
    folder.mkdir()
    (folder / "t.png").write_bytes(encode_png(torch.zeros(2, 2, 3)))
    (folder / "m.mtl").write_text("newmtl a\nmap_Kd t.png\nnewmtl unused\nmap_Kd no.png\n")
    text = "mtllib materials/m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl a\nf 1 2 3\n"
    (tmp_path / "a.obj").write_text(text)
    mesh = load(tmp_path / "a.obj")
    assert isinstance(mesh, Mesh)
    assert mesh.materials[0].texture is not None
    assert len(mesh.materials) == 1
