import json
from pathlib import Path

import pytest

from geomdl import cli
from geomdl.commands import list as list_command
from geomdl.io.files import CONTAINERS, READERS


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict]:
    code = cli.run(["list", *arguments, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == int(not found)
    return found


def test_systems_of_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "--status", "all", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert {"polygon-mesh", "rasterization"} <= {entry["id"] for entry in every}
    group = next(entry["group"] for entry in every if entry["status"] == "planned")
    assert cli.run(["list", "--status", "planned", "--group", group]) == 0
    assert " system" in capsys.readouterr().out.splitlines()[-1]


def test_groups_add_up_to_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    every = listed(capsys, "--status", "all")
    groups = listed(capsys, "groups")
    assert {row["group"] for row in groups} == {entry["group"] for entry in every}
    for status in ("working", "planned", "page"):
        count = sum(entry["status"] == status for entry in every)
        assert sum(row[status] for row in groups) == count
    assert cli.run(["list", "groups", "--group", "geomdl"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["group", "working", "planned", "page"]
    assert all(line.startswith("geomdl-") for line in out[1:-1])


def test_search_reads_every_column_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    every = listed(capsys, "--status", "all")
    found = listed(capsys, "--status", "all", "--search", "U-NET")
    assert 0 < len(found) < len(every)
    assert all("u-net" in json.dumps(entry).lower() for entry in found)


def test_nothing_that_fits_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "--search", "no such thing"]) == 1
    assert capsys.readouterr().out == "0 systems; see geomdl list --help for the filters\n"
    assert listed(capsys, "ops", "--group", "nothing") == []


def test_ops(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list", "ops"]) == 0
    out = capsys.readouterr().out
    assert "pair_equations" in out
    assert "march_blocks" in out
    rays = listed(capsys, "ops", "--group", "raycast")
    assert {row["family"] for row in rays} == {"raycast"}


def test_every_format_that_is_read_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys, "formats")
    assert {"." + row["name"] for row in rows} >= {*READERS, *CONTAINERS}
    assert all(row["read"] for row in rows)
    assert {row["name"] for row in rows if not row["write"]} == {
        "npy", "npy.gz", "TUM folder", "Open3D folder",
    }  # fmt: skip
    assert cli.run(["list", "formats", "--search", "textures"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 formats"


def test_a_missing_ledger_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(list_command, "__file__", str(tmp_path / "commands" / "list.py"))
    assert cli.run(["list"]) == 1
    assert "systems.json" in capsys.readouterr().err
