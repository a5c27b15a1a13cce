"""Playing a sequence: a slider of frames, and a thread that moves it while it plays."""

import contextlib
import threading
import time

import viser

from geomdl.errors import GeometryError
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look
from geomdl.viewer.page.controls import Controls, show

FPS = 12
FASTEST = (1, 60)
PATIENCE = 2.0  # seconds that a page may take to read a frame before the next is sent


class Player:
    """Frames in their turn, by the clock: what cannot be shown in time is left out.

    The thread lives while something plays.
    """

    def __init__(self, controls: Controls, fps: float = FPS) -> None:
        self.controls = controls
        self.session = controls.session
        self._stop: threading.Event | None = None
        self._waited: float | None = None
        gui = controls.gui
        with gui.add_folder("Sequence"):
            last = max(self.count - 1, 1)
            self.slider = gui.add_slider("Frame", 0, last, 1, 0, hint="Page up, down")
            self.button = gui.add_button("Play", icon=viser.Icon.PLAYER_PLAY, hint="Space")
            self.fps = gui.add_slider("Frames/s", FASTEST[0], FASTEST[1], 1, _held(fps))
            self.loop = gui.add_checkbox("Repeat", True)
        controls.on_user(self.slider, self._moved)
        controls.seen(self._seen)
        controls.on_press(self.button, self.toggle)

    @property
    def count(self) -> int:
        """Frames that there are; a sequence may grow while it is looked at."""
        return self.session.scene.frame_count

    def _seen(self, look: Look) -> None:
        last = max(self.count - 1, 1)
        if self.slider.max != last:
            self.slider.max = last
        show(self.slider, look.frame)

    def begin(self) -> None:
        """Play as soon as the first picture is there."""
        started = threading.Event()

        def start(_: Drawing) -> None:
            if not started.is_set():
                started.set()
                self.session.later(self.toggle)  # after the view has been fitted

        self.controls.drawn(start)

    @property
    def playing(self) -> bool:
        """Whether frames are moving."""
        return self._stop is not None

    def toggle(self) -> None:
        """Start, or stop where it is; a start at the end begins again."""
        if self._stop is not None:
            self.stop()
            return
        self._stop = threading.Event()
        self.button.label, self.button.icon = "Stop", viser.Icon.PLAYER_PAUSE
        first = self.session.look.frame
        first = 0 if first >= self.count - 1 else first
        threading.Thread(target=self._run, args=(self._stop, first), daemon=True).start()

    def stop(self) -> None:
        """Stop at the frame that is shown."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
            self.button.label, self.button.icon = "Play", viser.Icon.PLAYER_PLAY

    def step(self, by: int) -> None:
        """One frame on or back, in a circle."""
        self.stop()
        self.controls.change({"frame": (self.session.look.frame + by) % self.count})

    def _moved(self) -> None:
        self.stop()
        self.controls.change({"frame": self.slider.value})

    def _run(self, stop: threading.Event, first: int) -> None:
        begin, shown, fps = time.monotonic(), first, self.fps.value
        while not stop.wait(1 / fps / 4) and not self.controls.gone:
            if fps != self.fps.value:
                begin, first, fps = time.monotonic(), shown, self.fps.value
            frame = first + int((time.monotonic() - begin) * fps)
            if frame >= self.count and not self.loop.value:
                self.controls.change({"frame": self.count - 1})
                break
            if frame % self.count != shown and self._read_by_page():
                shown = frame % self.count
                self.controls.change({"frame": shown})
                self._read((shown + 1) % self.count)
        if self._stop is stop:
            self.stop()

    def _read_by_page(self) -> bool:
        """Whether the page has read what it was sent; slow ones leave frames out."""
        if self.session.pending == 0:
            self._waited = None
            return True
        now = time.monotonic()
        self._waited = self._waited or now
        return now - self._waited > PATIENCE

    def _read(self, frame: int) -> None:
        """Read files ahead while the page draws; what is broken is said when it is shown."""
        with contextlib.suppress(GeometryError):
            for name in self.session.scene.names:
                self.session.scene.shape(name, frame)


def _held(fps: float) -> int:
    """A rate that the slider can show."""
    return min(max(round(fps), FASTEST[0]), FASTEST[1])
