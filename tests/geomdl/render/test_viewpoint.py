import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render.viewpoint import (
    VIEWS,
    frame_of,
    frame_shape,
    is_interior,
    look_at,
    orbit,
    room_directions,
)
from geomdl.structures import Mesh, PointCloud


def box() -> Mesh:
    shape = trimesh.creation.box((3, 1, 2))
    return Mesh(torch.tensor(shape.vertices).float() + 5, torch.tensor(shape.faces).long())


@pytest.mark.parametrize("direction", [*VIEWS, (0.3, 0.2, -1.0)])
@pytest.mark.parametrize("up", ["z", "y", "-x", (1.0, 2.0, 0.5)])
def test_frames_touch_the_margin_and_nothing_is_outside(direction, up):
    camera = frame_shape(box(), direction, size=(300, 200), up=up, margin=0.1)
    pixels, depth = camera.project(box().vertices)
    assert (depth > 0).all()
    low, high = pixels.amin(0), pixels.amax(0)
    assert (low > torch.tensor([29.9, 19.9])).all()
    assert (high < torch.tensor([270.1, 180.1])).all()
    gaps = torch.cat([low - torch.tensor([30, 20]), torch.tensor([270, 180]) - high])
    assert gaps.min() < 0.1


def test_up_is_up():
    for up in ("z", "y", "x", "-y"):
        high = frame_of(up)[2]
        camera = frame_shape(box(), "front", up=up)
        pixels, _ = camera.project(torch.stack([box().bounds[0], box().bounds[0] + high]))
        assert pixels[1, 1] < pixels[0, 1]
        assert torch.linalg.det(frame_of(up)) == pytest.approx(1)


def test_look_at_puts_the_target_in_the_middle():
    camera = look_at((1, 2, 3), (0, 0, 0.5), size=(64, 48))
    assert camera.project(torch.tensor([[0, 0, 0.5]]))[0].flatten().tolist() == pytest.approx(
        [32, 24], abs=1e-4
    )
    assert look_at((0, 0, 5), (0, 0, 0)).centre.tolist() == pytest.approx([0, 0, 5], abs=1e-5)


def test_orbit_keeps_its_distance():
    cameras = orbit(box(), 5)
    apart = torch.stack([c.centre - 5 for c in cameras]).norm(dim=1)
    torch.testing.assert_close(apart, apart[:1].expand(5))


def test_interiors():
    outside = box()
    inside = Mesh(outside.vertices, outside.faces.flip(1))
    assert not is_interior(outside)
    assert is_interior(inside)
    assert not is_interior(PointCloud(outside.vertices))
    assert room_directions(inside, "z")[0] == pytest.approx((0.545, -0.838, 0.75), abs=1e-3)
    wall = Mesh(torch.tensor([[0.0, 0, 0], [0, 2, 0], [0, 0, 2]]), torch.tensor([[0, 1, 2]]))
    assert room_directions(wall, "z")[0][:2] == pytest.approx((1, 0), abs=1e-5)


def test_errors():
    with pytest.raises(GeometryError, match=r"^direction"):
        frame_shape(box(), "nowhere")
    with pytest.raises(GeometryError, match=r"^shape"):
        frame_shape(PointCloud(torch.zeros(0, 3)))
    with pytest.raises(GeometryError, match=r"^up"):
        frame_of("w")
    with pytest.raises(GeometryError, match=r"^fov"):
        look_at((0, 0, 1), (0, 0, 0), fov=180.0)
