"""Every convention is checked twice: by round trip, and by its own textbook projection."""

import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Camera, Pose
from geomdl.structures import conventions as c

W, H = 640, 400


def lens(batch: bool = False) -> Camera:
    intrinsics = torch.tensor([[500.0, 0.0, 310.0], [0, 480.0, 230.0], [0, 0, 1]]).double()
    twist = torch.tensor([0.1, -0.2, 0.3, 0.2, 0.4, -0.1], dtype=torch.float64)
    if batch:
        twist = torch.stack([twist, -twist])
        intrinsics = intrinsics.expand(2, 3, 3)
    return Camera(intrinsics, Pose.exp(twist), W, H)


def world() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    seen = torch.rand(20, 3, generator=rng, dtype=torch.float64) - 0.5
    return lens().camera_to_world.apply(seen + torch.tensor([0.0, 0.0, 2.0]).double())


def same(a: Camera, b: Camera) -> None:
    assert (a.width, a.height) == (b.width, b.height)
    assert torch.allclose(a.intrinsics, b.intrinsics)
    assert torch.allclose(a.world_to_camera.matrix(), b.world_to_camera.matrix())


@pytest.mark.parametrize("batch", [False, True])
def test_round_trips(batch: bool) -> None:
    camera = lens(batch)
    same(c.from_opengl(*c.to_opengl(camera), W, H), camera)
    same(c.from_blender(c.to_blender(camera), W, H), camera)
    same(c.from_colmap(c.to_colmap(camera)), camera)
    same(c.from_pytorch3d(c.to_pytorch3d(camera)), camera)
    same(c.from_pytorch3d(c.to_pytorch3d(camera, in_ndc=False)), camera)


def test_opengl_draws_the_same_pixels() -> None:
    """Clip space, division, viewport with y up, as in the OpenGL 4.6 specification 13.8."""
    near, far = 0.1, 20.0
    skew = lens().intrinsics.clone()
    skew[0, 1] = 3.0
    camera = Camera(skew, lens().world_to_camera, W, H)
    view, projection = c.to_opengl(camera, near, far)
    clip = torch.nn.functional.pad(world(), (0, 1), value=1.0) @ (projection @ view).T
    ndc = clip[:, :3] / clip[:, 3:]
    window = torch.stack([(ndc[:, 0] + 1) / 2 * W, H - (ndc[:, 1] + 1) / 2 * H], dim=1)
    pixels, depth = camera.project(world())
    assert torch.allclose(window, pixels)
    wanted = (far + near - 2 * far * near / depth) / (far - near)
    assert torch.allclose(ndc[:, 2], wanted)
    same(c.from_opengl(view, projection, W, H), camera)


def test_blender_draws_the_same_pixels() -> None:
    """Blender's object matrix, field of view, pixel aspect and shifts (its own documentation).

    A point's slope to the right over tan(angle / 2) is its place in half widths.
    """
    blender = c.to_blender(lens())
    local = (
        torch.linalg.inv(blender.matrix_world)
        @ torch.nn.functional.pad(world(), (0, 1), value=1.0).T
    ).T
    right, up = local[:, 0] / -local[:, 2], local[:, 1] / -local[:, 2]
    half_width = math.tan(float(blender.angle_x) / 2)
    longer = max(W, H)
    x = W / 2 + right / half_width * W / 2 - float(blender.shift_x) * longer
    y = (
        H / 2
        - up / half_width * W / 2 / float(blender.pixel_aspect)
        + float(blender.shift_y) * longer
    )
    pixels, _ = lens().project(world())
    assert torch.allclose(torch.stack([x, y], 1), pixels)
    assert torch.allclose(blender.matrix_world[:3, 3], lens().centre)


def quaternion_times(q: list[float], v: list[float]) -> list[float]:
    """Hamilton's product q v q*, written out."""
    w, x, y, z = q
    a = [
        -x * v[0] - y * v[1] - z * v[2],
        w * v[0] + y * v[2] - z * v[1],
        w * v[1] + z * v[0] - x * v[2],
        w * v[2] + x * v[1] - y * v[0],
    ]
    return [
        -a[0] * x + a[1] * w - a[2] * z + a[3] * y,
        -a[0] * y + a[2] * w - a[3] * x + a[1] * z,
        -a[0] * z + a[3] * w - a[1] * y + a[2] * x,
    ]


