import threading
import time

import pytest

from geomdl.reconstruct.ahead import ahead


def test_in_order_whatever_takes_how_long() -> None:
    def read(i: int) -> int:
        time.sleep(0.01 if i % 3 == 0 else 0)
        return i * i

    assert list(ahead(read, range(20))) == [i * i for i in range(20)]
    assert list(ahead(read, [])) == []
    assert list(ahead(read, [4, 1], depth=1)) == [16, 1]


def test_no_more_than_depth_are_read_ahead() -> None:
    started: list[int] = []
    lock = threading.Lock()

    def read(i: int) -> int:
        with lock:
            started.append(i)
        return i

    items = ahead(read, range(100), depth=3)
    next(items)
    time.sleep(0.05)
    assert max(started) <= 4
    items.close()
    time.sleep(0.05)
    assert len(started) <= 5


def test_an_error_comes_in_its_turn() -> None:
    def read(i: int) -> int:
        if i == 2:
            raise ValueError("frame 2")
        return i

    items = ahead(read, range(5))
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(ValueError, match="frame 2"):
        next(items)
