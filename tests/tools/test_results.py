"""RESULTS.md holds what the result files hold, and nothing else."""

import json
from pathlib import Path

import pytest

from core2d.train.record import Reference, Result, write_result
from geomdl.recipes import find
from tools.results import (
    PUBLISHED,
    SPEED,
    games,
    main,
    number,
    page,
    published,
    speed,
    trained,
    with_part,
)


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


def test_pages_of_the_project_are_fresh() -> None:
    assert main(["--check"]) == 0


def test_speed_shows_ratios_and_missing_peers(tmp_path: Path) -> None:
    row = {
        "name": "knn_index",
        "work": "100k",
        "seconds": 0.05,
        "peer": "SciPy",
        "peer_seconds": 0.1,
        "ratio": 2.0,
        "target": 1.3,
        "floor_seconds": 0.001,
        "floor": "20 MB at 20 GB/s",
    }
    missing = {**row, "peer_seconds": None, "ratio": None, "target": None}
    memory = {**row, "unit": "MB", "seconds": 1234.5, "peer_seconds": 2000.0, "floor_seconds": 700}
    (tmp_path / "ops.json").write_text(json.dumps([row, missing, memory]))
    table = speed(tmp_path)
    assert "| 50 ms | SciPy | 100 ms | **2.00x** | 1.3x | 1 ms (20 MB at 20 GB/s) |" in table
    assert "| SciPy | - | missing |  |" in table
    assert "| 1,234 MB | SciPy | 2,000 MB | **2.00x** | 1.3x | 700 MB (" in table
    assert speed(tmp_path / "none") == ""


def test_the_short_table_shows_sparse_layers_at_one_size(tmp_path: Path) -> None:
    row = {"peer": "ocnn", "target": None, "floor": "", "ratio": 2.0}
    row |= {"seconds": 0.05, "peer_seconds": 0.1, "floor_seconds": 0.001}
    shown = {**row, "name": "submanifold_forward", "work": "128^3 surface, 32 channels, forward"}
    hidden = {**shown, "work": "128^3 surface, 128 channels, forward"}
    other = {**row, "name": "fuse", "work": "20 frames"}
    (tmp_path / "all.json").write_text(json.dumps([shown, hidden, other]))
    short, whole = speed(tmp_path, short=True), speed(tmp_path)
    assert len(whole.splitlines()) == 5
    assert short == "".join(line for line in whole.splitlines(True) if "128 ch" not in line)


def test_trainings_show_their_headline_and_time_per_run(tmp_path: Path) -> None:
    for name, command in (("toy", "geomdl fit toy"), ("room", "geomdl demo")):
        metrics = {"loss": [1.0, 2.0], "accuracy": [0.25, 0.75]}
        result = Result(name, command, [0, 1], 240.0, metrics, {}, data="none")
        write_result(result, tmp_path)
    assert trained(tmp_path).splitlines()[2:] == [
        "| `toy` | none | accuracy | 0.5 | 0.3536 | 2 | 2.0 |"
    ]


def test_published_figures_stand_beside_ours_or_alone(tmp_path: Path) -> None:
    """Each row's command is one that trains; the last column is empty until it was run."""
    assert set(PUBLISHED) <= set(find.names())
    lines = published(tmp_path).splitlines()[2:]
    assert {line.split("`")[1] for line in lines} == {f"geomdl fit {name}" for name in PUBLISHED}
    assert all(line.endswith(" |  |") for line in lines)
    for data in ("ModelNet40", "ShapeNetPart", "S3DIS", "ScanNet", "SemanticKITTI"):
        assert any(f"| {data}" in line for line in lines)
    name = "modelnet40_pointnet"
    write_result(Result(name, f"geomdl fit {name}", [0], 9.0, {"accuracy": [0.885]}, {}), tmp_path)
    first, second = published(tmp_path).splitlines()[2:4]
    assert "| accuracy | 0.892 | Qi et al. 2017, table 1 | 0.885 |" in first
    assert "| class_accuracy | 0.862 | Qi et al. 2017, table 1 |  |" in second


def test_atari_games_stand_with_their_rules_and_the_command_of_the_full_run(tmp_path: Path) -> None:
    text = games(tmp_path)
    assert "sticky actions 0, 4 frames a step, fewer than 30 frames without action first" in text
    assert "mean of 30 games" in text
    assert "our full run has 40 million" in text
    assert text.count("`geomdl rl train atari_dqn") == 5
    assert "## Atari" in page(tmp_path)


def test_readme_keeps_what_is_around_the_table() -> None:
    begin, end = SPEED
    text = f"before\n{begin}\nold\n{end}\nafter\n"
    assert with_part(text, SPEED, "new\n") == f"before\n{begin}\nnew\n{end}\nafter\n"
    with pytest.raises(ValueError, match="expected one"):
        with_part("no marks", SPEED, "new")


def test_number() -> None:
    assert number(None) == "-"
    assert number(0.123456) == "0.1235"
