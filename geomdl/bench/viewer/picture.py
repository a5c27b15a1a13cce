"""The first picture of a large mesh, from its file; what `geomdl render` does without the start.

Ours is shaded, with occlusion, shadow and four samples a pixel. No renderer of a peer draws without
a GPU or a window here, so Open3D reads the same file and casts one ray a pixel: depth alone.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.bench.ops.raycast import torus
from geomdl.io import save
from geomdl.structures import Camera, Mesh
from geomdl.viewer.compose import compose
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.opening import open_scene
from geomdl.viewer.picture import picture_of
from geomdl.viewer.viewpoint import initial

AROUND, ACROSS = 1000, 500  # of the torus: twice their product in triangles
WIDTH, HEIGHT = 960, 720
LOOK = Look(background="none")
FINISH = Finish(floor=False, captions=False)


def first_picture(path: Path) -> tuple[Tensor, Camera]:
    """A file -> its picture, linear RGBA (H, W, 4), and the camera."""
    drawing = compose(open_scene([path]), LOOK)
    camera = initial(drawing, LOOK, WIDTH / HEIGHT).camera(WIDTH, HEIGHT)
    return picture_of(drawing, camera, LOOK, FINISH), camera


def prepare() -> Work:
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "torus.ply"
    save(path, Mesh(*torus(AROUND, ACROSS)))
    camera = first_picture(path)[1]

    def ours() -> Tensor:
        assert folder is not None  # keeps the file
        return first_picture(path)[0]

    def same(image: Tensor, peer: Any) -> None:
        seen = torch.from_numpy(np.isfinite(peer["t_hit"].numpy()))
        differ = float(((image[..., 3] > 0.5) != seen).double().mean())
        if differ > 5e-3 or not 0.05 < float(seen.double().mean()) < 0.95:
            raise AssertionError(f"{differ:.2%} of the pixels are covered in one picture alone")

    return Work(ours, if_installed(lambda: open3d_depth(path, camera)), same)


def open3d_depth(path: Path, camera: Camera) -> Callable[[], Any]:
    import open3d

    o3d: Any = open3d
    lens = o3d.core.Tensor(camera.intrinsics.double().numpy())
    place = o3d.core.Tensor(camera.world_to_camera.matrix().double().numpy())

    def peer() -> Any:
        scene = o3d.t.geometry.RaycastingScene()
        scene.add_triangles(o3d.t.io.read_triangle_mesh(str(path)))
        rays = scene.create_rays_pinhole(lens, place, WIDTH, HEIGHT)
        return scene.cast_rays(rays)

    return peer


def rows() -> Iterator[Row]:
    faces = 2 * AROUND * ACROSS
    # The file and the mesh once each way, with normals, and four samples of depth, face and colour.
    moved = faces * (13 + 24 + 24) * 2 + WIDTH * HEIGHT * 4 * 28 * 2
    yield Row(
        name="first_picture",
        group="viewer",
        work=f"{faces / 1e6:g}M triangles from ply, {WIDTH}x{HEIGHT}, shaded",
        peer="Open3D read + cast_rays, depth alone",
        prepare=prepare,
        floor=Floor(moved=moved),
        repeats=3,
    )
