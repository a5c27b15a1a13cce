"""`geomdl search` from the command line."""

import json
from pathlib import Path

import pytest

from core2d.errors import InputError
from geomdl.cli import run
from geomdl.commands.search import Asked, rows_of
from tests.core2d.train import toy


def test_grids_and_draws() -> None:
    rows = rows_of(Asked(grid=("rate=1e-3,1e-2", "optimiser=sgd,adam")), 0)
    assert len(rows) == 4
    assert rows[0] == {"rate": 1e-3, "optimiser": "sgd"}
    rows = rows_of(Asked(grid=("batch=8,16",), random=3, between=("weight-decay=1e-5:1e-1",)), 0)
    assert [row["batch"] for row in rows] == [8, 16] * 3
    assert len({row["weight_decay"] for row in rows}) == 6
    assert rows_of(Asked(), 0) == [{}]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(grid=("rate",)), "grid: expected NAME=VALUES, got 'rate'"),
        (Asked(random=3), "--random N and --between"),
        (Asked(between=("rate=1:2",)), "--random N and --between"),
        (Asked(random=1, between=("rate=1",)), "expected rate=LOW:HIGH"),
    ],
)
def test_refusals(asked: Asked, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rows_of(asked, 0)


def test_prints_the_best_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["search", str(Path(toy.__file__)), "--grid", "rate=1e-9,0.03", "--epochs", "2"]
    words += ["--output", str(tmp_path), "--no-tensorboard", "--accelerator", "cpu"]
    assert run([*words, "--no-progress"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("rate=0.03")
    assert lines[1].endswith("rate=1e-09")
    assert len(json.loads((tmp_path / "search.json").read_text())["trials"]) == 2
    assert run(["search", "--help"]) == 0
