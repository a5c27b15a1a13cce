import functools
import math
from pathlib import Path

import torch
from PIL import Image

from geomdl.recipes import room_pictures
from geomdl.structures import Camera, Mesh, Pose
from scenes.build.primitives import box
from scenes.build.room import Room, room


@functools.cache
def built() -> Room:
    return room(0, detail=0.5)


def test_vertex_light_is_the_mean_of_the_corners() -> None:
    mesh = box((1.0, 1.0, 1.0))
    radiance = torch.rand(12, 3, 3)
    lit = room_pictures.vertex_light(mesh, radiance)
    assert lit.colors is not None
    around = radiance[(mesh.faces == 3)]
    assert torch.allclose(lit.colors[3], around.mean(0), atol=1e-6)


def test_depth_picture_marks_holes() -> None:
    depth = torch.tensor([[0.0, 0.4, 4.5]])
    picture = room_pictures.depth_picture(depth)
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert float(picture[0, 1, 0]) > float(picture[0, 1, 2])
    assert float(picture[0, 2, 2]) > float(picture[0, 2, 0]) * 0.9


def test_only_what_hangs_on_the_near_walls_is_in_the_way() -> None:
    world = built()
    x, y, _ = world.size
    eye = torch.tensor([3 * x, 0.0, 3.0])
    camera = Camera.from_fov(
        40, 30, 0.8, Pose.look_at(eye, torch.zeros(3), torch.tensor([0.0, 0.0, 1.0]))
    )
    away = room_pictures.hung_in_the_way(world, camera)
    middle = world.mesh.triangles.mean(1)[away]
    assert bool((middle[:, 0] > x / 2 - 0.2).all())
    labels = world.mesh.attributes["label"][world.mesh.faces[away, 0]].unique().tolist()
    assert {world.labels[i] for i in labels} <= set(room_pictures.HUNG)
    assert y > 0


def test_sheets_are_written(tmp_path: Path) -> None:
    world = built()
    assert world.mesh.colors is not None
    shown = Mesh(world.mesh.vertices, world.mesh.faces, colors=world.mesh.colors)
    error = torch.linspace(0, 0.03, shown.vertices.shape[0])
    room_pictures.overview(world, shown, shown, error, tmp_path / "a.png", (80, 60))
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (160, 120)
        assert image.convert("L").getextrema() != (255, 255)
    camera = Camera.from_fov(64, 48, math.radians(60))
    color = torch.zeros(48, 64, 3, dtype=torch.uint8)
    depth = torch.ones(48, 64)
    room_pictures.inside_views(shown, [camera], [color], [depth], tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (3 * 64, 48)
