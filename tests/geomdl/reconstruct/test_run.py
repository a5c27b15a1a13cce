import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.reconstruct import reconstruct
from geomdl.reconstruct.surface import draw
from geomdl.structures import Mesh
from tests.geomdl.reconstruct import corner

QUICK = {"voxel": 0.03, "pictures": False, "progress": False}
COUNT = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corner.write_folder(tmp_path_factory.mktemp("frames") / "scan", COUNT)


@pytest.mark.parametrize("way", ["given", "refine", "track"])
def test_mesh_lies_on_the_scene(folder: Path, tmp_path: Path, way: str) -> None:
    out = tmp_path / "room.ply"
    report = reconstruct(folder, out, **QUICK, refine=way == "refine", track=way == "track")
    mesh = load(out)
    assert isinstance(mesh, Mesh)
    assert mesh.colors is not None
    assert (report.poses, report.frames, report.lost) == (way, COUNT, 0)
    gap = corner.surface_distance(mesh.vertices)
    assert float(gap.mean()) < (0.004 if way == "given" else 0.01)
    told = json.loads((tmp_path / "room.json").read_text())
    assert told["faces"] == len(mesh.faces)
    assert told["holes"] > 0
    assert len((tmp_path / "room.tum").read_text().splitlines()) == COUNT + 1
    assert not (tmp_path / "room.ply.partial").exists()
    if way != "given":
        assert report.tracking["absolute"] < 0.015
        assert report.tracking["fitness"] > 0.7


def test_a_folder_without_poses_is_tracked(tmp_path: Path) -> None:
    frames = corner.write_folder(tmp_path / "scan", 6, poses=False)
    report = reconstruct(frames, tmp_path / "a.obj", **QUICK)
    assert report.poses == "track"
    assert "absolute" not in report.tracking
    assert report.tracking["fitness"] > 0.7


def test_every_and_limit_choose_frames(folder: Path, tmp_path: Path) -> None:
    report = reconstruct(folder, tmp_path / "a.ply", **QUICK, every=3, limit=3)
    assert report.frames == 3
    names = (tmp_path / "a.tum").read_text().split("\n")[1:]
    assert [n.split()[0] for n in names if n] == ["frame-000000", "frame-000003", "frame-000006"]


def test_pictures_are_drawn(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geomdl.reconstruct.run.draw", functools.partial(draw, size=(80, 60)))
    report = reconstruct(folder, tmp_path / "a.ply", voxel=0.05, progress=False, limit=4)
    assert Path(report.files["pictures"]).stat().st_size > 1000


def test_existing_work_is_never_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.ply"
    out.write_text("mine")
    with pytest.raises(GeometryError, match="exists already"):
        reconstruct(folder, out, **QUICK)
    assert out.read_text() == "mine"
    with pytest.raises(GeometryError, match="exists already"):
        reconstruct(folder, out, **QUICK, resume=True)
    reconstruct(folder, out, **QUICK, overwrite=True, limit=4)
    assert isinstance(load(out), Mesh)
    (tmp_path / "b.ply.partial").mkdir()
    reconstruct(folder, tmp_path / "b.ply", **QUICK, limit=3)  # it failed before a checkpoint
    (tmp_path / "b.ply").unlink()
    (tmp_path / "b.ply.partial").mkdir()
    (tmp_path / "b.ply.partial" / "state.json").write_text("{}")
    with pytest.raises(GeometryError, match="--resume"):
        reconstruct(folder, tmp_path / "b.ply", **QUICK)


def test_bad_input_is_named(folder: Path, tmp_path: Path) -> None:
    for call, word in (
        (lambda: reconstruct(tmp_path / "nosuch", tmp_path / "a.ply"), "nosuch"),
        (lambda: reconstruct(folder, tmp_path / "a.jpg", **QUICK), "mesh file"),
        (lambda: reconstruct(folder, tmp_path / "x" / "a.ply", **QUICK), "folder for the output"),
        (lambda: reconstruct(folder, tmp_path / "a.ply", voxel=-1.0), "voxel"),
        (lambda: reconstruct(folder, tmp_path / "a.ply", depth_max=0.31, progress=False), "fused"),
    ):
        with pytest.raises(GeometryError, match=word):
            call()
    assert not (tmp_path / "a.ply").exists()


@pytest.mark.parametrize("way", ["given", "refine", "track"])
def test_a_killed_run_ends_with_the_same_mesh(folder: Path, tmp_path: Path, way: str) -> None:
    flags = [] if way == "given" else [f"--{way}"]
    plain, killed = tmp_path / "plain.ply", tmp_path / "killed.ply"
    options = ["--voxel", "0.02", "--checkpoint", "0", "--no-pictures", "--quiet", *flags]
    command = [sys.executable, "-m", "geomdl.cli", "reconstruct", str(folder), *options]
    run = subprocess.Popen([*command, "-o", str(killed)], stdout=subprocess.DEVNULL)
    state = tmp_path / "killed.ply.partial" / "state.json"
    deadline = time.monotonic() + 120
    done = 0
    while done < 3 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
        if state.is_file():
            done = json.loads(state.read_text())["done"]
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert not killed.exists()
    assert state.is_file()
    again = subprocess.run(
        [*command, "-o", str(killed), "--resume"], capture_output=True, text=True
    )
    assert again.returncode == 0, again.stderr
    ways = {"given": {}, "refine": {"refine": True}, "track": {"track": True}}[way]
    reconstruct(folder, plain, voxel=0.02, pictures=False, progress=False, **ways)
    assert killed.read_bytes() == plain.read_bytes()
    assert not state.parent.exists()
    assert torch.isfinite(load(killed).vertices).all()
