"""`geomdl download`: what there is, and what is asked for. No test leaves this machine."""

from pathlib import Path

import pytest
import requests

from geomdl import cli
from scenes.datasets import download as d


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    seen: list[Path] = []
    monkeypatch.setattr(d.Files, "fetch", lambda self, folder: seen.append(folder))
    return seen


def test_named_sets_are_fetched_once_each(
    asked: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["download", "mnist", "cifar10", "mnist"]) == 0
    assert asked == [tmp_path / "mnist", tmp_path / "cifar10"]
    assert f"cifar10: 162 MB (Krizhevsky)\n  {tmp_path / 'cifar10'}" in capsys.readouterr().out


def test_without_a_name_nothing_is_fetched(
    asked: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mnist").mkdir()
    (tmp_path / "camvid").mkdir()
    (tmp_path / "camvid" / "train").mkdir()
    assert cli.run(["download"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows.keys() == d.OFFICIAL.keys()
    assert "not here" in rows["mnist"]
    assert f"in {tmp_path / 'camvid'}" in rows["camvid"]
    assert asked == []


def test_wrong_names_and_no_network_are_one_line(
    asked: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["download", "cifar10", "mnst"]) == 1
    assert "did you mean 'mnist'" in capsys.readouterr().err
    assert asked == []

    def unreachable(self: object, folder: Path) -> None:
        raise requests.exceptions.ConnectionError("no route to host")

    monkeypatch.setattr(d.Files, "fetch", unreachable)
    assert cli.run(["download", "mnist"]) == 1
    assert capsys.readouterr().err == "geomdl: error: no route to host\n"
