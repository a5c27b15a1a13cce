from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from geomdl import cli
from geomdl.io import save
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.commands.test_info import write_ball
from tests.oracles.io_oracle import srgb_to_linear


def test_sheet_turntable_and_cloud(tmp_path: Path) -> None:
    ball = str(write_ball(tmp_path / "ball.ply"))
    out = tmp_path / "a.png"
    assert cli.run(["render", ball, "-o", str(out), "--size", "64", "48"]) == 0
    picture = np.asarray(Image.open(out).convert("RGB"))
    assert picture.shape == (96, 128, 3)
    assert picture.std() > 5
    gif = tmp_path / "a.gif"
    arguments = ["render", ball, "-o", str(gif), "--size", "32", "32", "--frames", "3"]
    assert cli.run(arguments) == 0
    assert Image.open(gif).n_frames == 3
    cloud = tmp_path / "c.ply"
    save(cloud, PointCloud(torch.rand(200, 3)))
    one = ["render", str(cloud), "-o", str(tmp_path / "c.png"), "--views", "top"]
    assert cli.run([*one, "--size", "40", "30", "--color-by", "height", "--up=-y"]) == 0
    assert Image.open(tmp_path / "c.png").size == (40, 30)


@pytest.mark.parametrize("ending", ["ply", "glb"])
def test_colours_reach_the_picture_as_srgb(tmp_path: Path, ending: str) -> None:
    vertices = torch.tensor([[-5.0, -5, 0], [5, -5, 0], [5, 5, 0], [-5, 5, 0]])
    grey = torch.from_numpy(srgb_to_linear(np.full((4, 3), 128 / 255))).float()
    path = tmp_path / f"a.{ending}"
    save(path, Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]), colors=grey))
    arguments = ["render", str(path), "-o", str(tmp_path / "a.png"), "--views", "top", "--up", "z"]
    assert cli.run([*arguments, "--size", "40", "40", "--shading", "none"]) == 0
    middle = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))[20, 20]
    assert abs(int(middle[0]) - 128) <= 2


def test_up_follows_the_format(tmp_path: Path) -> None:
    shape = trimesh.creation.box((0.2, 0.9, 0.4))
    tall = Mesh(torch.tensor(shape.vertices, dtype=torch.float32), torch.tensor(shape.faces))
    pictures = {}
    for ending in (".glb", ".ply"):
        for up in (None, "y", "z"):
            file, out = tmp_path / f"a{ending}", tmp_path / f"{ending[1:]}_{up}.png"
            save(file, tall, overwrite=True)
            chosen = [] if up is None else ["--up", up]
            assert (
                cli.run(["render", str(file), "-o", str(out), "--size", "40", "30", *chosen]) == 0
            )
            pictures[ending, up] = out.read_bytes()
    assert pictures[".glb", None] == pictures[".glb", "y"] != pictures[".glb", "z"]
    assert pictures[".ply", None] == pictures[".ply", "z"] != pictures[".ply", "y"]


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ball = str(write_ball(tmp_path / "ball.ply"))
    kept = tmp_path / "kept.png"
    kept.write_text("mine")
    new = str(tmp_path / "new.png")
    for arguments, word in (
        ([ball, "-o", str(kept)], "--overwrite"),
        ([ball, "-o", str(tmp_path / "x" / "a.png")], "folder for the output"),
        ([ball, "-o", str(tmp_path / "a.bmp9")], "a.bmp9"),
        ([ball, "-o", new, "--size", "2", "2"], "--size"),
        ([ball, "-o", new, "--views", "nowhere"], "nowhere"),
        ([ball, "-o", new, "--up", "w"], "up"),
    ):
        assert cli.run(["render", *arguments]) == 1, arguments
        err = capsys.readouterr().err
        assert word in err
        assert len(err.splitlines()) == 1
    assert kept.read_text() == "mine"
    assert not Path(new).exists()
