"""The pick tab: what lies under a click, and distances between two clicks."""

import math
from html import escape

import numpy as np
import viser

from geomdl.io.posed import PosedImages
from geomdl.structures import Camera
from geomdl.viewer.cameras import single_cameras
from geomdl.viewer.look import Look, Vector, vector
from geomdl.viewer.page import script, style
from geomdl.viewer.page.controls import Controls, show
from geomdl.viewer.page.legend import number
from geomdl.viewer.pick import Pick, pick
from geomdl.viewer.viewpoint import Viewpoint

COLOR = (245, 120, 20)
SHARE = 0.004  # of the size of the scene is the radius of a mark
HINT = "Click anything in the scene to see what it is."
STYLE = "padding:0.2em 0.8em 0.6em;font-size:0.85em;line-height:1.5"
WORDS = 32  # letters of a name beside the mark
Measure = tuple[float, float, float, float, float, float]


class Inspector:
    """What one visitor picked and measured. The mark is no part of the drawing."""

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.session = controls.session
        self.first: Vector | None = None
        self.found: Pick | None = None
        self._mark: viser.PointCloudHandle | None = None
        self._words: viser.LabelHandle | None = None
        gui = controls.gui
        self.text = gui.add_html(_note(HINT))
        self.stand = gui.add_button(
            "Look through this camera", icon=viser.Icon.CAMERA, visible=False
        )
        style.quiet(gui, [self.stand])
        controls.on_press(self.stand, self._stand)
        self.measuring = gui.add_checkbox(
            "Measure", False, hint="the distance between the next two clicks: key M"
        )
        controls.on_user(self.measuring, self._start)
        self.list = gui.add_html("")
        self.buttons = gui.add_button_group(
            "Distances", ("remove last", "remove all"), visible=False, hint="Delete"
        )
        controls.on_press(self.buttons, lambda: self._remove(self.buttons.value))
        self.session.on_click(self._clicked)
        controls.seen(self._follow)

    def measure(self) -> None:
        """Begin to measure, or stop."""
        show(self.measuring, not self.measuring.value)
        self._start()

    def clear(self) -> None:
        """Forget what was picked, and measure no more; distances stay."""
        show(self.measuring, False)
        self.found = None
        self.stand.visible = False
        self._start()

    def remove_last(self) -> None:
        """Take back the last point or the last distance."""
        if self.first is not None:
            self.first = None
            self._show_mark(None)
        else:
            self.controls.change({"measure": self.session.look.measure[:-1]})

    def _start(self) -> None:
        self.first = None
        if self.measuring.value:
            self.text.content = _note("Click two points to measure between them.")
        else:
            self.text.content = _note(HINT)
            self._show_mark(None)

    def _remove(self, what: str) -> None:
        if what == "remove all":
            self.controls.change({"measure": ()})
        else:
            self.remove_last()

    def _clicked(self, origin: Vector, direction: Vector, pixel: float) -> None:
        found = pick(self.session.scene, self.session.look, origin, direction, pixel)
        self.found = found
        self.stand.visible = found is not None and found.kind == "camera"
        if found is None:
            self.text.content = _note("Nothing there. " + HINT)
            self._show_mark(None)
            return
        self.text.content = to_html(found, self.session.scene.origin)
        lift = 8 * SHARE * self._reach()  # before the surface, which would cut the disc in two
        x, y, z = (p - lift * d for p, d in zip(found.position, direction, strict=True))
        self._show_mark((x, y, z))
        self._show_words(caption(found, self.session.look))
        if self.measuring.value:
            self._measured(vector(found.position))

    def _stand(self) -> None:
        """Look as the picked camera does."""
        if self.found is not None:
            look, scene = self.session.look, self.session.scene
            shape = scene.shape(self.found.item, look.frame)
            if isinstance(shape, PosedImages | Camera):
                self._show_mark(None)
                camera = single_cameras(shape)[self.found.index]
                self.session.move(through(camera, self._reach()))

    def _reach(self) -> float:
        drawing = self.session.drawing
        return 1.0 if drawing is None else float((drawing.high - drawing.low).norm()) / 4

    def _measured(self, point: Vector) -> None:
        if self.first is None:
            self.first = point
            return
        pair: Measure = (*self.first, *point)
        self.first = None
        self.controls.change({"measure": (*self.session.look.measure, pair)})

    def _follow(self, look: Look) -> None:
        self.list.content = measures_html(look.measure)
        self.buttons.visible = bool(look.measure)

    def _show_mark(self, position: Vector | None) -> None:
        script.call(self.session.client, "overlay.marks", 0 if position is None else 1)
        if position is None:
            if self._mark is not None:
                self._mark.visible = False
            return
        if self._mark is None:
            drawing = self.session.drawing
            size = 1.0 if drawing is None else float((drawing.high - drawing.low).norm())
            self._mark = self.session.client.scene.add_point_cloud(
                "/picked",
                np.zeros((1, 3), np.float32),
                COLOR,
                point_size=2 * size * SHARE,
                point_shape="circle",
                position=position,
            )  # lights are off in the page: a sphere would be black
        self._mark.position = position
        self._mark.visible = True

    def _show_words(self, text: str) -> None:
        """Beside the mark, so that it is seen whatever tab is open."""
        if self._words is None:
            self._words = self.session.client.scene.add_label(
                "/picked/words", text, anchor="bottom-center", font_screen_scale=0.9
            )
        elif self._words.text != text:
            self._words.text = text


