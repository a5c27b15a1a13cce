from pathlib import Path

import pytest

from geomdl import cli
from geomdl.recipes import room_demo


def test_arguments_reach_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[room_demo.Config] = []
    monkeypatch.setattr(room_demo, "demo", seen.append)
    out = tmp_path / "demo"
    flags = ["--seed", "3", "--frames", "7", "--size", "80", "60", "--voxel", "0.05"]
    assert cli.run(["demo", "-o", str(out), *flags, "--labeller", "runs/mine"]) == 0
    config = seen[0]
    assert (config.output, config.seed, config.frames) == (out, 3, 7)
    assert config.labeller == Path("runs/mine")
    assert (config.width, config.height, config.voxel) == (80, 60, 0.05)


def test_somebody_elses_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room_demo, "demo", lambda config: None)
    (tmp_path / "thesis.txt").write_text("mine")
    assert cli.run(["demo", "-o", str(tmp_path)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert cli.run(["demo", "-o", str(tmp_path), "--overwrite"]) == 0
    assert cli.run(["demo", "-o", str(tmp_path / "thesis.txt")]) == 1
    (tmp_path / "report.json").write_text("{}")
    assert cli.run(["demo", "-o", str(tmp_path)]) == 0
