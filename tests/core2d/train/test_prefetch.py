"""The thread gives the same batches in the same order, and its errors where they were due."""

import threading

import pytest

from core2d.train.prefetch import ahead


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_in_order(depth: int) -> None:
    assert list(ahead(lambda k: k * k, range(3, 20), depth)) == [k * k for k in range(3, 20)]


@pytest.mark.parametrize("depth", [0, 3])
def test_an_error_comes_where_it_was_due(depth: int) -> None:
    def make(key: int) -> int:
        if key == 4:
            raise ValueError("no batch 4")
        return key

    items = ahead(make, range(9), depth)
    assert [next(items) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="no batch 4"):
        next(items)


def test_at_most_so_many_wait_and_the_thread_ends_with_its_user() -> None:
    made: list[int] = []
    items = ahead(lambda k: made.append(k) or k, range(1000), 2)  # type: ignore[func-returns-value]
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert len(made) <= 5  # taken, two waiting, one in hand
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
