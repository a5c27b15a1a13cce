"""The view that a page begins with."""

import math

import viser

from geomdl.viewer.drawing import Drawing
from geomdl.viewer.viewpoint import Viewpoint

Axis = tuple[float, float, float]
AXES: dict[str, Axis] = {
    "x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1),
    "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1),
}  # fmt: skip


def aim(server: viser.ViserServer, view: Viewpoint, drawing: Drawing) -> None:
    """Every visitor begins here, and returns here by viser's 'Reset View'."""
    server.scene.set_up_direction(AXES[drawing.up])
    camera = server.initial_camera
    camera.near, camera.far = reach(drawing)
    camera.fov = math.radians(view.fov)
    camera.up = view.up
    camera.look_at = view.target
    camera.position = view.eye


def reach(drawing: Drawing) -> tuple[float, float]:
    """The distances of the near and the far plane that suit a drawing."""
    size = size_of(drawing)
    return size * 2e-4, size * 200.0


def size_of(drawing: Drawing) -> float:
    """The diagonal of the box around a drawing; 1 where it has no size."""
    return float((drawing.high - drawing.low).norm()) or 1.0
