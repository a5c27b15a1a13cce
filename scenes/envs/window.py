"""A world in the browser while somebody acts in it: `render_mode="human"`.

The page is that of `geomdl view`: the scene, the camera as a pyramid, and the places where it was
in this episode. It can be turned, cut and coloured like any other while the episode goes on.
"""

import math
import sys
import time
import webbrowser

import torch

from geomdl.render.viewpoint import VIEWS
from geomdl.structures import Camera, Mesh, PointCloud, Pose
from geomdl.viewer.look import Look, vector
from geomdl.viewer.programs import has_screen
from geomdl.viewer.scene import Item, Scene, Shape
from scenes.envs.batch_view import BatchView, Body

SIZE = 64  # pixels per side of the pyramid's picture
PYRAMID, DOT = 0.08, 0.015  # of the diagonal of the scene and the camera
MARGIN = 1.15  # of cameras around an object to the border of the picture
ORANGE = (0.9, 0.25, 0.02)


class Window:
    """A page that follows one lane. fps: shown views a second at most, 0 for as many as come."""

    def __init__(self, *, fps: float = 6.0, port: int = 8080) -> None:
        from geomdl.viewer.page.server import Viewer

        self.fps, self.port = fps, port
        self.viewer: Viewer | None = None
        self._scenes: list[Shape] = []  # sequences that grow while they are looked at
        self._cameras: list[Shape] = []
        self._ways: list[Shape] = []
        self._way: list[torch.Tensor] = []
        self._last = 0.0

    @property
    def url(self) -> str:
        """Where the page is; "" before the first view."""
        return self.viewer.url if self.viewer else ""

    def show(self, view: BatchView, *, lane: int = 0, fresh: bool = False) -> None:
        """The lane as it is now; fresh: an episode begins."""
        body = view.library.body(int(view.scene[lane]))
        pose = Pose.from_matrix(torch.from_numpy(view.world_to_camera[lane]).float())
        camera = Camera(view.lens.intrinsics(SIZE).float(), pose, SIZE, SIZE)
        if fresh or not self._scenes:
            # Each sequence shows its last shape, whatever the number of the frame.
            self._scenes.append(coloured(body))
            self._way = []
        self._way.append(camera.centre)
        self._cameras.append(camera)
        places = torch.stack(self._way)
        self._ways.append(PointCloud(places, colors=torch.tensor(ORANGE).expand(len(places), 3)))
        frame = len(self._cameras) - 1
        if self.viewer is None:
            self._open(body)
        else:
            time.sleep(max(0.0, self._last + (1 / self.fps if self.fps else 0) - time.monotonic()))
            self.viewer.turn_to(frame)
        self._last = time.monotonic()

    def close(self) -> None:
        """Serve the page no longer."""
        if self.viewer is not None:
            self.viewer.stop()
            self.viewer = None

    def _open(self, body: Body) -> None:
        from geomdl.viewer.page.server import Viewer

        sequences = {"scene": self._scenes, "camera": self._cameras, "way": self._ways}
        items = [Item(name, shapes) for name, shapes in sequences.items()]  # type: ignore[arg-type]
        camera = self._way[0]
        places = torch.cat([body.vertices.float(), camera[None]])
        size = float((places.amax(0) - places.amin(0)).norm())
        look = around(Look(camera_size=PYRAMID * size, point_size=DOT * size), body, camera)
        self.viewer = Viewer(Scene(items), look, port=self.port, title="geomdl")
        print(f"geomdl: {self.viewer.url}", file=sys.stderr)
        if has_screen():
            webbrowser.open(self.viewer.url)


def around(look: Look, body: Body, camera: torch.Tensor) -> Look:
    """The look at a body with cameras around it as far away as this one, whose place is (3,).

    As it was for a camera inside the body's box, where all is in the picture by itself.
    """
    low, high = body.vertices.amin(0), body.vertices.amax(0)
    if ((camera > low) & (camera < high)).all():
        return look
    middle = (low + high) / 2
    reach = MARGIN * (camera - middle).norm() / math.sin(math.radians(look.fov) / 2)
    away = torch.nn.functional.normalize(torch.tensor(VIEWS["corner"]), dim=0)
    return look.replace(eye=vector(middle + reach * away), target=vector(middle))


def coloured(body: Body) -> Mesh:
    """A body as a mesh with a colour for each face."""
    corners = body.vertices.float()[body.faces.long()].reshape(-1, 3)
    colors = body.color.float().repeat_interleave(3, 0).clamp(0, 1)
    return Mesh(corners, torch.arange(len(corners)).view(-1, 3), colors=colors)
