import dataclasses

import pytest
import torch
import trimesh

from geomdl.ops.raycast import build_bvh
from geomdl.render.layer import Paint, mesh_layer
from geomdl.render.solid import Solid, edge_distance, met, solid_depth, solid_layer
from geomdl.render.viewpoint import frame_shape, look_at
from geomdl.structures import Camera, Material, Mesh

CAMERA = look_at((0, -5, 0), (0, 0, 0), size=(80, 60))


def ball(shift: float = 0.0) -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=3)
    points = torch.tensor(shape.vertices).float()
    faces = torch.tensor(shape.faces).long()
    return Mesh(points + torch.tensor([shift, 0, 0]), faces, normals=points)


def quad(y: float, material: Material | None = None) -> Mesh:
    """A square of 2 m across the view at depth 5 + y, whose uv is 0..1."""
    corners = torch.tensor([[-1.0, y, -1], [1, y, -1], [1, y, 1], [-1, y, 1]])
    uv = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    if material is None:
        return Mesh(corners, faces)
    index = torch.zeros(2, dtype=torch.int64)
    return Mesh(corners, faces, uvs=uv[faces], materials=(material,), face_material=index)


def test_pieces_look_as_the_whole() -> None:
    mesh = dataclasses.replace(ball(), colors=torch.rand(642, 3))
    pieces = [mesh[torch.arange(len(mesh)) % 3 == i] for i in range(3)]
    one, spots = solid_layer(Solid.of([mesh]), CAMERA, False)
    many, parts = solid_layer(Solid.of(pieces), CAMERA, False)
    torch.testing.assert_close(one.depth, many.depth)
    torch.testing.assert_close(one.albedo, many.albedo, atol=1e-5, rtol=0)
    torch.testing.assert_close(one.normal, many.normal, atol=1e-5, rtol=0)
    assert sorted(parts.piece.unique().tolist()) == [0, 1, 2]
    torch.testing.assert_close(solid_depth(Solid.of(pieces), CAMERA, False), one.depth)
    plain = Paint("own", torch.ones(3), torch.tensor([0.0, 0, 1]))
    expected = mesh_layer(mesh, CAMERA, plain, True, False)
    torch.testing.assert_close(one.albedo, expected.albedo, atol=1e-5, rtol=0)
    torch.testing.assert_close(one.normal, expected.normal, atol=1e-5, rtol=0)
    assert not spots.away.any()


def test_faces_without_normals_are_flat_and_culling_hides_backs() -> None:
    wall = quad(0.0)
    layer, _ = solid_layer(Solid.of([wall, ball(9.0)]), CAMERA, False)
    assert torch.allclose(layer.normal[30, 40], torch.tensor([0.0, 0, -1]))
    away = Solid.of([wall.flipped()])
    assert solid_layer(away, CAMERA, False)[1].away.all()
    assert not solid_layer(away, CAMERA, True)[0].depth.isfinite().any()


def test_materials_and_textures_of_each_piece() -> None:
    image = torch.zeros(2, 2, 3)
    image[:, 1] = 1.0  # white to the right
    painted = quad(0.0, Material(color=torch.tensor([0.5, 1, 1]), texture=image))
    plain = quad(-1.0, Material(color=torch.tensor([0.0, 1.0, 0.0])))
    below = dataclasses.replace(plain, vertices=plain.vertices - torch.tensor([0, 0, 1.9]))
    layer, spots = solid_layer(Solid.of([below, painted]), CAMERA, False)
    assert layer.albedo[30, 29].tolist() == pytest.approx([0, 0, 0], abs=0.04)
    assert layer.albedo[30, 50].tolist() == pytest.approx([0.5, 1, 1], abs=0.04)
    assert layer.albedo[58, 40].tolist() == [0, 1, 0]
    assert (spots.alpha == 1).all()
    half = torch.cat([image, torch.full((2, 2, 1), 0.25)], -1)
    glass = quad(0.0, Material(texture=half, opacity=0.5))
    assert solid_layer(Solid.of([glass]), CAMERA, False)[1].alpha.unique().tolist() == [0.125]


def test_rays_meet_one_face_behind_the_other() -> None:
    solid = Solid.of([quad(1.0), quad(-1.0), quad(0.0)])
    bvh = build_bvh(solid.vertices, solid.faces)
    pixel = torch.tensor([0, 30 * 80 + 40, 30 * 80 + 41])
    start = torch.full((3,), 1e-6)
    for depth, piece in ((4.0, 1), (5.0, 2), (6.0, 0)):
        pixel, spots = met(solid, CAMERA, bvh, pixel, start)
        assert pixel.tolist() == [2440, 2441]
        assert torch.allclose(spots.depth, torch.tensor(depth))
        assert spots.piece.tolist() == [piece, piece]
        start = spots.depth * (1 + 1e-5)
    assert len(met(solid, CAMERA, bvh, pixel, start)[0]) == 0


def test_distances_to_edges_are_those_on_the_screen() -> None:
    solid = Solid.of([quad(0.0)])
    camera: Camera = frame_shape(quad(0.0), "front", size=(61, 61), margin=0.0)
    layer, spots = solid_layer(solid, camera, False)
    hit = layer.depth.isfinite()
    pixels = camera.pixel_centres()[hit]
    distance, height = edge_distance(solid, camera, spots, pixels)
    x, y = pixels.unbind(1)
    border = torch.stack([x, 61 - x, y, 61 - y]).amin(0)
    diagonal = (x + y - 61).abs() / 2**0.5
    expected = torch.minimum(border, diagonal)
    torch.testing.assert_close(distance, expected, atol=0.02, rtol=0)
    assert torch.allclose(height, torch.tensor(61 / 2**0.5), rtol=1e-3)
