"""Batches made ahead by a thread, so that the device does not wait for them.

A thread and not processes: torch works outside of Python's lock, nothing is copied between
processes, and OpenMP after a fork hangs.
"""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")


def ahead(make: Callable[[int], T], keys: range, depth: int) -> Generator[T, None, None]:
    """make(key) for each key in order, up to `depth` ahead. An error comes where it was due."""
    if depth == 0:
        yield from map(make, keys)
        return
    done: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
    stopped = threading.Event()

    def work() -> None:
        for key in keys:
            item: tuple[T | None, BaseException | None]
            try:
                item = (make(key), None)
            except BaseException as error:
                item = (None, error)
            while not stopped.is_set():
                try:
                    done.put(item, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if stopped.is_set() or item[1] is not None:
                return

    thread = threading.Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        for _ in keys:
            made, error = done.get()
            if error is not None:
                raise error
            yield made  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
