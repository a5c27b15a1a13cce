"""A cloud on its way to one visitor: coarse points at once, finer ones where the camera looks.

A thread works while there is something to send and ends with it, so a page at rest costs nothing.
Chunks are sent one by one; between them the newest drawing and camera count.
"""

import threading
import time

import viser

from geomdl.viewer.detail import Budget, View
from geomdl.viewer.drawing import Dots
from geomdl.viewer.levels import build_levels
from geomdl.viewer.page.chunks import Chunks
from geomdl.viewer.page.worker import leave_half
from geomdl.viewer.scene import Cache

LARGE = 400_000  # points from which a preview is sent before the levels are known
AHEAD = 8  # messages that may wait for the network
PAUSE = 0.05  # seconds between two looks at a moving camera


class Stream:
    """Keeps the points of one Dots in the page of one visitor.

    cache: where levels are kept for all visitors. budget: shared by the clouds of this visitor.
    All methods may be called from any thread and return at once.
    """

    def __init__(
        self,
        client: viser.ClientHandle,
        dots: Dots,
        *,
        cache: Cache | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._client = client
        self._dots = dots
        self._cache = cache or Cache()
        self._budget = budget or Budget()
        self._view: View | None = None
        self._visible = True
        self._removed = False
        self._news = 0  # counts what came, to notice that something did
        self._made = 0
        self._now: Chunks | None = None
        self._before: Chunks | None = None  # of other points, until the first of these are there
        self._worker: threading.Thread | None = None
        self._lock = threading.RLock()
        self._wake()

    @property
    def points(self) -> int:
        """Points on the screen now."""
        with self._lock:
            return 0 if self._now is None else self._now.points

    def update(self, dots: Dots) -> None:
        """Show another Dots of the same name: only what differs is sent."""
        with self._lock:
            self._dots = dots
            self._wake()

    def camera(
        self,
        position: tuple[float, float, float],
        direction: tuple[float, float, float],
        fov: float,
        aspect: float,
        height: int,
    ) -> None:
        """The visitor's camera: unit direction, vertical fov in radians, width / height, pixels."""
        with self._lock:
            self._view = View(position, direction, fov, aspect, height)
            self._wake()

    def show(self, visible: bool) -> None:
        """Hide all points, or bring them back without sending them again."""
        with self._lock:
            self._visible = visible
            for chunks in self._all():
                chunks.show(visible)
            if not visible:
                self._budget.share(self, 0)
            self._wake()

    def remove(self) -> None:
        """Take all points from the page; nothing is sent after this."""
        with self._lock:
            self._removed = True
            self._budget.share(self, 0)
            for chunks in self._all():
                chunks.remove()
            self._now = self._before = None

    def wait(self, timeout: float | None = None) -> bool:
        """Until everything needed is sent; False where that takes longer than `timeout` seconds."""
        worker = self._worker
        if worker is not None:
            worker.join(timeout)
        return worker is None or not worker.is_alive()

    def _all(self) -> list[Chunks]:
        return [chunks for chunks in (self._before, self._now) if chunks is not None]

    def _wake(self) -> None:
        self._news += 1
        if self._worker is None and self._visible and not self._removed:
            self._worker = threading.Thread(target=self._work, name="points", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        leave_half()
        done = -1
        try:
            while True:
                with self._lock:
                    if self._removed or not self._visible or done == self._news:
                        self._worker = None
                        return
                    news, dots, view = self._news, self._dots, self._view
                if self._step(dots, view, news):
                    done = news
                time.sleep(PAUSE)
        except BaseException:
            self._worker = None
            raise

    def _step(self, dots: Dots, view: View | None, news: int) -> bool:
        """Send what is missing; False where something new came in between."""
        chunks = self._chunks_of(dots)
        if chunks is None:
            return False
        levels = self._cache.get(("levels", dots.place), lambda: build_levels(dots.points))
        share = self._budget.share(self, len(dots.points))
        with self._lock:
            if self._removed:
                return False
            missing = chunks.arrange(levels, dots, view, share)
        for done, chunk in enumerate(missing):
            packet = chunks.pack(chunk)
            while _waiting(self._client) > AHEAD and not self._removed:
                time.sleep(0.002)
            with self._lock:
                if self._removed or (done and news != self._news):
                    return False
                with self._client.atomic():
                    chunks.put(chunk, packet)
                    self._drop_before()
        with self._lock:
            self._drop_before()  # where nothing of these points is left to see
        return True

    def _chunks_of(self, dots: Dots) -> Chunks | None:
        """The nodes of these points; None where the stream was removed meanwhile."""
        with self._lock:
            if self._removed:
                return None
            if self._now is not None and self._now.place == dots.place:
                return self._now
            if self._now is not None and self._now.points:
                self._drop_before()
                self._before = self._now
            elif self._now is not None:
                self._now.remove()
            self._made += 1
            self._now = Chunks(self._client, dots, self._made, self._visible)
            if len(dots.points) > LARGE and self._before is None:
                self._now.preview(dots)
            return self._now

    def _drop_before(self) -> None:
        if self._before is not None:
            self._before.remove()
            self._before = None


def _waiting(client: viser.ClientHandle) -> int:
    """Messages that the network has not taken yet."""
    return len(client._websock_connection.get_message_buffer().message_from_id)
