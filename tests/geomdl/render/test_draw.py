import dataclasses

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render import Style, frame_shape, render
from geomdl.render.image import color
from geomdl.structures import Camera, Mesh, PointCloud


def ball() -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=3)
    return Mesh(torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long())


def view(size: int = 60) -> Camera:
    return frame_shape(ball(), "front", size=(size, size))


def test_edges_are_smooth_and_the_background_shines_through():
    image = render(ball(), view(), Style(background=None))
    assert image.shape == (60, 60, 4)
    alpha = image[..., 3]
    assert ((alpha > 0) & (alpha < 1)).sum() > 20
    assert alpha[30, 30] == 1
    assert alpha[0, 0] == 0
    blue = render(ball(), view(), Style(background="#0000ff"))
    assert (blue[..., 3] == 1).all()
    assert torch.allclose(blue[0, 0, :3], color("#0000ff"))
    assert torch.allclose(blue[30, 30], image[30, 30], atol=1e-5)


def test_unlit_pictures_show_the_colour_itself():
    image = render(ball(), view(), Style(shading="none", color="#336699"))
    assert torch.allclose(image[30, 30, :3], color("#336699"), atol=1e-5)


def test_the_floor_is_invisible_but_for_the_shadow():
    high = frame_shape(ball(), "corner", size=(80, 80), margin=0.2)
    bare = render(ball(), high, Style(background=None))
    floor = render(ball(), high, Style(background=None, floor=True))
    hidden = bare[..., 3] == 1
    assert (floor[hidden][:, 3] == 1).all()
    shadow = (bare[..., 3] == 0) & (floor[..., 3] > 0.1)
    assert shadow.sum() > 50
    assert floor[shadow][:, :3].max() < 1e-4
    assert floor[0, 0, 3] < 0.02


def test_rooms_are_opened_by_culling():
    room = trimesh.creation.box((4, 4, 3))
    inside = Mesh(torch.tensor(room.vertices).float(), torch.tensor(room.faces).long().flip(1))
    camera = frame_shape(inside, "above", size=(60, 60))
    by_depth = Style(color_by="depth", shading="none", limits=(0.0, 20.0))
    opened = render(inside, camera, by_depth)
    closed = render(inside, camera, dataclasses.replace(by_depth, cull=False))
    assert (opened - closed).abs().max() > 0.05


def test_clouds_with_and_without_normals():
    generator = torch.Generator().manual_seed(0)
    points = torch.nn.functional.normalize(torch.randn(3000, 3, generator=generator), dim=1)
    for cloud in (PointCloud(points), PointCloud(points, normals=points), PointCloud(points[:2])):
        image = render(cloud, view(), Style(background=None))
        assert torch.isfinite(image).all()
    lit = render(PointCloud(points), view(), Style(background=None, floor=True, shadow=0.5))
    assert lit[30, 30, 3] == 1


def test_pictures_are_the_same_each_time():
    assert torch.equal(render(ball(), view()), render(ball(), view()))


def test_empty_shapes_and_errors():
    empty = Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    assert torch.allclose(render(empty, view(8)), torch.ones(8, 8, 4), atol=1e-5)
    assert torch.allclose(render(PointCloud(torch.zeros(0, 3)), view(8)), torch.ones(8, 8, 4))
    with pytest.raises(GeometryError, match=r"^shape"):
        render(torch.zeros(3), view())  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match=r"^camera"):
        render(ball(), Camera.stack([view(), view()]))
    with pytest.raises(GeometryError, match=r"^supersample"):
        render(ball(), view(), Style(supersample=0))
    with pytest.raises(GeometryError, match=r"^shading"):
        render(ball(), view(), Style(shading="shiny"))  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match=r"^color_by"):
        render(ball(), view(), Style(color_by="heat"))
