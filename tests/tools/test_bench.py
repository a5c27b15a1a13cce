"""The bench compares values before it times, and a missing peer is a row, not a skip."""

import pytest

from tools.bench import Floor, Rates, Row, Work, line, machine_rates, measure

RATES = Rates(moved=1e9, flops=1e9)


def row(work: Work, **changes: object) -> Row:
    fields = {
        "name": "toy",
        "group": "ops",
        "work": "nothing",
        "peer": "itself",
        "prepare": lambda: work,
        "floor": Floor(moved=2e6, flops=1e6),
        "repeats": 3,
    }
    return Row(**{**fields, **changes})


def test_runs_in_turn_and_gives_the_ratio() -> None:
    calls: list[str] = []
    work = Work(lambda: calls.append("ours"), lambda: calls.append("peer"), lambda a, b: None)
    result = measure(row(work, target=1.0), RATES)
    assert calls == ["ours", "peer"] + ["ours", "peer"] * 3
    assert result["ratio"] == result["peer_seconds"] / result["seconds"]
    assert "target 1x" in line(result)


def test_a_wrong_value_stops_the_row() -> None:
    def same(ours: int, peer: int) -> None:
        if ours != peer:
            raise AssertionError(f"{ours} is not {peer}")

    with pytest.raises(AssertionError, match="1 is not 2"):
        measure(row(Work(lambda: 1, lambda: 2, same)), RATES)


def test_a_missing_peer_is_a_row_with_null() -> None:
    result = measure(row(Work(lambda: 1)), RATES)
    assert result["peer_seconds"] is None
    assert result["ratio"] is None
    assert "missing" in line(result)


def test_the_floor_is_the_larger_of_traffic_and_arithmetic() -> None:
    assert RATES.floor(Floor(moved=2e6, flops=1e6)) == (0.002, "2 MB at 1 GB/s")
    assert RATES.floor(Floor(flops=5e9)) == (5.0, "5 GFLOP at 1 GFLOP/s")


def test_rates_of_this_machine_are_positive() -> None:
    rates = machine_rates()
    assert rates.moved > 1e8
    assert rates.flops > 1e8
