"""RESULTS.md holds what the result files hold, and nothing else."""

from pathlib import Path

from core2d.train.record import Reference, Result, write_result
from tools.results import ROOT, number, page


def test_page_shows_metrics_and_references(tmp_path: Path) -> None:
    result = Result(
        recipe="toy",
        command="geomdl fit toy",
        seeds=[0, 1],
        seconds=2.0,
        metrics={"accuracy": [0.25, 0.75], "loss": [1.0, 2.0]},
        expect={"accuracy": 0.5},
        reference={"loss": Reference(1.25, "Nobody 2026")},
        data="none",
    )
    write_result(result, tmp_path)
    text = page(tmp_path)
    assert "## toy" in text
    assert "| accuracy | 0.5 | 0.3536 | 0.5 | - |  |" in text
    assert "| loss | 1.5 | 0.7071 | - | 1.25 | Nobody 2026 |" in text


def test_results_page_of_the_project_is_fresh() -> None:
    assert (ROOT / "RESULTS.md").read_text() == page(ROOT / "results")


def test_number() -> None:
    assert number(None) == "-"
    assert number(0.123456) == "0.1235"
