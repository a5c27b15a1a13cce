import json
import math
from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Camera, Pose


def lens(bent: bool = False) -> Camera:
    intrinsics = torch.tensor([[500.0, 2.0, 310.0], [0, 480.0, 250.0], [0, 0, 1]]).double()
    twist = torch.tensor([0.1, -0.2, 0.3, 0.2, 0.4, -0.1], dtype=torch.float64)
    k = torch.tensor([-0.2, 0.05, 1e-3, -1e-3, 0.01], dtype=torch.float64) if bent else None
    return Camera(intrinsics, Pose.exp(twist), 640, 480, k)


def points(count: int = 50) -> torch.Tensor:
    """Points in front of `lens`, in the world."""
    rng = torch.Generator().manual_seed(0)
    seen = torch.rand(count, 3, generator=rng, dtype=torch.float64) - 0.5
    seen[:, 2] += 2
    return lens().camera_to_world.apply(seen)


def test_projection_is_the_matrix_product() -> None:
    camera = lens()
    matrix = camera.intrinsics @ camera.world_to_camera.matrix()[:3]
    pixels, depth = camera.project(points())
    for point, pixel, z in zip(points(), pixels, depth, strict=True):
        u, v, w = (matrix @ torch.cat([point, point.new_ones(1)])).tolist()
        assert pixel.tolist() == pytest.approx([u / w, v / w])
        assert float(z) == pytest.approx(w)


@pytest.mark.parametrize("bent", [False, True])
def test_unproject_inverts_project(bent: bool) -> None:
    camera = lens(bent)
    pixels, depth = camera.project(points())
    assert float((camera.unproject(pixels, depth) - points()).abs().max()) < 1e-10


def test_the_fox_arrives_within_a_millionth_of_a_pixel(data: Path) -> None:
    """Every corner and centre of the real, distorted photographs of the fox."""
    t = json.loads((data / "fox" / "transforms.json").read_text())
    rows = [[t["fl_x"], 0, t["cx"]], [0, t["fl_y"], t["cy"]], [0, 0, 1]]
    k = torch.tensor([t["k1"], t["k2"], t["p1"], t["p2"], 0.0], dtype=torch.float64)
    intrinsics = torch.tensor(rows, dtype=torch.float64)
    pose = Pose.identity(like=intrinsics)
    camera = Camera(intrinsics, pose, int(t["w"]), int(t["h"]), k)
    pixels = camera.pixel_centres()[::40, ::40].reshape(-1, 2)
    pixels = torch.cat([pixels, pixels.new_tensor([[0, 0], [t["w"], t["h"]]])])
    there, _ = camera.project(camera.unproject(pixels, torch.full_like(pixels[:, 0], 2.0)))
    assert float((there - pixels).abs().max()) < 1e-6


@pytest.mark.parametrize("bent", [False, True])
def test_gradients_both_ways(bent: bool) -> None:
    camera = lens(bent)
    world = points(4).requires_grad_()
    twist = camera.world_to_camera.log().requires_grad_()

    def there(p: torch.Tensor, t: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        pixels, depth = Camera(k, Pose.exp(t), 640, 480, camera.distortion).project(p)
        return torch.cat([pixels / 100, depth[:, None]], 1)

    def back(pixels: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        return camera.unproject(pixels * 100, depth)

    intrinsics = camera.intrinsics.clone()
    assert torch.autograd.gradcheck(there, (world, twist, intrinsics))
    pixels, depth = (x.detach().clone() for x in camera.project(points(4)))
    inputs = ((pixels / 100).requires_grad_(), depth.requires_grad_())
    assert torch.autograd.gradcheck(back, inputs)


def test_rays_hit_what_is_projected() -> None:
    camera = lens().resized(8, 6)
    origins, directions = camera.rays()
    assert origins.shape == directions.shape == (6, 8, 3)
    assert torch.allclose(directions.norm(dim=-1), torch.ones(6, 8, dtype=torch.float64))
    pixels, _ = camera.project((origins + 3 * directions).reshape(-1, 3))
    assert torch.allclose(pixels.reshape(6, 8, 2), camera.pixel_centres())
    _, depth = camera.project((origins + 3 * camera.rays(unit=False)[1]).reshape(-1, 3))
    assert torch.allclose(depth, torch.full_like(depth, 3.0))
    assert camera.pixel_centres()[0, 1].tolist() == [1.5, 0.5]
    assert torch.allclose(origins[0, 0], camera.centre)


def test_scaling_keeps_the_view() -> None:
    camera = lens()
    small = camera.scaled(0.25)
    assert (small.width, small.height) == (160, 120)
    assert torch.allclose(small.project(points())[0], camera.project(points())[0] / 4)
    odd = camera.resized(100, 90)
    ratio = torch.tensor([100 / 640, 90 / 480], dtype=torch.float64)
    assert torch.allclose(odd.project(points())[0], camera.project(points())[0] * ratio)


def test_batches() -> None:
    other = lens().with_pose(Pose.identity(like=points()))
    batch = Camera.stack([lens(), other])
    assert len(batch) == 2
    pixels, depth = batch.project(points())
    assert pixels.shape == (2, 50, 2)
    assert depth.shape == (2, 50)
    assert torch.allclose(pixels[0], lens().project(points())[0])
    assert torch.allclose(batch[1].project(points())[0], pixels[1])
    assert torch.allclose(batch.unproject(pixels, depth)[1], points())
    assert batch.rays()[0].shape == (2, 480, 640, 3)
    mixed = Camera.stack([lens(True), lens()])
    assert mixed.distortion is not None
    assert mixed.distortion[1].abs().sum() == 0
    with pytest.raises(GeometryError, match="one image size"):
        Camera.stack([lens(), lens().scaled(0.5)])


def test_field_of_view() -> None:
    camera = Camera.from_fov(200, 100, math.radians(90))
    edge = torch.tensor([[1.0, 0.0, 1.0]])
    assert camera.project(edge)[0][0].tolist() == pytest.approx([200, 50])
    assert "90 degrees wide" in repr(camera)
    with pytest.raises(GeometryError, match="fov_x"):
        Camera.from_fov(10, 10, 4.0)


def test_bad_fields_are_named() -> None:
    pose = Pose.identity()
    with pytest.raises(GeometryError, match="intrinsics: expected rows"):
        Camera(torch.zeros(3, 3), pose, 4, 4)
    with pytest.raises(GeometryError, match="width"):
        Camera(torch.eye(3), pose, 0, 4)
    with pytest.raises(GeometryError, match="world_to_camera"):
        Camera(torch.eye(3), torch.eye(4), 4, 4)  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match="distortion"):
        Camera(torch.eye(3), pose, 4, 4, torch.zeros(4))
    with pytest.raises(GeometryError, match="batch axes"):
        lens()[0]
