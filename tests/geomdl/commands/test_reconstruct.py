from dataclasses import fields
from inspect import signature
from pathlib import Path

import pytest

from geomdl import cli
from geomdl.commands.reconstruct import Options
from geomdl.io import load
from geomdl.reconstruct import reconstruct
from geomdl.structures import Mesh
from tests.geomdl.reconstruct import corner


def test_options_are_those_of_the_function() -> None:
    known = {n: p.default for n, p in signature(reconstruct).parameters.items()}
    for field in fields(Options):
        assert known[field.name] == field.default, field.name


def test_folder_to_mesh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = corner.write_folder(tmp_path / "scan", 4)
    out = tmp_path / "room.ply"
    arguments = ["reconstruct", str(folder), "-o", str(out), "--voxel", "0.04", "--no-pictures"]
    assert cli.run([*arguments, "--quiet"]) == 0
    printed, err = capsys.readouterr()
    assert "frames     4 fused" in printed
    assert "holes" in printed
    assert err == ""
    assert isinstance(load(out), Mesh)
    assert cli.run(arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert cli.run([*arguments, "--overwrite"]) == 0


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a.ply")
    assert cli.run(["reconstruct", str(tmp_path), "-o", out]) == 1
    assert "no RGB-D frames" in capsys.readouterr().err
    folder = corner.write_folder(tmp_path / "scan", 2)
    (folder / "frame-000001.depth.png").write_bytes(b"\x89PNG broken")
    assert cli.run(["reconstruct", str(folder), "-o", out, "--quiet"]) == 1
    assert "frame-000001.depth.png" in capsys.readouterr().err
    assert not Path(out).exists()
