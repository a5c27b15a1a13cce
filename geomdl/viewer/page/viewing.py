"""The view folder: where the camera stands, its lens, what is drawn beside the items."""

from geomdl.render.viewpoint import frame_of
from geomdl.viewer.look import AXES, Look
from geomdl.viewer.page.coloring import rgb, text_of
from geomdl.viewer.page.controls import Changes, Controls
from geomdl.viewer.viewpoint import Viewpoint, named, towards

SIDES = ("front", "back", "left", "right", "top", "bottom", "corner", "fit")
AUTO = "auto"
GROUP = "together"


def build(controls: Controls) -> None:
    """The controls of the camera, up, fov, background, axes, box and names."""
    gui = controls.gui
    sides = gui.add_button_group("Go to", SIDES, hint="keys 1 to 7, and 0 to fit everything")
    controls.on_press(sides, lambda: go(controls, sides.value))
    ups = (AUTO, *AXES, *(f"-{axis}" for axis in AXES))
    up = gui.add_dropdown("Up", ups)
    fov = gui.add_slider("Lens °", 10.0, 120.0, 1.0, 40.0, hint="vertical field of view")
    color = gui.add_rgb("Background", (255, 255, 255))
    controls.bind(up, lambda look: look.up or AUTO, _up)
    controls.field(fov, "fov")
    controls.bind(color, lambda look: rgb(look.background), lambda v: {"background": text_of(v)})
    for label, name, key in (("Axes", "axes", "G"), ("Box", "box", "B"), ("Names", "names", "N")):
        controls.field(gui.add_checkbox(label, False, hint=f"Key {key}"), name)
    status = gui.add_checkbox("Status", True, hint="frames per second and memory")
    controls.on_user(status, lambda: controls.session.overlay(status.value))
    _linked(controls)


def _linked(controls: Controls) -> None:
    """Cameras of pages that are linked move together."""
    session = controls.session
    group = session.link_group or GROUP
    linked = controls.gui.add_checkbox(
        "Link views", session.link_group is not None, hint="pages with this checked move together"
    )

    def link() -> None:
        session.link_group = group if linked.value else None

    controls.on_user(linked, link)


def go(controls: Controls, side: str) -> None:
    """Move the camera to a named side, so that everything is in the picture; 'fit' keeps its
    direction."""
    session = controls.session
    if session.drawing is None:
        return
    aspect = session.aspect
    if side == "fit":
        session.move(fitted(controls, session.viewpoint(), aspect))
    else:
        session.move(named(session.drawing, session.look, side, aspect))


def fitted(controls: Controls, view: Viewpoint, aspect: float) -> Viewpoint:
    """The same direction, with everything in the picture."""
    drawing = controls.session.drawing
    assert drawing is not None
    basis = frame_of(drawing.up)
    away = [e - t for e, t in zip(view.eye, view.target, strict=True)]
    local = (basis @ basis.new_tensor(away)).tolist()
    return towards(drawing, controls.session.look, local, aspect)


def _up(value: str) -> Changes:
    return {"up": None if value == AUTO else value}


def next_of(values: tuple[str, ...], now: str) -> str:
    """The value after `now`, in a circle."""
    return values[(values.index(now) + 1) % len(values)] if now in values else values[0]


def closer(look: Look, factor: float, taken: float) -> Changes:
    """Points larger by a factor than they are; `taken` where the look leaves it open."""
    return {"point_size": (look.point_size or taken) * factor}
