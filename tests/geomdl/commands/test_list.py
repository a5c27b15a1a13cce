import json

import pytest

from geomdl import cli
from geomdl.commands import list as list_command


def test_systems_of_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "--status", "all", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert {"polygon-mesh", "rasterization"} <= {entry["id"] for entry in every}
    assert cli.run(["list", "--status", "planned", "--group", every[0]["group"]]) == 0
    assert "systems" in capsys.readouterr().out.splitlines()[-1]


def test_ops(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "ops"]) == 0
    out = capsys.readouterr().out
    assert "pair_equations" in out
    assert "march_blocks" in out


def test_a_missing_ledger_is_told(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(list_command, "__file__", str(tmp_path / "commands" / "list.py"))
    assert cli.run(["list"]) == 1
    assert "systems.json" in capsys.readouterr().err
