"""Decode ahead: files are read and decoded on threads while earlier frames are worked on."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(
    read: Callable[[int], Item], indices: Sequence[int], depth: int = 6, workers: int = 2
) -> Iterator[Item]:
    """Indices (N,) -> read(i) for each, in order, at most `depth` of them decoded ahead.

    An error of `read` is raised when its frame's turn comes.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    waiting: deque[Future[Item]] = deque()
    try:
        rest = iter(indices)
        for _ in range(depth):
            for i in rest:
                waiting.append(pool.submit(read, i))
                break
        while waiting:
            item = waiting.popleft().result()
            for i in rest:
                waiting.append(pool.submit(read, i))
                break
            yield item
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
