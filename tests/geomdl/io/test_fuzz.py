"""300 broken files in every run, 10,000 in the nightly one: `pytest -m slow`."""

import pytest

from tests.geomdl.io import fuzz


def check(count: int, seed: int) -> None:
    outcomes, failures = fuzz.run(count, seed)
    assert not failures, "\n".join(f"case {f.case} ({f.seed_name}): {f.what}" for f in failures)
    assert sum(outcomes.values()) == count
    assert min(outcomes.values()) > count // 20


def test_broken_files_end_as_a_shape_or_as_one_error() -> None:
    check(300, seed=0)


@pytest.mark.slow
def test_many_broken_files() -> None:
    check(10_000, seed=1)


def test_the_watcher_sees_crashes_and_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 3.0)
    monkeypatch.setenv("GEOMDL_FUZZ_SABOTAGE", "3 crash,5 hang,6 memory,8 error")
    outcomes, failures = fuzz.run(12, seed=0)
    found = {failure.case: failure.what for failure in failures}
    assert set(found) == {3, 5, 6, 8}
    assert found[3].startswith("crash")
    assert found[5] == "hang"
    assert found[6].startswith(("MemoryError", "memory"))
    assert found[8].startswith("KeyError")
    assert sum(outcomes.values()) == 8
