import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from geomdl import cli
from geomdl.commands.render import linked
from geomdl.io import save
from geomdl.structures import Mesh, PointCloud
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.path import CameraPath, Keyframe
from geomdl.viewer.viewpoint import Viewpoint
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


def test_every_option_of_the_look_is_one_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["render", "--help"]) == 0
    text = capsys.readouterr().out
    for field in (*dataclasses.fields(Look), *dataclasses.fields(Finish)):
        name = field.name.replace("_", "-")
        flag = f"--no-{name}" if field.default is True else f"--{name}"
        assert f"{flag} " in text or f"{flag}\n" in text, flag


def test_links_give_the_view_and_options_count_more(tmp_path: Path) -> None:
    ball = str(write_ball(tmp_path / "ball.ply"))
    look = Look(background="#00ff00", eye=(0.0, -9.0, 0.0), target=(0.0, 0.0, 0.0), up="z")
    out = tmp_path / "a.png"
    link = f"http://localhost:8080/?look={look.to_query()}"
    arguments = ["render", ball, "-o", str(out), "--size", "40", "30", "--link", link]
    assert cli.run(arguments) == 0
    assert Image.open(out).size == (40, 30)
    assert np.asarray(Image.open(out))[0, 0].tolist() == [0, 255, 0]
    assert cli.run([*arguments, "--overwrite", "--background", "#0000ff"]) == 0
    assert np.asarray(Image.open(out))[0, 0].tolist() == [0, 0, 255]
    assert linked(link, Look(opacity=0.5)) == look.replace(opacity=0.5)


def test_clips_and_eyes_reach_the_picture(tmp_path: Path) -> None:
    ball = str(write_ball(tmp_path / "ball.ply"))
    seen = []
    for number, clip in enumerate(([], ["--clip", "x<50%"])):
        out = tmp_path / f"{number}.png"
        view = ["--eye", "0", "-9", "0", "--target", "0", "0", "0", "--background", "none"]
        bare = ["--shadow", "0", "--size", "60", "60", "-o", str(out)]
        assert cli.run(["render", ball, *view, *bare, *clip]) == 0
        seen.append(np.asarray(Image.open(out))[..., 3] > 127)
    whole, half = seen
    assert not half[:, 32:].any()
    assert (half[:, :28] == whole[:, :28]).all()
    assert whole[:, 32:].any()


def test_films(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.ply", PointCloud(torch.rand(50, 3) + number))
    frames = str(tmp_path / "*.ply")
    size = ["--size", "32", "24", "--supersample", "1"]
    run = tmp_path / "run.webp"
    assert cli.run(["render", frames, "-o", str(run), "--play", "--fps", "10", *size]) == 0
    assert Image.open(run).n_frames == 3
    still = tmp_path / "still.png"
    assert cli.run(["render", frames, "-o", str(still), "--play", "--frame", "2", *size]) == 0
    path = tmp_path / "path.json"
    views = [Viewpoint((x, -9.0, 2.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40) for x in (0.0, 3.0)]
    CameraPath(tuple(Keyframe(view, 1.0) for view in views)).save(path)
    flight = tmp_path / "flight.gif"
    arguments = ["render", frames, "-o", str(flight), "--path", str(path), "--fps", "3", *size]
    assert cli.run(arguments) == 0
    assert Image.open(flight).n_frames == 4
    film = tmp_path / "turn.mp4"
    one = ["render", str(tmp_path / "0.ply"), "-o", str(film), "--seconds", "0.2", *size]
    assert cli.run(one) == 0
    assert film.read_bytes()[4:8] == b"ftyp"


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
        ([ball, "-o", new, "--turntable"], "new.png"),
        ([ball, "-o", new, "--link", "http://x/?look={"], "link"),
        ([ball, "-o", new, "--supersample", "9"], "supersample"),
        ([ball, "-o", new, "--color-by", "heat"], "color_by"),
        ([ball, "-o", str(tmp_path / "a.gif"), "--path", new], "new.png"),
    ):
        assert cli.run(["render", *arguments]) == 1, arguments
        err = capsys.readouterr().err
        assert word in err
        assert len(err.splitlines()) == 1
    assert kept.read_text() == "mine"
    assert not Path(new).exists()


def test_nothing_to_be_seen_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "a.ply", PointCloud(torch.rand(30, 3)))
    words = [str(tmp_path / "a.ply"), "-o", str(tmp_path / "a.png"), "--size", "32", "32"]
    assert cli.run(["render", *words, "--clip", "z<-5"]) == 0
    assert "nothing is to be seen" in capsys.readouterr().err
