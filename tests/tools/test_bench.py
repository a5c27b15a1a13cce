"""The front of the bench in a checkout writes what results/bench holds."""

import json
from pathlib import Path

import pytest

from geomdl.bench.measure import Floor, Rates, Row, Work
from tools import bench


def test_list_names_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["--list", "rasterize"])
    assert capsys.readouterr().out.startswith("rasterize  ")
    with pytest.raises(SystemExit) as stop:
        bench.main(["nothing"])
    assert stop.value.code == 2
    assert "knn_index" in capsys.readouterr().err


def test_json_has_the_columns_of_the_recorded_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row("toy", "ops", "nothing", "itself", lambda: Work(int, int), Floor(moved=1.0))
    monkeypatch.setattr(bench, "chosen", lambda names, group: [row])
    monkeypatch.setattr(bench, "machine_rates", lambda: Rates(1e9, 1e9))
    bench.main(["--json", str(tmp_path / "out.json")])
    (found,) = json.loads((tmp_path / "out.json").read_text())
    recorded = Path(bench.__file__).parent.parent / "results" / "bench" / "rl.json"
    assert list(found) == list(json.loads(recorded.read_text())[0])
