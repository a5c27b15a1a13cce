"""The bench compares values before it times, and a missing peer is a row, not a skip."""

import pytest

from tools.bench import Row, Work, line, measure


def row(work: Work, **changes: object) -> Row:
    fields = {
        "name": "toy",
        "group": "ops",
        "work": "nothing",
        "peer": "itself",
        "prepare": lambda: work,
        "floor_seconds": 1e-6,
        "floor": "none",
        "repeats": 3,
    }
    return Row(**{**fields, **changes})


def test_runs_in_turn_and_gives_the_ratio() -> None:
    calls: list[str] = []
    work = Work(lambda: calls.append("ours"), lambda: calls.append("peer"), lambda a, b: None)
    result = measure(row(work, target=1.0))
    assert calls == ["ours", "peer"] + ["ours", "peer"] * 3
    assert result["ratio"] == result["peer_seconds"] / result["seconds"]
    assert "target 1x" in line(result)


def test_a_wrong_value_stops_the_row() -> None:
    def same(ours: int, peer: int) -> None:
        if ours != peer:
            raise AssertionError(f"{ours} is not {peer}")

    with pytest.raises(AssertionError, match="1 is not 2"):
        measure(row(Work(lambda: 1, lambda: 2, same)))


def test_a_missing_peer_is_a_row_with_null() -> None:
    result = measure(row(Work(lambda: 1)))
    assert result["peer_seconds"] is None
    assert result["ratio"] is None
    assert "missing" in line(result)
