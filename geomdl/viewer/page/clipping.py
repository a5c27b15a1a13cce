"""The clip folder: ranges along the axes, and planes across the view."""

import contextlib
from dataclasses import replace

import viser
from torch import Tensor
from viser._messages import GuiSliderMark

from geomdl.errors import GeometryError
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.page import cuts as planes
from geomdl.viewer.page.controls import Controls, show
from geomdl.viewer.page.cuts import Cuts, floored, places, step_of

# Without it a drag selects text, the focus goes to some box of a number, and keys are dead.
STYLE = "<style>[class^='multi-slider'] { user-select: none; -webkit-user-select: none }</style>"


def build(controls: Controls) -> None:
    """Two-handed sliders for x, y and z; rows for planes in other directions; a button that adds
    a plane across the view."""
    _Clipping(controls)


class _Clipping:
    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.session = controls.session
        self.cuts: Cuts | None = None
        self.drawing: Drawing | None = None
        self.span: tuple[Tensor, Tensor] | None = None  # of the sliders
        self.frame = 0  # of that span
        self.sliders: list[viser.GuiMultiSliderHandle[float]] = []
        self.rows: list[_Row] = []
        self.told: tuple[str, ...] = ()  # the planes that the text field holds
        gui = controls.gui
        gui.add_html(STYLE)
        self.axes = gui.add_folder(None)
        self.planes = gui.add_folder(None)
        with gui.add_folder(None):
            buttons = gui.add_button_group(
                "Plane", ("add", "none"), hint="across the view: keys Shift X, U"
            )
            self.text = gui.add_text(
                "Planes",
                "",
                hint="as --clip takes them: z<1.2 x>50% 0.6,0,0.8<1; type what to keep",
            )
        controls.on_user(self.text, self._typed)
        controls.on_press(
            buttons,
            lambda: self.add() if buttons.value == "add" else self.controls.change({"clip": ()}),
        )
        controls.drawn(self._redraw)
        controls.seen(self._follow)

    def add(self) -> None:
        """A plane through the target of the view, which cuts away the front."""
        view = self.session.viewpoint()
        cut = planes.facing(view.eye, view.target)
        self.controls.change({"clip": (*self.session.look.clip, planes.text_of(cut))})

    def _typed(self) -> None:
        """What can be understood is cut while it is being typed."""
        typed = planes.split(self.text.value)
        with contextlib.suppress(GeometryError):
            Look(clip=typed)
            if typed != self.session.look.clip:
                self.told = typed
                self.session.change(clip=typed)

    def _redraw(self, drawing: Drawing) -> None:
        before = self.drawing
        moved = before is None or not (
            before.low.equal(drawing.low) and before.high.equal(drawing.high)
        )
        self.drawing = drawing
        if moved:
            self._measure(drawing)
            self.cuts = None  # its ranges ended at the box that was
            self._follow(self.session.look)

    def _measure(self, drawing: Drawing) -> None:
        """Sliders over the box of what is drawn; over all boxes so far while a sequence moves."""
        frame = self.session.look.frame
        low, high = drawing.low, drawing.high
        if self.span is not None and frame != self.frame:
            low, high = low.minimum(self.span[0]), high.maximum(self.span[1])
        self.span, self.frame = (low, high), frame
        if not self.sliders:
            with self.axes:
                self.sliders = [self._slider(axis) for axis in range(3)]
        for slider, first, last in zip(self.sliders, low.tolist(), high.tolist(), strict=True):
            step = step_of(first, last)
            last = max(last, first + step)
            if (slider.min, slider.max) == (first, last):
                continue
            slider.min, slider.max, slider.step = first, last, step
            slider.precision = places(step)
            slider._marks = _ends(first, last, step)

    def _slider(self, axis: int) -> viser.GuiMultiSliderHandle[float]:
        name = "xyz"[axis]
        slider = self.controls.gui.add_multi_slider(
            name.upper(), 0.0, 1.0, 1e-3, (0.0, 1.0), hint=f"keep this range of {name}"
        )
        self.controls.on_user(slider, lambda: self._range(axis))
        return slider

    def _range(self, axis: int) -> None:
        if self.cuts is not None:
            low, high = self.sliders[axis].value
            self._set(self.cuts.with_range(axis, (low, high)))

    def _set(self, cuts: Cuts) -> None:
        self.cuts = cuts
        self.controls.change({"clip": cuts.texts()})

    def _follow(self, look: Look) -> None:
        if self.told != look.clip:
            self.told = look.clip
            show(self.text, " ".join(look.clip))
        if self.drawing is None:
            return
        if self.cuts is None or self.cuts.texts() != look.clip:
            self.cuts = planes.cuts_of(
                look.clip, self.drawing.low, self.drawing.high, ends=self.span
            )
        for slider, kept in zip(self.sliders, self.cuts.ranges, strict=True):
            show(slider, tuple(min(max(v, slider.min), slider.max) for v in kept))
        while len(self.rows) > len(self.cuts.free):
            self.rows.pop().folder.remove()
        while len(self.rows) < len(self.cuts.free):
            with self.planes:
                self.rows.append(_Row(self, len(self.rows)))
        for row, cut in zip(self.rows, self.cuts.free, strict=True):
            row.show(cut)

    def replace(self, number: int, cut: Plane | None) -> None:
        """Another free plane in the place of one, or none."""
        if self.cuts is not None and number < len(self.cuts.free):
            free = list(self.cuts.free)
            free[number : number + 1] = [] if cut is None else [cut]
            self._set(replace(self.cuts, free=tuple(free)))


class _Row:
    """A slider along the normal of a free plane, with buttons to flip and to remove it."""

    def __init__(self, clipping: _Clipping, number: int) -> None:
        self.clipping = clipping
        controls = clipping.controls
        self.cut: Plane | None = None
        self.folder = controls.gui.add_folder(None)
        with self.folder:
            self.slider = controls.gui.add_slider(f"Plane {number + 1}", 0.0, 1.0, 0.001, 0.0)
            buttons = controls.gui.add_button_group("", ("flip", "face me", "remove"))
        controls.on_user(self.slider, lambda: self._moved(number))
        controls.on_press(buttons, lambda: self._pressed(number, buttons.value))

    def show(self, cut: Plane) -> None:
        """Make the slider follow a plane."""
        cuts = self.clipping.cuts
        if cuts is None or cut == self.cut:
            return
        if self.cut is None or cut.normal != self.cut.normal:
            low, high = planes.span(cut, cuts.low, cuts.high)
            step = step_of(low, high)
            first, last = floored(low, step), -floored(-high, step)
            self.slider.min, self.slider.max = first, max(last, first + step)
            self.slider.step, self.slider.precision = step, places(step)
        self.cut = cut
        show(self.slider, cut.offset)

    def _moved(self, number: int) -> None:
        if self.cut is not None:
            self.cut = Plane(self.cut.normal, self.slider.value)
            self.clipping.replace(number, self.cut)

    def _pressed(self, number: int, what: str) -> None:
        if self.cut is None:
            return
        if what == "remove":
            self.clipping.replace(number, None)
        elif what == "flip":
            self.clipping.replace(number, planes.flipped(self.cut))
        else:
            view = self.clipping.session.viewpoint()
            self.clipping.replace(number, planes.facing(view.eye, view.target))


def _ends(low: float, high: float, step: float) -> tuple[GuiSliderMark, ...]:
    return tuple(GuiSliderMark(value, planes.digits(value, step)) for value in (low, high))
