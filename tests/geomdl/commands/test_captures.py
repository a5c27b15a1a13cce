import json
from pathlib import Path

import pytest
import torch

from geomdl import cli
from geomdl.io import load_colmap, load_transforms, open_rgbd
from tests.geomdl.reconstruct import corner


def test_cameras_there_and_back(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fox = data / "fox"
    model, again = tmp_path / "model", tmp_path / "again.json"
    arguments = ["convert", str(fox), "-o", str(model), "--to", "colmap"]
    assert cli.run(arguments) == 0
    assert cli.run(arguments) == 1
    assert "exists already" in capsys.readouterr().err
    assert cli.run(["convert", str(model), "-o", str(again)]) == 0
    first, second = load_transforms(fox / "transforms.json"), load_colmap(model)
    by_name = {image.path.name: image.camera for image in first.images}
    for image in second.images:
        before, after = by_name[image.path.name], image.camera
        torch.testing.assert_close(
            before.world_to_camera.matrix(), after.world_to_camera.matrix(), atol=1e-5, rtol=0
        )
        torch.testing.assert_close(before.intrinsics, after.intrinsics)
    assert len(json.loads(again.read_text())["frames"]) == 45


def test_pictures_that_lie_elsewhere_are_told(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(data / "fox" / "transforms.json")
    assert cli.run(["convert", source, "-o", str(tmp_path / "a.json"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["images"] == 45
    assert "45 pictures such as" in err


def test_frames_take_the_layout_of_7_scenes(tmp_path: Path) -> None:
    scan = corner.write_folder(tmp_path / "scan", 2)
    other = tmp_path / "other"
    for kind in ("depth", "color"):
        (other / kind).mkdir(parents=True)
        for number in range(2):
            name = f"frame-{number:06d}.{kind}.png"
            (other / kind / f"{number}.png").write_bytes((scan / name).read_bytes())
    width, height = corner.WIDTH, corner.HEIGHT
    lens = corner.LENS.clone()
    lens[:2, 2] -= 0.5  # Open3D has pixel centres at whole numbers
    columns = lens.T.flatten().tolist()
    document = {"width": width, "height": height, "intrinsic_matrix": columns}
    (other / "camera_intrinsic.json").write_text(json.dumps(document))
    made = tmp_path / "made"
    assert cli.run(["convert", str(other), "-o", str(made), "--to", "7scenes"]) == 0
    before, after = open_rgbd(other), open_rgbd(made)
    assert (before.kind, after.kind) == ("Open3D", "7-Scenes")
    torch.testing.assert_close(after.camera.intrinsics, corner.LENS)
    for first, second in zip(before, after, strict=True):  # type: ignore[call-overload]
        assert torch.equal(first.depth, second.depth)
        assert torch.equal(first.color, second.color)


def test_what_cannot_hold_captures_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = corner.write_folder(tmp_path / "scan", 1)
    assert cli.run(["convert", str(scan), "-o", str(tmp_path / "a.ply")]) == 1
    assert "geomdl reconstruct" in capsys.readouterr().err
    posed = tmp_path / "transforms.json"
    posed.write_text("{}")
    assert cli.run(["convert", str(posed), "-o", str(tmp_path / "a.ply")]) == 1
    assert "cameras go into a .json" in capsys.readouterr().err
    assert cli.run(["convert", str(posed), "-o", str(tmp_path / "a.json")]) == 1
    assert "frames" in capsys.readouterr().err
