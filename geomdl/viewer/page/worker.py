"""One thread that does a visitor's work in turn, and sleeps while there is none."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable

import torch

_setting = threading.Lock()


def leave_half() -> None:
    """Let the calling thread compute on half the cores, for the browser draws on this machine too.

    Threads that wait for each other at every step lose much more than they gain where a browser
    takes their cores away. Other threads, also later ones, keep what they have.
    """
    with _setting:
        whole = torch.get_num_threads()
        torch.set_num_threads(max(1, whole // 2))
        # torch hands the last number that was set anywhere to threads to come.
        keeper = threading.Thread(target=torch.set_num_threads, args=(whole,))
        keeper.start()
        keeper.join()


class Worker:
    """Runs functions one after the other; an exception goes to `failed` and ends nothing."""

    def __init__(self, name: str, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._tasks: list[tuple[float, int, str | None, Callable[[], object]]] = []
        self._named: set[str] = set()
        self._count = itertools.count()
        self._closed = False
        self._last: Callable[[], object] | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def later(
        self, function: Callable[[], object], seconds: float = 0.0, name: str | None = None
    ) -> None:
        """Run a function on the worker, not before `seconds` have passed. Returns at once.

        While a task of the same name waits, another one is left out: the waiting one will do.
        """
        with self._changed:
            if self._closed or (name is not None and name in self._named):
                return
            if name is not None:
                self._named.add(name)
            due = time.monotonic() + seconds
            heapq.heappush(self._tasks, (due, next(self._count), name, function))
            self._changed.notify()

    def close(self, last: Callable[[], object] | None = None) -> None:
        """Forget what waits; after what it is doing the thread runs `last` and ends."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._last = last
            self._tasks.clear()
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, at most so long."""
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        leave_half()
        while (function := self._next()) is not None:
            try:
                function()
            except Exception as error:  # one failing callback must not end the page
                self._failed(error)

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            while not self._closed:
                wait = self._tasks[0][0] - time.monotonic() if self._tasks else None
                if wait is not None and wait <= 0:
                    _, _, name, function = heapq.heappop(self._tasks)
                    self._named.discard(name or "")
                    return function
                self._changed.wait(wait)
            last, self._last = self._last, None
            return last
