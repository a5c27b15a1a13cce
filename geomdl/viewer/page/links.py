"""Cameras that move together: every page of a group follows the one that is being moved."""

import threading
import time
from typing import Protocol

from geomdl.viewer.viewpoint import Viewpoint

ECHO = 0.4  # seconds in which the followers' own camera messages are echoes of the leader's


class Follower(Protocol):
    """A page that can be moved."""

    def move(self, viewpoint: Viewpoint) -> None:
        """Look from there."""


class Links:
    """Groups of pages by name. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._group_of: dict[Follower, str] = {}
        self._leader: dict[str, tuple[Follower, float]] = {}

    def join(self, page: Follower, group: str | None) -> None:
        """Put a page into a group, or with None out of its group."""
        with self._lock:
            self._group_of.pop(page, None)
            if group is not None:
                self._group_of[page] = group

    def group(self, page: Follower) -> str | None:
        """The group of a page."""
        with self._lock:
            return self._group_of.get(page)

    def moved(self, page: Follower, viewpoint: Viewpoint) -> None:
        """A page looks from elsewhere: move the others of its group, if it is their leader.

        A page leads while it moves; what the others report meanwhile are echoes.
        """
        now = time.monotonic()
        with self._lock:
            group = self._group_of.get(page)
            if group is None:
                return
            leader, since = self._leader.get(group, (page, 0.0))
            if leader is not page and now - since < ECHO:
                return
            self._leader[group] = (page, now)
            others = [p for p, name in self._group_of.items() if name == group and p is not page]
        for other in others:
            other.move(viewpoint)
