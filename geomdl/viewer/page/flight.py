"""The path of the camera as the visitor sees it: a line, and a pyramid at every keyframe."""

import math
from collections.abc import Callable

import numpy as np
import viser

from geomdl.viewer.page.controls import Controls
from geomdl.viewer.path import CameraPath

COLOR = (245, 120, 20)
MOST_PYRAMIDS = 60
PER_KEYFRAME = 20  # segments of the line
SHARE = 0.04  # of the size of the scene is the depth of a pyramid


class Flight:
    """Nodes of one visitor's page; they are no part of the drawing."""

    def __init__(self, controls: Controls) -> None:
        self.session = controls.session
        self.scene = controls.session.client.scene
        self._root: viser.FrameHandle | None = None

    def draw(self, path: CameraPath | None, pressed: Callable[[int], None]) -> None:
        """Show a path in the place of the one before; pressed(number) tells a clicked keyframe."""
        if self._root is not None:
            self._root.remove()
            self._root = None
        if path is None:
            return
        self._root = self.scene.add_frame("/flight", show_axes=False)
        if path.seconds > 0:
            self._line(path)
        size = self._size()
        step = max(1, math.ceil(len(path.keyframes) / MOST_PYRAMIDS))
        for number, key in list(enumerate(path.keyframes))[::step]:
            camera = key.viewpoint.camera(160, 100)
            pose = camera.camera_to_world
            frustum = self.scene.add_camera_frustum(
                f"/flight/{number}",
                math.radians(key.viewpoint.fov),
                1.6,
                scale=size,
                thickness=1.5,
                thickness_units="screen",
                color=COLOR,
                wxyz=pose.quaternion().numpy(),
                position=pose.translation.numpy(),
                cast_shadow=False,
            )
            frustum.on_click(lambda _, number=number: pressed(number))  # type: ignore[misc]

    def visible(self, shown: bool) -> None:
        """Hide the path while the camera flies along it."""
        if self._root is not None:
            self._root.visible = shown

    def _line(self, path: CameraPath) -> None:
        count = min(len(path.keyframes) * PER_KEYFRAME, 2000)
        times = np.linspace(0, path.seconds, count + 1)
        eyes = np.array([view.eye for view in path.sampled(times.tolist())], np.float32)
        self.scene.add_line_segments(
            "/flight/line",
            np.stack([eyes[:-1], eyes[1:]], 1),
            COLOR,
            thickness=2.0,
            thickness_units="screen",
        )

    def _size(self) -> float:
        drawing = self.session.drawing
        return 1.0 if drawing is None else float((drawing.high - drawing.low).norm()) * SHARE
