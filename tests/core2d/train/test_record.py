"""A recorded result reads back with its mean, spread, seeds and references."""

import json
import statistics
from pathlib import Path

import pytest

from core2d.train.record import Reference, Result, commit, machine, write_result


def result(**changes: object) -> Result:
    fields = {
        "recipe": "toy",
        "command": "geomdl fit toy",
        "seeds": [0, 1, 2],
        "seconds": 1.26,
        "metrics": {"accuracy": [0.5, 0.75, 1.0]},
        "expect": {"accuracy": 0.7},
        "reference": {"accuracy": Reference(0.9, "Nobody 2026, table 1")},
        "data": "none",
    }
    return Result(**{**fields, **changes})


def test_result_reads_back(tmp_path: Path) -> None:
    path = write_result(result(), tmp_path / "results")
    content = json.loads(path.read_text())
    assert path.name == "toy.json"
    assert content["metrics"]["accuracy"]["mean"] == 0.75
    assert content["metrics"]["accuracy"]["std"] == statistics.stdev([0.5, 0.75, 1.0])
    assert content["metrics"]["accuracy"]["values"] == [0.5, 0.75, 1.0]
    assert content["reference"]["accuracy"] == {"value": 0.9, "source": "Nobody 2026, table 1"}
    assert content["seeds"] == [0, 1, 2]
    assert [p.name for p in path.parent.iterdir()] == ["toy.json"]


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    one = result(seeds=[4], metrics={"accuracy": [0.5]})
    content = json.loads(write_result(one, tmp_path).read_text())
    assert content["metrics"]["accuracy"]["std"] == 0.0


def test_a_value_per_seed_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one value per seed"):
        write_result(result(seeds=[0]), tmp_path)


def test_commit_outside_a_checkout_is_unknown(tmp_path: Path) -> None:
    assert commit(tmp_path) == "unknown"
    assert "cores" in machine()