@pytest.mark.parametrize(
    "k", [None, [-0.1, 0.02, 1e-3, -2e-3, 0.0], [-0.1, 0.02, 1e-3, -2e-3, 0.01]]
)
def test_colmap_draws_the_same_pixels(k: list[float] | None) -> None:
    """COLMAP's models.h: rotate by the quaternion, distort, scale."""
    bent = None if k is None else torch.tensor(k, dtype=torch.float64)
    camera = Camera(lens().intrinsics, lens().world_to_camera, W, H, bent)
    colmap = c.to_colmap(camera)
    assert colmap.model == ("PINHOLE" if k is None else "FULL_OPENCV" if k[4] else "OPENCV")
    same(c.from_colmap(colmap), camera)
    fx, fy, cx, cy, *rest = colmap.params.tolist()
    k1, k2, p1, p2, k3 = (rest + [0.0] * 5)[:5]
    pixels, _ = camera.project(world())
    for point, pixel in zip(world().tolist(), pixels.tolist(), strict=True):
        turned = quaternion_times(colmap.qvec.tolist(), point)
        x, y, z = (a + b for a, b in zip(turned, colmap.tvec.tolist(), strict=True))
        u, v = x / z, y / z
        r2 = u * u + v * v
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        du = u * radial + 2 * p1 * u * v + p2 * (r2 + 2 * u * u)
        dv = v * radial + 2 * p2 * u * v + p1 * (r2 + 2 * v * v)
        assert pixel == pytest.approx([fx * du + cx, fy * dv + cy])


def test_colmap_models_with_one_focal_length() -> None:
    colmap = c.to_colmap(lens())
    params = torch.tensor([500.0, 310.0, 230.0, 0.1], dtype=torch.float64)
    camera = c.from_colmap(colmap._replace(model="SIMPLE_RADIAL", params=params))
    assert camera.intrinsics[0, 0] == camera.intrinsics[1, 1] == 500
    assert camera.distortion is not None
    assert camera.distortion.tolist() == [0.1, 0, 0, 0, 0]
    with pytest.raises(GeometryError, match="model: expected one of"):
        c.from_colmap(colmap._replace(model="FOV"))
    beyond = torch.ones(12, dtype=torch.float64)
    with pytest.raises(GeometryError, match="k4 k5 k6"):
        c.from_colmap(colmap._replace(model="FULL_OPENCV", params=beyond))


@pytest.mark.parametrize("in_ndc", [True, False])
def test_pytorch3d_draws_the_same_pixels(in_ndc: bool) -> None:
    """PyTorch3D's notes on cameras: row vectors, +x left, +y up, NDC of the shorter side."""
    camera = c.to_pytorch3d(lens(), in_ndc)
    seen = world() @ camera.R + camera.T
    if in_ndc:
        ndc = camera.focal_length * seen[:, :2] / seen[:, 2:] + camera.principal_point
        scale = min(W, H) / 2
        screen = torch.tensor([W / 2, H / 2]).double() - scale * ndc
    else:
        screen = camera.principal_point - camera.focal_length * seen[:, :2] / seen[:, 2:]
    pixels, depth = lens().project(world())
    assert torch.allclose(screen, pixels)
    assert torch.allclose(seen[:, 2], depth)


def test_what_a_program_cannot_hold_is_refused() -> None:
    bent = Camera(lens().intrinsics, lens().world_to_camera, W, H, torch.ones(5).double() * 0.01)
    for convert in (c.to_opengl, c.to_blender, c.to_pytorch3d):
        with pytest.raises(GeometryError, match="distortion"):
            convert(bent)
    skew = lens().intrinsics.clone()
    skew[0, 1] = 1.0
    for convert in (c.to_blender, c.to_colmap, c.to_pytorch3d):
        with pytest.raises(GeometryError, match="skew"):
            convert(Camera(skew, lens().world_to_camera, W, H))
    view, projection = c.to_opengl(lens())
    with pytest.raises(GeometryError, match="perspective"):
        c.from_opengl(view, torch.eye(4).double(), W, H)
    with pytest.raises(GeometryError, match="far"):
        c.to_opengl(lens(), 1.0, 0.5)
    assert projection.shape == (4, 4)
