import torch

from geomdl.render.layer import Layer
from geomdl.render.light import Caster, Light, illuminate, on_floor
from geomdl.render.shade import shade
from geomdl.render.viewpoint import look_at
from geomdl.structures import Camera

CAMERA = look_at((0, -4, 2), (0, 0, 0.5), size=(48, 40))


def nothing(camera: Camera) -> torch.Tensor:
    return torch.full((camera.height, camera.width), torch.inf)


def ball() -> Layer:
    """A ball of radius 0.5 that stands on z = 0, met by the rays of the camera."""
    origin, rays = CAMERA.rays(unit=False)
    away = origin - torch.tensor([0.0, 0.0, 0.5])
    a, b, c = (rays * rays).sum(-1), (rays * away).sum(-1), (away * away).sum(-1) - 0.25
    inside = b * b - a * c
    depth = torch.where(inside > 0, (-b - inside.clamp(min=0).sqrt()) / a, torch.inf)
    hit = depth.isfinite()
    place = away + rays * torch.where(hit, depth, 0.0)[..., None]
    normal = CAMERA.world_to_camera.rotate((place * 2).flatten(0, 1)).view(40, 48, 3)
    return Layer(depth, normal * hit[..., None], torch.full((40, 48, 3), 0.5))


def caster() -> Caster:
    return Caster(torch.tensor([[-0.5, -0.5, 0.0], [0.5, 0.5, 1.0]]), nothing)


def test_without_shadows_it_is_plain_shading() -> None:
    layer = ball()
    found = illuminate(layer, CAMERA, Light(0.0, 0.0), caster(), 1)
    ones = torch.ones(40, 48)
    torch.testing.assert_close(found, shade(layer, CAMERA, ones, ones))
    floor = illuminate(layer, CAMERA, Light(0.0, 0.0, torch.tensor([0.0, 0, 1])), caster(), 1)
    torch.testing.assert_close(floor, found)


def test_the_floor_holds_dark_corners_alone() -> None:
    layer = ball()
    light = Light(1.0, 0.0, torch.tensor([0.0, 0, 1]))
    found = illuminate(layer, CAMERA, light, caster(), 1)
    outside = ~layer.depth.isfinite()
    assert found[outside][:, 3].max() > 0.02
    assert (found[outside][:, :3] == 0).all()
    far = CAMERA.project(torch.tensor([[1.2, 0.0, 0.0]]))[0][0].long()
    assert found[far[1], far[0], 3] < 0.01


def test_floors_in_shadow_have_no_bright_seams() -> None:
    """Pixels of 2 x 2 samples: a lit wall from column 5 on, before a floor that is in shadow."""
    depth, floor = torch.full((8, 12), 4.0), torch.ones(8, 12, dtype=torch.bool)
    depth[:, 5:], floor[:, 5:] = 2.0, False
    share = torch.where(torch.arange(12) < 4, 0.25, 1.0).expand(8, 12)  # by the nearest sample
    found = on_floor(share, depth, floor, 2)
    assert (found[floor] == 0.25).all()
    assert torch.equal(on_floor(share, depth, floor, 1), share)
    nowhere = on_floor(share, depth, floor & False, 2)
    assert torch.equal(nowhere, share)


def test_unlit_layers_keep_their_colours() -> None:
    layer = Layer(
        *(getattr(ball(), n) for n in ("depth", "normal", "albedo")), lit=nothing(CAMERA) < 0
    )
    found = illuminate(layer, CAMERA, Light(1.0, 1.0, torch.tensor([0.0, 0, 1])), caster(), 1)
    hit = layer.depth.isfinite()
    assert (found[hit] == torch.tensor([0.5, 0.5, 0.5, 1.0])).all()
    assert (found[~hit][:, 3] == 0).all()
