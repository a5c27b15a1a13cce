"""A run that is told to stop (Ctrl-C, SLURM's SIGTERM) finishes its step and saves first."""

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """Inside the `with`, the first SIGINT or SIGTERM only sets `asked`; a second one kills.

    In other threads than the main one Python takes no signals, and nothing is changed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
