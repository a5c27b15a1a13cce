"""Filming: the path drawn by our renderer, frame by frame, as an MP4 that the browser saves."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import viser
from torch import Tensor

from geomdl.render.video import save_video
from geomdl.viewer.film import Studio, film, flown
from geomdl.viewer.page import style
from geomdl.viewer.page.controls import Controls, show
from geomdl.viewer.page.sharing import file_stem
from geomdl.viewer.path import CameraPath

SIZE = (960, 540)
FPS = 24


class Filming:
    """One film at a time; the button that began it ends it."""

    def __init__(self, controls: Controls, path_of: Callable[[], CameraPath]) -> None:
        self.controls = controls
        self.session = controls.session
        self.path_of = path_of
        self._stop: threading.Event | None = None
        gui = controls.gui
        self.size = gui.add_vector2("Size", SIZE, min=(16, 16), max=(4096, 4096), step=2)
        self.fps = gui.add_slider("Frames/s", 1, 60, 1, FPS)
        self.button = gui.add_button(
            "Film", icon=viser.Icon.MOVIE, hint="the path by geomdl's renderer, as mp4"
        )
        style.quiet(gui, [self.button])
        self.done = gui.add_progress_bar(0.0, visible=False)
        controls.on_press(self.button, self.toggle, long=True)

    def toggle(self) -> None:
        """Make the film, or stop making it."""
        if self._stop is not None:
            self._stop.set()
            return
        shots = self.path_of().frames(self.fps.value)
        self._stop = stop = threading.Event()
        self.button.label, self.done.visible = "Stop filming", True
        try:
            size = (int(self.size.value[0]), int(self.size.value[1]))
            studio = Studio(self.session.scene, self.session.look, size)
            every = flown(studio, shots, play=self.session.scene.frame_count > 1)
            self._save(film(studio, every), len(every), stop)
        finally:
            self._stop = None
            self.button.label, self.done.visible = "Film", False

    def _save(self, pictures: Iterator[Tensor], count: int, stop: threading.Event) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "film.mp4"
            taken = save_video(path, self._counted(pictures, count, stop), self.fps.value)
            if taken == count:
                name = f"{file_stem(self.session.scene.names)}_film.mp4"
                self.session.client.send_file_download(
                    name, path.read_bytes(), save_immediately=True
                )

    def _counted(
        self, pictures: Iterator[Tensor], count: int, stop: threading.Event
    ) -> Iterator[Tensor]:
        begin = time.monotonic()
        for number, picture in enumerate(pictures, 1):
            yield picture
            show(self.done, 100 * number / count)
            left = (time.monotonic() - begin) / number * (count - number)
            self.button.label = f"Stop filming ({left:.0f} s left)"
            if stop.is_set() or self.controls.gone:
                return
