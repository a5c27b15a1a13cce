import json
from pathlib import Path

import pytest

from geomdl import cli
from geomdl.bench import measure, table
from geomdl.bench.measure import Floor, Rates, Row, Work


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows: one with a peer, one whose peer is missing, one that is wrong."""

    def same(a: object, b: object) -> None:
        if a != b:
            raise AssertionError(f"{a} is not {b}")

    works = {
        "good": Work(int, int, same),
        "alone": Work(int),
        "wrong": Work(lambda: 1, lambda: 2, same),
    }
    made = [
        Row(name, "ops", "nothing", "itself", lambda work=work: work, Floor(moved=1.0))  # type: ignore[misc]
        for name, work in works.items()
    ]
    monkeypatch.setattr(table, "rows", lambda: iter(made))
    monkeypatch.setattr(measure, "machine_rates", lambda: Rates(1e9, 1e9))


@pytest.mark.usefixtures("toys")
def test_a_wrong_row_is_told_and_the_others_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "--json"]) == 1
    out, err = capsys.readouterr()
    good, alone = json.loads(out)
    assert good["ratio"] > 0
    assert alone["peer_seconds"] is None
    assert "wrong (nothing): 1 is not 2" in err
    assert cli.run(["bench", "good", "alone"]) == 0
    text = capsys.readouterr().out.splitlines()
    assert text[0].startswith("good ")
    assert "missing" in text[1]


@pytest.mark.usefixtures("toys")
def test_against_an_earlier_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tmp_path / "before.json"
    row = {"name": "good", "work": "nothing", "peer": "itself", "seconds": 3600.0}
    before.write_text(json.dumps([row]))
    assert cli.run(["bench", "good", "alone", "--against", str(before), "--json"]) == 0
    good, alone = json.loads(capsys.readouterr().out)
    assert good["speedup"] == pytest.approx(3600 / good["seconds"])
    assert alone["speedup"] is None
    assert cli.run(["bench", "good", "--against", str(before)]) == 0
    assert "was 3600000.00 ms" in capsys.readouterr().out
    before.write_text("{}]")
    assert cli.run(["bench", "good", "--against", str(before)]) == 1
    assert cli.run(["bench", "good", "--against", str(tmp_path / "none")]) == 1


def test_list_and_unknown_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "--list"]) == 0
    assert "knn_index" in capsys.readouterr().out
    assert cli.run(["bench", "--list", "--group", "render", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert names == ["rasterize", "view_scenes"]
    assert cli.run(["bench", "knn"]) == 1
    assert "knn_index" in capsys.readouterr().err


def test_quick_leaves_out_what_takes_a_minute_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["bench", "--list", "--quick"]) == 0
    out, err = capsys.readouterr()
    assert "torch.cdist" not in out
    assert "left out: chamfer_distance against torch.cdist in blocks" in err
    assert cli.run(["bench", "--list", "--quick", "chamfer_distance"]) == 0
    assert "torch.cdist" in capsys.readouterr().out
