import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl import cli
from geomdl.commands import info as info_command
from geomdl.io import load_transforms, save, save_colmap
from geomdl.structures import Mesh, PointCloud, VoxelGrid
from tests.geomdl.reconstruct import corner


def write_ball(path: Path) -> Path:
    ball = trimesh.creation.icosphere(3, 0.5)
    faces = torch.from_numpy(ball.faces.copy()).long()
    save(path, Mesh(torch.from_numpy(ball.vertices.copy()).float(), faces))
    return path


def test_mesh_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", str(write_ball(tmp_path / "ball.ply")), "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert (facts["vertices"], facts["faces"], facts["holes"], facts["pieces"]) == (642, 1280, 0, 1)
    assert abs(facts["area"] - 3.1416) < 0.05
    assert abs(facts["volume"] - 0.5236) < 0.02
    assert facts["size"] == pytest.approx([1, 1, 1], abs=0.01)


def test_cloud_folder_and_header_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = tmp_path / "cloud.pcd"
    save(cloud, PointCloud(torch.rand(50, 3), colors=torch.rand(50, 3)))
    scan = corner.write_folder(tmp_path / "scan", 2)
    assert cli.run(["info", str(cloud), str(scan)]) == 0
    out = capsys.readouterr().out
    assert "points         50" in out
    assert "colors" in out
    assert "RGB-D folder, 7-Scenes" in out
    assert "with pose      2" in out
    assert cli.run(["info", str(write_ball(tmp_path / "b.ply")), "--quick"]) == 0
    quick = capsys.readouterr().out
    assert "faces          1,280" in quick
    assert "area" not in quick


def test_broken_files_do_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.ply"
    broken.write_bytes(b"ply\nformat nonsense 1.0\n")
    good = write_ball(tmp_path / "good.ply")
    assert cli.run(["info", str(broken), str(good), "--json"]) == 1
    out, err = capsys.readouterr()
    assert [f["path"] for f in json.loads(out)] == [str(good)]
    assert "broken.ply" in err
    assert "Traceback" not in err
    assert cli.run(["info"]) == 2
    assert cli.run(["info", str(tmp_path)]) == 1


def test_patterns_folders_and_what_is_wrong_among_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    for name in ("a2.ply", "a10.ply"):
        write_ball(deep / name)
    pattern = f"{tmp_path}/**/*.ply"
    assert cli.run(["info", pattern, f"{tmp_path}/*.nope", str(deep), "--json"]) == 1
    out, err = capsys.readouterr()
    assert [Path(f["path"]).name for f in json.loads(out)] == ["a2.ply", "a10.ply"]
    assert "*.nope: no file fits" in err
    assert len(err.splitlines()) == 1
    assert cli.run(["info", "/nowhere.ply", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == []


def test_large_files_by_their_headers_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_ball(tmp_path / "ball.ply"))
    monkeypatch.setattr(info_command, "LOOSE", 100)
    assert cli.run(["info", path]) == 0
    assert "area" not in capsys.readouterr().out
    assert cli.run(["info", path, "--full"]) == 0
    out = capsys.readouterr().out
    assert "closed         yes" in out
    assert "defects        none" in out


def test_grids_labels_and_missing_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid, stack, cloud = tmp_path / "g.npz", tmp_path / "g.npy", tmp_path / "c.ply"
    save(grid, VoxelGrid(torch.ones(2, 3, 4), "occupancy", cell=0.5))
    np.save(stack, np.zeros((5, 1, 2, 2, 2), np.uint8))
    cloud.write_text(
        "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
        "property float z\nproperty int label\nend_header\n0 0 0 4\nnan 0 0 4\n1 0 0 2\n"
    )
    assert cli.run(["info", str(grid), str(stack), str(cloud)]) == 0
    out = capsys.readouterr().out
    assert "cells          2 3 4" in out
    assert "surface cells  24" in out
    assert "frames         5" in out
    assert "label          int32, 2 to 4, 2 different, 2:50.0% 4:50.0%" in out
    assert "not finite     1" in out


def test_cameras_of_files_and_folders(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fox = data / "fox"
    save_colmap(tmp_path / "model", load_transforms(fox / "transforms.json"))
    assert cli.run(["info", str(fox), str(tmp_path / "model"), "--json"]) == 0
    whole, model = json.loads(capsys.readouterr().out)
    assert (whole["format"], whole["images"], whole["missing pictures"]) == (
        "transforms.json", 45, 0,
    )  # fmt: skip
    assert (model["format"], model["images"], model["missing pictures"]) == ("COLMAP", 45, 45)
    assert model["size"] == pytest.approx(whole["size"], rel=1e-4)


def test_places_on_maps_keep_their_digits() -> None:
    assert info_command.as_words([500000.125, 4000000.25, 98.5]) == "500000.125 4000000.25 98.5"
    assert info_command.as_words([0.12345678, 2.0]) == "0.12346 2"
