import dataclasses

import torch

from geomdl.render.layer import Layer, Paint
from geomdl.render.splat import (
    cloud_layer,
    disc_layer,
    disc_radius,
    with_normals,
    without_holes,
)
from geomdl.render.viewpoint import frame_shape, look_at
from geomdl.structures import PointCloud

PAINT = Paint("own", torch.tensor([0.2, 0.4, 0.6]), torch.tensor([0.0, 0.0, 1.0]))


def ball(count: int = 4000) -> PointCloud:
    points = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
    return PointCloud(torch.nn.functional.normalize(points, dim=1))


def test_discs_close_a_surface_and_lie_on_it():
    cloud = with_normals(ball())
    camera = frame_shape(cloud, "front", size=(80, 80), margin=0.05)
    layer = cloud_layer(cloud, camera, PAINT, disc_radius(cloud))
    hit = torch.isfinite(layer.depth)
    row, column = torch.meshgrid(torch.arange(80), torch.arange(80), indexing="ij")
    inside = (row - 39.5) ** 2 + (column - 39.5) ** 2 < 33**2
    assert hit[inside].float().mean() > 0.999
    place = camera.camera_directions(camera.pixel_centres()) * layer.depth[..., None]
    world = camera.camera_to_world.apply(place[inside & hit])
    assert (world.norm(dim=1) - 1).abs().median() < 0.01
    towards = (layer.normal * place).sum(-1)[hit]
    assert (towards <= 0).all()
    assert (layer.albedo[hit] == PAINT.plain).all()


def test_normals_are_estimated_only_where_there_are_none():
    cloud = ball(500)
    estimated = with_normals(cloud)
    across = (estimated.normals * cloud.points).sum(1).abs()
    assert across.median() > 0.98
    assert with_normals(estimated) is estimated
    assert with_normals(cloud[:2]).normals is None


def test_colours_labels_and_radius():
    cloud = dataclasses.replace(
        ball(), colors=torch.rand(4000, 3), attributes={"part": torch.ones(4000).long()}
    )
    camera = frame_shape(cloud, "front", size=(40, 40))
    for by in ("own", "plain", "height", "depth", "part", "normal"):
        layer = cloud_layer(cloud, camera, dataclasses.replace(PAINT, by=by), 0.05)
        assert layer.albedo.isfinite().all()
    single = PointCloud(torch.zeros(1, 3))
    assert disc_radius(single) > 0
    assert disc_radius(PointCloud(torch.zeros(9, 3))) > 0
    grid = torch.stack(torch.meshgrid(*[torch.arange(30.0)] * 2, torch.zeros(1), indexing="ij"), -1)
    assert 0.7 < disc_radius(PointCloud(grid.view(-1, 3))) < 2


def test_pinholes_are_closed_and_windows_stay_open() -> None:
    depth = torch.full((20, 20), 2.0)
    depth[5, 5] = depth[0, 9] = torch.inf
    depth[5, 6] = 3.0
    depth[10:14, 10:14] = torch.inf
    image = depth[..., None].expand(-1, -1, 3)
    closed = without_holes(Layer(depth, image, image))
    assert closed.depth[5, 5] == 3
    assert closed.albedo[5, 5].tolist() == [3, 3, 3]
    assert closed.depth[11:13, 11:13].isinf().all()
    assert torch.equal(closed.depth[15:], depth[15:])


def test_large_discs_are_round_and_hide_what_is_behind() -> None:
    camera = look_at((0, -4, 0), (0, 0, 0), size=(240, 240), fov=40)
    points = torch.tensor([[0.0, 0, 0], [0, 1, 0]])
    normals = torch.tensor([[0.0, -1, 0], [0, 1, 0]])
    focal = float(camera.intrinsics[0, 0])
    for given in (normals, None):
        layer = disc_layer(points, given, torch.eye(3)[:2], 0.8, camera)
        near = layer.depth < 4.5
        round_area = torch.pi * (0.8 * focal / 4) ** 2
        assert abs(float(near.sum()) / round_area - 1) < 0.02
        torch.testing.assert_close(layer.depth[near], torch.full((int(near.sum()),), 4.0))
        assert bool((layer.albedo[near] == torch.tensor([1.0, 0, 0])).all())
        assert not bool(layer.depth[0, 0].isfinite())
    oblique = torch.nn.functional.normalize(torch.tensor([[1.0, -1, 0]]), dim=1)
    layer = disc_layer(points[:1], oblique, torch.eye(3)[:1], 0.8, camera)
    place = camera.camera_directions(camera.pixel_centres()) * layer.depth[..., None]
    world = camera.camera_to_world.apply(place[layer.depth.isfinite()])
    assert float((world @ oblique[0]).abs().max()) < 1e-4
    assert 0.75 < float(world.norm(dim=1).max()) < 0.81
