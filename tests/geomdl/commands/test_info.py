import json
from pathlib import Path

import pytest
import torch
import trimesh

from geomdl import cli
from geomdl.io import save
from geomdl.structures import Mesh, PointCloud
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
