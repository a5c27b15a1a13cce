import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from scenes.build.light import bake, corner_normals, cosine_directions
from scenes.build.paint import painted
from scenes.build.primitives import box, plane

WHITE = torch.ones(3)
LAMP = torch.tensor([[0.0, 0.0, 2.0]])


def test_a_box_shades_the_floor_under_a_lamp() -> None:
    floor = painted(plane(4.0, 4.0, 0.1), WHITE)
    lid = painted(box((0.6, 0.6, 0.05)), WHITE)
    lifted = Mesh(lid.vertices + torch.tensor([0.0, 0.0, 1.0]), lid.faces, colors=lid.colors)
    both = Mesh.concatenate([floor, lifted]).merged()
    free, shaded = bake(floor, LAMP), bake(both, LAMP)[: len(floor)]
    distance = floor.triangles[..., :2].norm(dim=-1)
    dark, bright = distance < 0.3, (distance > 1.2) & (distance < 1.6)
    assert float(shaded[dark].mean()) < 0.7 * float(free[dark].mean())
    assert torch.allclose(shaded[bright], free[bright], rtol=0.15)


def test_light_falls_off_and_repeats() -> None:
    floor = painted(plane(6.0, 6.0, 0.3), WHITE)
    light = bake(floor, LAMP)
    distance = floor.triangles[..., :2].norm(dim=-1)
    assert float(light[distance < 0.5].mean()) > float(light[distance > 2.5].mean())
    assert torch.equal(light, bake(floor, LAMP))
    assert 0.7 < float(light[distance < 0.3].mean()) < 0.8


def test_colour_multiplies() -> None:
    red = painted(plane(1.0, 1.0), torch.tensor([1.0, 0.5, 0.0]))
    light = bake(red, LAMP)
    assert torch.allclose(light[..., 1], light[..., 0] / 2)
    assert float(light[..., 2].max()) == 0
    with pytest.raises(GeometryError, match="colours"):
        bake(plane(1.0, 1.0), LAMP)


def test_creases_keep_their_faces_normals() -> None:
    cube = box((1.0, 1.0, 1.0)).with_normals()
    assert cube.normals is not None
    corners = corner_normals(cube, cube.normals)
    assert torch.equal(corners.abs().amax(-1), torch.ones(12, 3))


def test_directions_are_cosine_distributed() -> None:
    """The mean of cos over a cosine distribution is 2/3."""
    normal = torch.tensor([[0.0, 0.6, 0.8]])
    found = cosine_directions(normal, 4000)[0]
    cosine = found @ normal[0]
    assert float(cosine.min()) >= 0
    assert float(cosine.mean()) == pytest.approx(2 / 3, abs=0.02)
