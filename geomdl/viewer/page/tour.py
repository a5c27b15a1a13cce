"""The path tab: keyframes of a flight, seen in the scene, recorded, played, saved and filmed."""

import dataclasses
import threading
import time

import viser

from geomdl.errors import GeometryError
from geomdl.viewer.page import style
from geomdl.viewer.page.command import command_of
from geomdl.viewer.page.controls import Controls, show
from geomdl.viewer.page.filming import Filming
from geomdl.viewer.page.flight import Flight
from geomdl.viewer.page.legend import note
from geomdl.viewer.page.sharing import copy, file_stem
from geomdl.viewer.path import CameraPath, Keyframe
from geomdl.viewer.viewpoint import Viewpoint

FPS = 30
NONE = "none yet"


class Tour:
    """The path of one visitor, and the controls that change it."""

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.session = controls.session
        self.keys: list[Keyframe] = []
        self.flight = Flight(controls)
        self._stop: threading.Event | None = None
        self._samples: list[tuple[float, Viewpoint]] | None = None
        self.session.on_camera(self._sample)
        gui = controls.gui
        gui.add_html(
            note("Keyframes where the camera stands make a path to fly along and to film.")
        )
        first = gui.add_button_group("Keyframe", ("add", "replace", "remove"), hint="add: key K")
        self.more = gui.add_folder(None, visible=False)
        with self.more:
            self.chosen = gui.add_dropdown("Chosen", (NONE,), hint="the camera goes there")
            self.seconds = gui.add_number("Seconds", 2.0, min=0.05, step=0.1, hint="to the next")
            self.loop = gui.add_checkbox("Back to first", False, hint="the path is a loop")
            self.time = gui.add_slider("Time s", 0.0, 1.0, 0.01, 0.0, visible=False)
            self.play = gui.add_button("Fly", icon=viser.Icon.PLAYER_PLAY, hint="Key P")
            files = gui.add_button_group(
                "Path", ("save", "command", "clear"), hint="command: geomdl render for a film of it"
            )
        self.record = gui.add_button(
            "Record", icon=viser.Icon.PLAYER_RECORD, hint="then move as you like: key R"
        )
        load = gui.add_upload_button(
            "Load a path", icon=viser.Icon.UPLOAD, mime_type="application/json",
            hint="that was saved here, or by nerfstudio",
        )  # fmt: skip
        style.quiet(gui, [self.record, load])
        self.film = gui.add_folder("Film", visible=False)
        with self.film:
            self.filming = Filming(controls, lambda: self.path)
        controls.on_press(first, lambda: self._edit(first.value))
        controls.on_user(self.chosen, self._go)
        controls.on_user(self.seconds, self._stretch)
        controls.on_user(self.loop, self._changed)
        controls.on_user(self.time, self._scrub)
        controls.on_press(self.play, self.toggle)
        controls.on_press(self.record, self.toggle_recording)
        controls.on_press(files, lambda: self._file(files.value))
        load.on_upload(lambda event: controls.guarded(lambda: self._load(event.target.value)))

    @property
    def path(self) -> CameraPath:
        """The path. Raises GeometryError where it has no keyframe."""
        if not self.keys:
            raise GeometryError("path: it has no keyframe yet; add one with key K")
        return CameraPath(tuple(self.keys), self.loop.value)

    def add(self) -> None:
        """A keyframe where the camera is, after the chosen one."""
        number = self._number()
        at = len(self.keys) if number is None else number + 1
        seconds = self.keys[-1].seconds if self.keys else 2.0
        self.keys.insert(at, Keyframe(self.session.viewpoint(), seconds))
        self._changed(at)

    def set(self, keys: list[Keyframe], loop: bool = False) -> None:
        """Another path in the place of this one."""
        self.halt()
        self.keys = list(keys)
        show(self.loop, loop)
        self._changed(len(keys) - 1)

    def toggle(self) -> None:
        """Fly along the path, or stop."""
        if self._stop is not None:
            self.halt()
            return
        path = self.path
        if path.seconds == 0:
            raise GeometryError("path: expected two or more keyframes to fly along")
        self._stop = threading.Event()
        self.play.label, self.play.icon = "Stop", viser.Icon.PLAYER_STOP
        self.flight.visible(False)
        begin = self.time.value if self.time.value < path.seconds - 0.05 else 0.0
        threading.Thread(target=self._fly, args=(path, begin, self._stop), daemon=True).start()

    def halt(self) -> None:
        """Stop flying."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
            self.play.label, self.play.icon = "Fly", viser.Icon.PLAYER_PLAY
            self.flight.visible(True)

    def toggle_recording(self) -> None:
        """Record where the camera goes; a second time makes the path of it."""
        if self._samples is None:
            self.halt()
            self._samples = [(time.monotonic(), self.session.viewpoint())]
            self.record.label, self.record.icon = "Stop recording", viser.Icon.PLAYER_STOP
            return
        samples, self._samples = self._samples, None
        self.record.label, self.record.icon = "Record", viser.Icon.PLAYER_RECORD
        path = CameraPath.recorded([*samples, (time.monotonic(), self.session.viewpoint())])
        self.set(list(path.keyframes))
        self.session.notify(
            "Recorded", f"{path.seconds:.1f} seconds as {len(path.keyframes)} keyframes"
        )

    def _sample(self, view: Viewpoint) -> None:
        if self._samples is not None:
            self._samples.append((time.monotonic(), view))

    def _fly(self, path: CameraPath, begin: float, stop: threading.Event) -> None:
        start = time.monotonic() - begin
        while not stop.wait(1 / FPS) and not self.controls.gone:
            now = time.monotonic() - start
            if now > path.seconds and not path.loop:
                self._show(path, path.seconds)
                break
            self._show(path, now % path.seconds if path.loop else now)
        if self._stop is stop:
            self.halt()

    def _show(self, path: CameraPath, seconds: float) -> None:
        show(self.time, min(seconds, self.time.max))
        self.session.move(path.at(seconds))

    def _edit(self, what: str) -> None:
        number = self._number()
        if what == "add":
            self.add()
        elif number is not None and what == "replace":
            self.keys[number] = dataclasses.replace(
                self.keys[number], viewpoint=self.session.viewpoint()
            )
            self._changed(number)
        elif number is not None:
            del self.keys[number]
            self._changed(min(number, len(self.keys) - 1))

    def _number(self) -> int | None:
        return self.chosen.options.index(self.chosen.value) if self.keys else None

    def _go(self) -> None:
        number = self._number()
        if number is not None:
            self.halt()
            show(self.seconds, self.keys[number].seconds)
            show(self.time, min(sum(key.seconds for key in self.keys[:number]), self.time.max))
            self.session.move(self.keys[number].viewpoint)

    def _stretch(self) -> None:
        number = self._number()
        if number is not None:
            self.keys[number] = dataclasses.replace(self.keys[number], seconds=self.seconds.value)
            self._changed(number)

    def _scrub(self) -> None:
        self.halt()
        self.session.move(self.path.at(self.time.value))

    def _changed(self, chosen: int | None = None) -> None:
        """Show the path as it is, with one keyframe chosen."""
        self.halt()
        number = self._number() if chosen is None else chosen
        starts = [sum(key.seconds for key in self.keys[:i]) for i in range(len(self.keys))]
        names = tuple(f"{i + 1} at {start:.1f} s" for i, start in enumerate(starts))
        self.chosen.options = names or (NONE,)
        if self.keys and number is not None:
            number = max(0, min(number, len(names) - 1))
            show(self.chosen, names[number])
            show(self.seconds, self.keys[number].seconds)
        self.more.visible = bool(self.keys)
        path = self.path if self.keys else None
        flies = path is not None and path.seconds > 0
        for handle in (self.time, self.play, self.film):
            handle.visible = flies
        if path is not None and flies:
            self.time.max = round(path.seconds, 2)
        self.flight.draw(path, self._pressed)

    def _pressed(self, number: int) -> None:
        show(self.chosen, self.chosen.options[number])
        self._go()

    def _file(self, what: str) -> None:
        if what == "clear":
            self.set([])
            return
        name = f"{file_stem(self.session.scene.names)}_path.json"
        if what == "command":
            command = command_of(self.session.scene, self.session.look, path=name)
            copy(self.controls, command, "Command copied: save the path, too")
            return
        self.session.client.send_file_download(
            name, self.path.to_json().encode(), save_immediately=True
        )

    def _load(self, file: viser.UploadedFile) -> None:
        path = CameraPath.from_json(file.content)
        self.set(list(path.keyframes), path.loop)
        self.session.notify("Loaded", f"{len(path.keyframes)} keyframes of {file.name}")