def through(camera: Camera, reach: float) -> Viewpoint:
    """What one camera sees, with a target so many metres before it; lens and centre may differ."""
    pose = camera.camera_to_world
    _, down, forward = pose.rotation.unbind(-1)
    fov = math.degrees(2 * math.atan(camera.height / 2 / float(camera.intrinsics[1, 1])))
    eye = pose.translation
    return Viewpoint(vector(eye), vector(eye + reach * forward), vector(-down), fov)


def caption(found: Pick, look: Look) -> str:
    """A pick in one line: the item, and the value that colours it or else its number."""
    value = found.values.get(look.color_by)
    what = f"{found.kind} {found.index:,}" if value is None else f"{look.color_by} {value}"
    return f"{shortened(found.item)} · {shortened(what)}"


def shortened(text: str, most: int = WORDS) -> str:
    """A text whose middle is left out where it is long."""
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def to_html(found: Pick, origin: Vector = (0.0, 0.0, 0.0)) -> str:
    """A pick -> a table; what files may say is escaped.

    origin: where in the files the scene's zero is; positions are told as the files count them.
    """
    here = _plain(vector(found.position))
    moved = [f"{p + o:.3f}".replace("-", "−") for p, o in zip(here, origin, strict=True)]
    place = " ".join(moved if any(origin) else map(number, here))
    rows = {"item": found.item, found.kind: f"{found.index:,}", "position": place, **found.values}
    cells = "".join(
        f'<tr><td style="opacity:0.65;padding-right:1em;white-space:nowrap">{escape(str(name))}'
        f'</td><td style="overflow-wrap:anywhere">{escape(str(value))}</td></tr>'
        for name, value in rows.items()
    )
    return f'<div class="geomdl-pick" style="{STYLE}"><table>{cells}</table></div>'


def _plain(place: Vector) -> Vector:
    """A place without the dust of computing near zero."""
    least = 1e-6 * max(map(abs, place))
    x, y, z = (v if abs(v) > least else 0.0 for v in place)
    return (x, y, z)


def measures_html(measures: tuple[Measure, ...]) -> str:
    """The distances one below the other, with their parts along the axes."""
    lines = []
    for count, measure in enumerate(measures, 1):
        parts = [b - a for a, b in zip(measure[:3], measure[3:], strict=True)]
        along = " ".join(f"{name} {number(abs(v))}" for name, v in zip("xyz", parts, strict=True))
        lines.append(
            f"<div>{count}. <b>{number(math.hypot(*parts))}</b> "
            f'<span style="opacity:0.65">{along}</span></div>'
        )
    return f'<div style="{STYLE}">{"".join(lines)}</div>' if lines else ""


def _note(text: str) -> str:
    return f'<div style="{STYLE};opacity:0.7">{escape(text)}</div>'
