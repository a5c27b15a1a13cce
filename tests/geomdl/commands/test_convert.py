from pathlib import Path

import pytest
import torch

from geomdl import cli
from geomdl.io import load, save
from geomdl.structures import Material, Mesh, PointCloud
from tests.oracles.io_oracle import linear_to_srgb


def square(path: Path) -> Path:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    colors = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    save(path, Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]), colors=colors))
    return path


@pytest.mark.parametrize("ending", ["obj", "off", "stl", "glb", "npz"])
def test_to_each_format(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"out.{ending}"
    assert cli.run(["convert", str(square(tmp_path / "a.ply")), "-o", str(out)]) == 0
    mesh = load(out)
    assert isinstance(mesh, Mesh)
    assert len(mesh.faces) == 2


def test_sampling_and_scale(tmp_path: Path) -> None:
    source = str(square(tmp_path / "a.ply"))
    out = tmp_path / "a.pcd"
    arguments = ["convert", source, "-o", str(out), "--points", "500", "--scale", "0.5"]
    assert cli.run(arguments) == 0
    cloud = load(out)
    assert isinstance(cloud, PointCloud)
    assert len(cloud.points) == 500
    assert cloud.colors is not None
    assert cloud.normals is not None
    # light grows evenly over the square; the file's bytes are its sRGB, to half a level
    expected = torch.from_numpy(linear_to_srgb(cloud.points[:, :2] * 2)).float()
    found = torch.from_numpy(linear_to_srgb(cloud.colors[:, :2])).float()
    torch.testing.assert_close(found, expected, atol=0.51 / 255, rtol=0)
    torch.testing.assert_close(cloud.normals[:, 2].abs(), torch.ones(500))
    first = out.read_bytes()
    assert cli.run([*arguments, "--overwrite"]) == 0
    assert out.read_bytes() == first
    assert cli.run([*arguments, "--overwrite", "--seed", "1"]) == 0
    assert out.read_bytes() != first


def test_sampled_colours_come_from_the_texture(tmp_path: Path) -> None:
    texture = torch.zeros(2, 2, 3)
    texture[:, 0] = torch.tensor([1.0, 0, 0])
    texture[:, 1] = torch.tensor([0, 0, 1.0])
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    mesh = Mesh(
        vertices,
        faces,
        uvs=vertices[faces][..., :2],
        materials=(Material("stripes", texture=texture),),
        face_material=torch.zeros(2, dtype=torch.int64),
    )
    source, out = tmp_path / "a.obj", tmp_path / "a.ply"
    save(source, mesh)
    assert cli.run(["convert", str(source), "-o", str(out), "--points", "400"]) == 0
    cloud = load(out)
    assert isinstance(cloud, PointCloud)
    assert cloud.colors is not None
    left, right = ((cloud.points[:, 0] - x).abs() < 0.1 for x in (0.25, 0.75))
    assert float(cloud.colors[left, 0].min()) > 0.6
    assert float(cloud.colors[left].mean(0)[0]) > float(cloud.colors[left].mean(0)[2]) + 0.4
    assert float(cloud.colors[right].mean(0)[2]) > float(cloud.colors[right].mean(0)[0]) + 0.4


def test_many_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    square(deep / "a.ply")
    square(tmp_path / "in" / "b.ply")
    out = tmp_path / "out"
    pattern = str(tmp_path / "in" / "**" / "*.ply")
    assert cli.run(["convert", pattern, "-o", str(out), "--to", "obj"]) == 0
    assert {"a.obj", "b.obj"} <= {p.name for p in out.iterdir()}
    assert capsys.readouterr().out.count("->") == 2


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = str(square(tmp_path / "a.ply")), str(square(tmp_path / "b.ply"))
    (tmp_path / "a.obj").write_text("mine")
    folder = str(tmp_path / "out")
    for arguments, word in (
        ([a, "-o", str(tmp_path / "a.obj")], "--overwrite"),
        ([a, b, "-o", folder], "--to"),
        ([str(tmp_path / "*.nope"), "-o", folder, "--to", "ply"], "no file fits"),
        ([str(tmp_path / "nope.ply"), "-o", str(tmp_path / "x.obj")], "nope.ply"),
        ([a, "-o", str(tmp_path / "x.xyz123")], "unknown ending"),
        ([a, "-o", str(tmp_path / "x.obj"), "--scale", "0"], "--scale"),
        ([a, "-o", str(tmp_path / "x.pcd"), "--points", "0"], "--points"),
        ([a, a, "-o", folder, "--to", "ply"], "would become"),
    ):
        assert cli.run(["convert", *arguments]) == 1, arguments
        err = capsys.readouterr().err
        assert word in err
        assert len(err.splitlines()) == 1
    assert (tmp_path / "a.obj").read_text() == "mine"
    assert not (tmp_path / "out").exists()
