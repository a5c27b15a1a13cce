"""The colour folder: what colours things, the ramp with its limits, the legend."""

from typing import get_args

import viser

from geomdl.viewer import paint
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look, Ramp
from geomdl.viewer.page.controls import Changes, Controls, show
from geomdl.viewer.page.cuts import places, step_of
from geomdl.viewer.page.legend import to_html

COMPUTED = {
    "own": "own colours",
    "plain": "one colour",
    "normal": "normals",
    "height": "height",
    "depth": "depth",
    "distance": "distance to …",
}


def build(controls: Controls) -> None:
    """The controls of color_by, distance_to, color, ramp, limits and legend."""
    gui = controls.gui
    by = gui.add_dropdown("Colour by", tuple(COMPUTED.values()), hint="Key C takes the next one")
    names = controls.session.scene.names
    to = gui.add_dropdown("to", names, visible=False, hint="distances are measured to this item")
    color = gui.add_rgb("Colour", (207, 210, 214), hint="of what has none of its own")
    scale = gui.add_dropdown("Ramp", get_args(Ramp), visible=False)
    fixed = gui.add_checkbox("Fix limits", False, visible=False, hint="else the middle 98 percent")
    ends = gui.add_vector2("Limits", (0.0, 1.0), step=0.01, visible=False)
    legend = gui.add_checkbox("Legend", True)
    meaning = gui.add_html("")

    controls.bind(by, lambda look: title_of(look.color_by), lambda v: _by(v, controls))
    controls.bind(to, lambda look: look.distance_to or names[-1], lambda v: {"distance_to": v})
    controls.bind(color, lambda look: rgb(look.color), lambda v: {"color": text_of(v)})
    controls.field(scale, "ramp")
    controls.field(legend, "legend")
    controls.on_user(
        fixed, lambda: controls.change({"limits": ends.value if fixed.value else None})
    )
    controls.on_user(ends, lambda: controls.change({"limits": ends.value}))

    def follow(look: Look) -> None:
        to.visible = look.color_by == "distance"
        show(fixed, look.limits is not None)
        if look.limits is not None:
            _write(ends, look.limits)

    def redraw(drawing: Drawing) -> None:
        meaning.content = to_html(drawing.legends)
        found = next((one.limits for one in drawing.legends if one.limits is not None), None)
        for handle in (scale, fixed, ends):
            handle.visible = found is not None
        if found is not None and controls.session.look.limits is None:
            _write(ends, found)
        _fill(by, controls)

    controls.seen(follow)
    controls.drawn(redraw)


def _write(ends: viser.GuiVector2Handle, limits: tuple[float, float]) -> None:
    """Limits with as many decimals as their distance asks for."""
    step = step_of(*limits)
    if ends.step != step:
        ends.step, ends.precision = step, places(step) + 1
    show(ends, limits)


def _fill(by: "viser.GuiDropdownHandle[str]", controls: Controls) -> None:
    """The menu holds what the scene can be coloured by at this frame."""
    look = controls.session.look
    found = tuple(map(title_of, paint.attributes(controls.session.scene, look.frame)))
    if found != tuple(by.options):
        by.options = found
        show(by, title_of(look.color_by))


def _by(title: str, controls: Controls) -> Changes:
    """A title of the menu -> fields; distances need something to be measured to."""
    name = name_of(title)
    look = controls.session.look
    if name != "distance" or look.distance_to is not None:
        return {"color_by": name, "limits": None}
    return {"color_by": name, "limits": None, "distance_to": controls.session.scene.names[-1]}


def title_of(name: str) -> str:
    """A value of color_by -> what the menu calls it."""
    return COMPUTED.get(name, name)


def name_of(title: str) -> str:
    """The inverse of title_of."""
    return next((name for name, words in COMPUTED.items() if words == title), title)


def rgb(color: str) -> tuple[int, int, int]:
    """'#rrggbb' -> bytes; 'none' is white."""
    if not color.startswith("#"):
        return (255, 255, 255)
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def text_of(color: tuple[int, int, int]) -> str:
    """Bytes -> '#rrggbb'."""
    return "#{:02x}{:02x}{:02x}".format(*color)
