"""The bench compares values before it times, and a missing peer is a row, not a skip."""

import sys
from collections.abc import Callable

import numpy as np
import pytest

from geomdl.bench.measure import (
    Floor,
    Rates,
    Row,
    Work,
    if_installed,
    line,
    machine_rates,
    measure,
    megabytes,
)

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


def test_fewer_turns_on_demand() -> None:
    calls: list[int] = []
    measure(row(Work(lambda: calls.append(1)), repeats=7), RATES, 2)
    assert len(calls) == 1 + 2


def test_a_peer_that_does_not_import_is_none() -> None:
    def missing() -> Callable[[], None]:
        import nothing_of_that_name  # noqa: F401

        return lambda: None

    def unlinked() -> Callable[[], None]:
        raise OSError("libGL.so.1: cannot open shared object file")

    def wrong() -> Callable[[], None]:
        raise ValueError("ours to mend")

    assert if_installed(missing) is None
    assert if_installed(unlinked) is None
    assert if_installed(lambda: int) is int
    with pytest.raises(ValueError, match="ours to mend"):
        if_installed(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_is_the_peak_of_what_a_call_holds() -> None:
    def held() -> np.ndarray:
        passing = np.ones(20_000_000, np.uint8)
        return np.ones(30_000_000, np.uint8) + passing[:1]

    assert megabytes(held) == pytest.approx(80, rel=0.1)  # the ones, their sum, and the passing
    assert megabytes(lambda: np.ones(50_000_000, np.uint8)) == pytest.approx(50, rel=0.1)
    result = measure(row(Work(held, held), take=megabytes, floor=Floor(moved=3e7)), RATES)
    assert result["unit"] == "MB"
    assert result["ratio"] == pytest.approx(1, rel=0.1)
    assert "MB" in line(result)
    assert "floor 30.00 MB (what must be kept)" in line(result)
