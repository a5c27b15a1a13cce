import torch

from geomdl.render.layer import Layer
from geomdl.render.shade import KEY, eye_dome, shade
from geomdl.render.viewpoint import look_at

CAMERA = look_at((0, -3, 0), (0, 0, 0), size=(8, 6))
ONES = torch.ones(6, 8)


def flat(normal: torch.Tensor, albedo: float = 0.5) -> Layer:
    return Layer(torch.full((6, 8), 3.0), normal.expand(6, 8, 3), torch.full((6, 8, 3), albedo))


def test_light_falls_from_the_key():
    towards = shade(flat(KEY), CAMERA, ONES, ONES)
    away = shade(flat(torch.tensor([0.7, 0.5, -0.5])), CAMERA, ONES, ONES)
    assert towards[..., :3].mean() > 2 * away[..., :3].mean()
    assert (towards[..., 3] == 1).all()
    assert towards[..., :3].max() < 1.0


def test_shadow_and_closed_sky_darken():
    bright = shade(flat(KEY), CAMERA, ONES, ONES)[..., :3].mean()
    no_sun = shade(flat(KEY), CAMERA, 0 * ONES, ONES)[..., :3].mean()
    no_sky = shade(flat(KEY), CAMERA, 0 * ONES, 0 * ONES)[..., :3].mean()
    assert no_sky < 0.1 * bright
    assert no_sky < no_sun < 0.6 * bright


def test_nothing_is_transparent_and_depth_alone_is_lit():
    layer = flat(torch.zeros(3))
    layer.depth[:, 4:] = torch.inf
    image = shade(layer, CAMERA, ONES, ONES)
    assert (image[:, 4:] == 0).all()
    assert (image[:, :4, 3] == 1).all()
    assert image[:, :2, :3].min() > 0.3


def test_eye_dome_darkens_what_lies_behind_an_edge():
    depth = torch.ones(20, 20)
    depth[:, 10:] = 1.2
    light = eye_dome(depth)
    assert light[10, 5] == 1
    assert light[10, 10] < 0.6
    assert torch.isfinite(eye_dome(torch.full((4, 4), torch.inf))).all()
