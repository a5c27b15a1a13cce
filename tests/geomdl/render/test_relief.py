import dataclasses

import pytest
import torch

from geomdl.render.layer import Layer
from geomdl.render.relief import depth_normals, relieved
from geomdl.render.splat import disc_layer
from geomdl.render.viewpoint import look_at

CAMERA = look_at((0, 0, 0), (0, 0, 1), (0, -1, 0), size=(96, 80), fov=60)


def plane(normal: torch.Tensor, distance: float) -> torch.Tensor:
    """The depth of a plane in camera axes."""
    return distance / (CAMERA.camera_directions(CAMERA.pixel_centres()) @ normal)


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (0.5, -0.3), (-0.2, 1.2)])
def test_planes_have_their_own_normal(tilt: tuple[float, float]) -> None:
    normal = torch.nn.functional.normalize(torch.tensor([*tilt, 2.0]), dim=0)
    found = depth_normals(plane(normal, 3.0), CAMERA)
    torch.testing.assert_close(found, (-normal).expand(80, 96, 3), atol=2e-3, rtol=0)


def test_a_ball_of_points_is_lit_like_a_ball() -> None:
    points = torch.randn(60_000, 3, generator=torch.Generator().manual_seed(0))
    points = torch.nn.functional.normalize(points, dim=1) + torch.tensor([0.0, 0, 4])
    layer = disc_layer(points, None, torch.ones(60_000, 3), 0.02, CAMERA.resized(192, 160))
    lit = relieved(layer, CAMERA.resized(192, 160), 0.02, 2)
    place = CAMERA.resized(192, 160).camera_directions(
        CAMERA.resized(192, 160).pixel_centres()
    ) * layer.depth[..., None].nan_to_num(posinf=0.0)
    expected = torch.nn.functional.normalize(place - torch.tensor([0.0, 0, 4]), dim=-1)
    facing = layer.depth.isfinite() & (expected[..., 2] < -0.5)
    assert (lit.normal[facing] != 0).any(-1).float().mean() > 0.99
    angle = (lit.normal[facing] * expected[facing]).sum(-1).clamp(-1, 1).acos()
    assert float(angle.median()) < 0.12
    assert float(angle.quantile(0.95)) < 0.35


def test_steps_do_not_bend_the_surfaces_beside_them() -> None:
    depth = torch.full((80, 96), 2.0)
    depth[:, 48:] = 5.0
    depth[:, 90:] = torch.inf
    found = depth_normals(depth, CAMERA)
    towards = torch.tensor([0.0, 0, -1])
    torch.testing.assert_close(found[:, :90], towards.expand(80, 90, 3), atol=1e-3, rtol=0)
    assert not bool(found[:, 90:].any())


def test_lonely_pixels_have_none_and_given_normals_stay() -> None:
    depth = torch.full((80, 96), torch.inf)
    depth[::7, ::7] = 2.0
    assert not bool(depth_normals(depth, CAMERA).any())
    assert not bool(depth_normals(torch.full((80, 96), torch.inf), CAMERA).any())
    flat = plane(torch.tensor([0.0, 0, 1]), 2.0)
    given = torch.zeros(80, 96, 3)
    given[:40] = torch.tensor([1.0, 0, 0])
    layer = Layer(flat, given, torch.ones(80, 96, 3))
    found = relieved(layer, CAMERA, 0.0)
    assert torch.equal(found.normal[:40], given[:40])
    torch.testing.assert_close(found.normal[60, 50], torch.tensor([0.0, 0, -1]))
    assert torch.equal(dataclasses.replace(found, normal=given).depth, layer.depth)
