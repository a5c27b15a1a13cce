"""What was recorded for the README keeps its promises, and records land where they are asked."""

import json
from pathlib import Path

import pytest

from core2d.train.record import Result
from tools import record


def test_a_record_is_written_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Result("toy", "none", [0], 1.0, {"a": [2.0]}, {})
    monkeypatch.setattr(record, "MAKERS", {"toy": lambda data: made})
    assert record.main(["toy", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "toy.json").read_text())["metrics"]["a"]["mean"] == 2.0


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        record.main(["nothing"])
    assert "kitchen" in capsys.readouterr().err


def test_recorded_results_keep_their_promises() -> None:
    demo = json.loads((record.ROOT / "results" / "room_demo.json").read_text())
    assert demo["seeds"] == list(record.SEEDS)
    assert demo["metrics"]["f_score"]["mean"] >= demo["expect"]["f_score"]
    assert demo["metrics"]["chamfer"]["mean"] <= demo["expect"]["chamfer"]
    assert max(demo["metrics"]["seconds"]["values"]) < 120
    kitchen = json.loads((record.ROOT / "results" / "kitchen.json").read_text())
    assert kitchen["metrics"]["chamfer_in_voxels"]["mean"] < 1
