import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl import cli
from geomdl.io import load, save
from geomdl.structures import Material, Mesh, PointCloud, VoxelGrid
from tests.oracles.io_oracle import linear_to_srgb


def square(path: Path) -> Path:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    colors = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    save(path, Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]), colors=colors))
    return path


def write_ball(path: Path) -> None:
    ball = trimesh.creation.icosphere(4, 0.5)
    faces = torch.from_numpy(ball.faces.copy()).long()
    save(path, Mesh(torch.from_numpy(ball.vertices.copy()).float(), faces))


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
    (tmp_path / "deep").mkdir()
    other = str(square(tmp_path / "deep" / "a.ply"))
    (tmp_path / "a.obj").write_text("mine")
    folder = str(tmp_path / "out")
    for arguments, word in (
        ([a, "-o", str(tmp_path / "a.obj")], "--overwrite"),
        ([a, b, "-o", folder], "--to"),
        ([str(tmp_path / "*.nope"), "-o", folder, "--to", "ply"], "no file fits"),
        ([str(tmp_path / "nope.ply"), "-o", str(tmp_path / "x.obj")], "nope.ply"),
        ([a, "-o", str(tmp_path / "x.xyz123")], "unknown ending"),
        ([a, other, "-o", folder, "--to", "ply"], "would become"),
        ([a, "-o", str(tmp_path / "x.xyz")], "--points N samples"),
        ([a, "-o", str(tmp_path / "x.ply"), "--voxelize", "8"], ".npz holds"),
        ([str(tmp_path), "-o", str(tmp_path / "x.ply")], "--to"),
        ([str(tmp_path / "nope"), "-o", str(tmp_path / "x.ply")], "nope"),
    ):
        assert cli.run(["convert", *arguments]) == 1, arguments
        err = capsys.readouterr().err
        assert word in err
        assert len(err.splitlines()) == 1
    assert (tmp_path / "a.obj").read_text() == "mine"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--scale", "0"), ("--points", "0"), ("--voxelize", "1"), ("--thin", "-1")],
)
def test_values_that_cannot_be_are_wrong_usage(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = square(tmp_path / "a.ply"), tmp_path / "x.ply"
    assert cli.run(["convert", str(source), "-o", str(out), option, value]) == 2
    assert f"{option}: expected" in capsys.readouterr().err
    assert not out.exists()


def test_one_broken_file_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    square(tmp_path / "in" / "a.ply")
    (tmp_path / "in" / "b.ply").write_bytes(b"ply\nnonsense")
    square(tmp_path / "in" / "c.ply")
    out = tmp_path / "out"
    arguments = ["convert", f"{tmp_path}/in/*.ply", "-o", str(out), "--to", "off", "--json"]
    assert cli.run(arguments) == 1
    text, err = capsys.readouterr()
    assert [Path(row["target"]).name for row in json.loads(text)] == ["a.off", "c.off"]
    assert json.loads(text)[0]["faces"] == 2
    assert "b.ply" in err.splitlines()[0]
    assert err.splitlines()[1] == "geomdl: 1 of 3 could not be converted"
    (tmp_path / "in" / "b.ply").unlink()
    square(tmp_path / "in" / "b.ply")
    assert cli.run(arguments) == 1  # a.off exists
    capsys.readouterr()
    assert cli.run([*arguments, "--skip-existing"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert Path(row["source"]).name == "b.ply"


def test_folders_are_kept_below_the_shared_one(tmp_path: Path) -> None:
    for name in ("in/x/a.ply", "in/y/a.ply"):
        (tmp_path / name).parent.mkdir(parents=True)
        square(tmp_path / name)
    out = tmp_path / "out"
    arguments = ["convert", f"{tmp_path}/in/**/*.ply", "-o", str(out), "--to", "stl", "--tree"]
    assert cli.run(arguments) == 0
    assert (out / "x" / "a.stl").is_file()
    assert (out / "y" / "a.stl").is_file()


def test_names_that_differ_in_the_ending(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    square(tmp_path / "in" / "a.off")
    square(tmp_path / "in" / "a.ply")
    out = tmp_path / "out"
    arguments = ["convert", f"{tmp_path}/in/*", "-o", str(out), "--to", "stl"]
    assert cli.run(arguments) == 1
    assert cli.run([*arguments, "--whole-names"]) == 0
    assert {path.name for path in out.iterdir()} == {"a.off.stl", "a.ply.stl"}


def test_errors_name_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "empty.npz"
    save(source, VoxelGrid(torch.zeros(3, 3, 3), "occupancy"))
    assert cli.run(["convert", str(source), "-o", str(tmp_path / "a.ply")]) == 1
    err = capsys.readouterr().err
    assert f"{source}: grid: expected a surface, got none" in err
    assert len(err.splitlines()) == 1


def test_grids_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ball, grid, again = (tmp_path / name for name in ("ball.ply", "ball.npz", "again.obj"))
    write_ball(ball)
    assert cli.run(["convert", str(ball), "-o", str(grid), "--voxelize", "40"]) == 0
    assert "40 x 40 x 40 sdf" in capsys.readouterr().out
    assert cli.run(["convert", str(grid), "-o", str(again)]) == 0
    made = load(again)
    assert isinstance(made, Mesh)
    assert float((made.vertices.norm(dim=1) - 0.5).abs().max()) < 0.01
    assert cli.run(["convert", str(grid), "-o", str(again), "--level", "0.1", "--overwrite"]) == 0
    made = load(again)
    assert isinstance(made, Mesh)
    assert float((made.vertices.norm(dim=1) - 0.6).abs().max()) < 0.01


def test_an_npy_is_its_first_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = np.zeros((3, 4, 4, 4), np.uint8)
    stack[0, 1, 2, 3] = stack[2, 0, 0, 0] = 1
    np.save(tmp_path / "stack.npy", stack)
    out = tmp_path / "out.ply"
    assert cli.run(["convert", str(tmp_path / "stack.npy"), "-o", str(out), "--cells"]) == 0
    assert "took the first of 3 grids" in capsys.readouterr().err
    cube = load(out)
    assert isinstance(cube, Mesh)
    assert len(cube) == 12
    assert [bound.tolist() for bound in cube.bounds] == [[1, 2, 3], [2, 3, 4]]
    arguments = ["convert", str(tmp_path / "stack.npy"), "-o", str(out), "--overwrite", "--frame"]
    assert cli.run([*arguments, "2"]) == 0
    cube = load(out)
    assert isinstance(cube, Mesh)
    assert cube.bounds[1].tolist()[0] < 1.5
    assert cli.run([*arguments, "3"]) == 1
    assert "--frame: expected 0 to 2, got 3" in capsys.readouterr().err


def test_a_folder_stands_for_its_shapes(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    square(tmp_path / "in" / "a.off")
    square(tmp_path / "in" / "b.ply")
    out = tmp_path / "out"
    assert cli.run(["convert", str(tmp_path / "in"), "-o", str(out), "--to", "stl"]) == 0
    assert {path.name for path in out.iterdir()} == {"a.stl", "b.stl"}
    one = tmp_path / "one.obj"
    assert cli.run(["convert", str(tmp_path / "in" / "a.off"), "-o", str(one), "--to", "obj"]) == 0
    assert one.is_file()


def test_a_grid_stays_a_grid_in_its_own_formats(tmp_path: Path) -> None:
    source, out = tmp_path / "a.npz", tmp_path / "b.safetensors"
    save(source, VoxelGrid(torch.rand(3, 4, 5) - 0.5, "sdf", cell=0.1))
    assert cli.run(["convert", str(source), "-o", str(out), "--kind", "occupancy"]) == 0
    grid = load(out)
    assert isinstance(grid, VoxelGrid)
    assert (grid.kind, tuple(grid.shape), grid.cell) == ("occupancy", (3, 4, 5), 0.1)
