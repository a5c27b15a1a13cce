"""One visitor of the page: what they look at and how. Visitors never share a state."""

import math
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import viser

from geomdl.errors import GeometryError
from geomdl.viewer.compose import compose
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look, Vector, from_link, vector
from geomdl.viewer.page import script
from geomdl.viewer.page.aim import AXES, reach, size_of
from geomdl.viewer.page.links import Links
from geomdl.viewer.page.nodes import Files, Nodes
from geomdl.viewer.page.worker import Worker
from geomdl.viewer.scene import Scene
from geomdl.viewer.viewpoint import Viewpoint, initial

HELLO = 3.0  # seconds that the first picture waits for the page's script
CAMERA = 0.1  # seconds between two calls of camera callbacks
SETTLE = 0.3  # seconds after which viser has turned its scene
PATIENCE = 1.5  # seconds that the controls wait for the first picture
REMEMBER = 0.7  # seconds until the address in the browser follows the view

Direction = tuple[float, float, float]


@dataclass(frozen=True)
class Shared:
    """What the visitors of one page have in common."""

    scene: Scene
    title: str = "geomdl"
    fps: float | None = None
    files: Files = field(default_factory=Files)
    links: Links = field(default_factory=Links)


class Session:
    """A visitor: their client of viser, the look they chose, and the drawing they see.

    `change` and all other methods may be called from any thread; the work is done in turn on the
    session's own thread, and so are all callbacks.
    """

    def __init__(self, shared: Shared, client: viser.ClientHandle, look: Look) -> None:
        self.scene = shared.scene
        self.client = client
        self.drawing: Drawing | None = None
        self.base = f"http://127.0.0.1:{client._viser_server.get_port()}/"
        self._shared = shared
        self._lock = threading.Lock()
        self._base = self._look = self._shown = look
        self._listeners: list[Callable[[Look, Look], object]] = []
        self._drawn: list[Callable[[Drawing], object]] = []
        self._cameras: list[Callable[[Viewpoint], object]] = []
        self._clicks: list[Callable[[Direction, Direction, float], object]] = []
        self._worker = Worker(f"geomdl page {client.client_id}", self._failed)
        self._nodes = Nodes(client, shared.files, shared.scene.cache, self._worker.later)
        self._fov = look.fov  # that was sent last
        self._hello = threading.Event()
        self._search = ""
        self._fitted: tuple[Look, float] | None = None
        self._eyes: list[Vector] = []  # where the page was put, and not by its visitor
        self._build: Callable[[Session], None] | None = None  # of the controls, until it is called
        self._closed = False

    def start(self, build: Callable[["Session"], None]) -> None:
        """Prepare the page, read its link, draw, build its controls once the picture is there."""
        script.hear(self.client, self._heard)
        script.prepare(self.client, self._shared.title)
        self.client.camera.on_update(lambda _: self._moved())
        self.client.scene.on_click()(self._clicked)
        self._build = build
        self._worker.later(self._begin)

    @property
    def look(self) -> Look:
        """The look that was asked for last."""
        with self._lock:
            return self._look

    @property
    def fps(self) -> float | None:
        """Frames per second of a sequence that is to play from the start; None for no playing."""
        return self._shared.fps

    @property
    def pending(self) -> int:
        """How many files were sent that the page has not read yet."""
        return self._nodes.pending

    def change(self, **fields: Any) -> None:
        """Replace fields of the look and draw again soon. Raises GeometryError for bad values."""
        with self._lock:
            self._look = self._look.replace(**fields)
        self._worker.later(self._redraw, name="redraw")

    def listen(self, callback: Callable[[Look, Look], object]) -> None:
        """Call back with the old and the new look before a changed one is drawn."""
        self._listeners.append(callback)

    def on_drawing(self, callback: Callable[[Drawing], object]) -> None:
        """Call back after each drawing was sent, at once with the one that is there."""
        self._drawn.append(callback)
        if self.drawing is not None:
            drawing = self.drawing
            self.later(lambda: callback(drawing))

    def on_camera(self, callback: Callable[[Viewpoint], object]) -> None:
        """Call back while the camera moves, ten times a second, and where it comes to rest."""
        self._cameras.append(callback)

    def on_click(self, callback: Callable[[Direction, Direction, float], object]) -> None:
        """Call back with a click's origin, unit direction, and radians per pixel."""
        self._clicks.append(callback)

    def later(self, function: Callable[[], object], seconds: float = 0.0) -> None:
        """Run a function on the session's thread, not before `seconds` have passed."""
        self._worker.later(function, seconds)

    def viewpoint(self) -> Viewpoint:
        """Where the visitor looks from."""
        camera = self.client.camera
        eye, target, up = (
            vector(v) for v in (camera.position, camera.look_at, camera.up_direction)
        )
        return Viewpoint(eye, target, up, math.degrees(camera.fov))

    def move(self, viewpoint: Viewpoint) -> None:
        """Look from there."""
        camera = self.client.camera
        with self.client.atomic():
            if camera.up_direction @ viewpoint.up < 0.9999 * np.linalg.norm(viewpoint.up):
                camera.up_direction = viewpoint.up
            camera.position = viewpoint.eye
            camera.look_at = viewpoint.target
            camera.fov = math.radians(viewpoint.fov)

    def reset(self) -> None:
        """Look at everything from the front corner."""
        if self.drawing is not None:
            look = self.look.replace(eye=None, target=None)
            self.move(initial(self.drawing, look, self.aspect))

    @property
    def aspect(self) -> float:
        """Width over height of the page."""
        state = self.client.camera
        return state.image_width / max(state.image_height, 1)

    @property
    def link_group(self) -> str | None:
        """The name of the group whose cameras move together with this one."""
        return self._shared.links.group(self)

    @link_group.setter
    def link_group(self, group: str | None) -> None:
        self._shared.links.join(self, group)

    def link(self) -> str:
        """A link that opens the same view with the same look."""
        return f"{self.base}?{self._query()}"

    def notify(self, title: str, text: str = "") -> None:
        """A message in the corner of the page, for a few seconds."""
        self.client.add_notification(title, text, auto_close_seconds=6.0)

    def overlay(self, visible: bool) -> None:
        """Show or hide the frame rate and the memory."""
        script.call(self.client, "overlay.show", visible)

    def close(self) -> None:
        """The visitor has gone."""
        self._closed = True
        self._hello.set()
        self._shared.links.join(self, None)
        self._worker.close(self._nodes.clear)

    def join(self, seconds: float) -> None:
        """Wait until the work of a closed session has ended, at most so long."""
        self._worker.join(seconds)

    def _begin(self) -> None:
        self._hello.wait(HELLO)
        if self._closed:
            return
        search = self._search.removeprefix("?")
        query = parse_qs(search)
        if {"look", "initialCameraFov"} & set(query):
            self._follow(f"?{search}", Look() if "look" in query else self.look)
        asked = self.look
        with self._lock:
            # From here on the browser knows where its camera is.
            self._look = self._shown = self._look.replace(eye=None, target=None)
        self._fov = self.look.fov
        if "group" in query:
            self.link_group = query["group"][0]
        self._redraw()
        if "initialCameraPosition" not in query and not self._closed:
            self._fit(asked)
        self._worker.later(self._furnish, PATIENCE if self.pending else 0.0)

    def _furnish(self) -> None:
        """Build the controls, after the picture: the browser takes long for either."""
        build, self._build = self._build, None
        if build is not None and not self._closed:
            build(self)

    def _read(self, mark: int) -> None:
        self._nodes.ready(mark)
        if not self.pending:
            self._furnish()

    def _follow(self, link: str, look: Look) -> None:
        try:
            asked = from_link(link, look)
            with self._lock:
                self._look = asked.replace(fov=round(asked.fov, 3))
        except GeometryError as error:
            self.notify("The link cannot be read", str(error))

    def _redraw(self) -> None:
        with self._lock:
            old, new = self._shown, self._look
            self._shown = new
        if old != new:
            self._announce(old, new)
        try:
            drawing = compose(self.scene, new)
        except GeometryError as error:
            self.notify("That cannot be drawn", str(error))
            self._take_back(new, old)
            return
        if self._closed:
            return
        before, self.drawing = self.drawing, drawing
        self._surroundings(before, drawing, new)
        self._nodes.update(drawing)
        script.call(self.client, "overlay.server", script.resident())
        for callback in self._drawn:
            callback(drawing)
        self._worker.later(self._remember, REMEMBER, name="remember")

    def _fit(self, look: Look) -> None:
        """The view that the look asks for, in this page's own proportions; 'Reset View' too."""
        if self.drawing is None:
            return
        view = initial(self.drawing, look, self.aspect)
        script.aim(self.client, view)
        self._fitted = (look, self.aspect)
        self._eyes += [self.viewpoint().eye, view.eye]
        self.move(view)

    def _refit(self, seen: Viewpoint) -> None:
        """Fit again while the page takes its size, as long as nobody has moved the camera."""
        if self._fitted is None:
            return
        look, aspect = self._fitted
        close = 1e-3 * math.dist(seen.eye, seen.target)
        # The view for all visitors may be sent later than this one's own, and undo it.
        common = vector(self.client._viser_server.initial_camera.position)
        if min(math.dist(seen.eye, eye) for eye in (*self._eyes, common)) > close:
            self._fitted = None
        elif abs(self.aspect / aspect - 1) > 0.01 or math.dist(seen.eye, self._eyes[-1]) > close:
            self._fit(look)

    def _announce(self, old: Look, new: Look) -> None:
        for callback in self._listeners:
            callback(old, new)

    def _take_back(self, bad: Look, good: Look) -> None:
        with self._lock:
            if self._look is not bad or good == bad:
                return
            self._look = self._shown = good
        self._announce(bad, good)

    def _surroundings(self, before: Drawing | None, drawing: Drawing, look: Look) -> None:
        """Background, up axis, field of view and reach of the camera."""
        color = None if drawing.background == "none" else drawing.background
        if before is None or before.background != drawing.background:
            script.call(self.client, "background", color)
        if before is not None and before.up != drawing.up:
            # viser goes back to its initial view when up changes; that view must be the new one.
            script.aim(self.client, initial(drawing, look, self.aspect))
            self.client.scene.set_up_direction(AXES[drawing.up])
            self.reset()
            self._worker.later(self.reset, SETTLE)
        if look.fov != self._fov:
            self._fov = look.fov
            self.client.camera.fov = math.radians(look.fov)
        if before is None:
            self.client.camera.near, self.client.camera.far = reach(drawing)
            script.call(self.client, "speed", size_of(drawing) / 4)

    def _heard(self, told: dict[str, Any]) -> None:
        if "hello" in told:
            self._search = str(told["hello"] or "")
            self.base = str(told.get("base", ""))
            self._hello.set()
        elif isinstance(told.get("ready"), int):
            mark = told["ready"]
            self._worker.later(lambda: self._read(mark))
        elif isinstance(told.get("pace"), int | float) and math.isfinite(told["pace"]):
            rate = float(told["pace"])
            self._worker.later(lambda: self._nodes.paced(rate), name="pace")

    def _moved(self) -> None:
        """A message of viser about the camera; they come at up to 50 Hz."""
        self._shared.links.moved(self, self.viewpoint())
        self._worker.later(self._camera, CAMERA, name="camera")
        self._worker.later(self._remember, REMEMBER, name="remember")

    def _camera(self) -> None:
        view = self.viewpoint()
        self._refit(view)
        gaze = [t - e for t, e in zip(view.target, view.eye, strict=True)]
        length = math.hypot(*gaze) or 1.0
        camera = self.client.camera
        self._nodes.camera(
            view.eye,
            (gaze[0] / length, gaze[1] / length, gaze[2] / length),
            math.radians(view.fov),
            self.aspect,
            camera.image_height,
        )
        for callback in self._cameras:
            callback(view)

    def _clicked(self, event: viser.SceneClickEvent) -> None:
        camera = self.client.camera
        pixel = 2 * math.tan(camera.fov / 2) / max(camera.image_height, 1)
        origin, direction = vector(event.ray_origin), vector(event.ray_direction)
        for callback in self._clicks:
            self._worker.later(lambda callback=callback: callback(origin, direction, pixel))  # type: ignore[misc]

    def _query(self) -> str:
        view = self.viewpoint()
        look = self.look.replace(eye=None, target=None).to_query()
        if not look and self._base != Look():
            look = "%7B%7D"  # a link without a look opens the page's own
        fields = [
            ("initialCameraPosition", ",".join(f"{x:.6g}" for x in view.eye)),
            ("initialCameraLookAt", ",".join(f"{x:.6g}" for x in view.target)),
            ("initialCameraFov", f"{math.radians(view.fov):.6g}"),
            ("look", look),
        ]
        return "&".join(f"{name}={value}" for name, value in fields if value)

    def _remember(self) -> None:
        """Let the browser's address hold the view, so that a reload shows it again."""
        group = self.link_group
        rest = f"&group={group}" if group is not None and group.isalnum() else ""
        script.call(self.client, "remember", self._query() + rest)

    def _failed(self, error: Exception) -> None:
        if self._closed:
            return
        self.notify("Something failed", f"{type(error).__name__}: {error}")
        traceback.print_exception(error, file=sys.stderr)
