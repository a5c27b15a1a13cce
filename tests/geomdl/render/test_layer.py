import dataclasses

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render.colormap import palette, ramp
from geomdl.render.layer import Paint, attribute_of, limits_of, mesh_layer
from geomdl.render.viewpoint import frame_shape
from geomdl.structures import Material, Mesh

PLAIN = Paint("own", torch.tensor([0.2, 0.4, 0.6]), torch.tensor([0.0, 0.0, 1.0]))


def quad() -> Mesh:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])
    return Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]))


def seen(mesh: Mesh, paint: Paint = PLAIN, smooth: bool = True) -> tuple:
    camera = frame_shape(mesh, "front", size=(60, 60), margin=0.0)
    layer = mesh_layer(mesh, camera, paint, smooth, False)
    return layer, torch.isfinite(layer.depth)


def test_normals_face_the_viewer_from_both_sides():
    for mesh in (quad(), dataclasses.replace(quad(), faces=quad().faces.flip(1))):
        layer, hit = seen(mesh)
        assert hit.float().mean() > 0.9
        torch.testing.assert_close(
            layer.normal[hit], torch.tensor([0.0, 0, -1]).expand(int(hit.sum()), 3)
        )
        assert (layer.albedo[hit] == PLAIN.plain).all()


def test_spheres_are_smooth_and_cubes_are_not():
    ball = trimesh.creation.icosphere(subdivisions=2)
    mesh = Mesh(torch.tensor(ball.vertices).float(), torch.tensor(ball.faces).long())
    soup = Mesh(mesh.vertices[mesh.faces].view(-1, 3), torch.arange(3 * len(mesh)).view(-1, 3))
    smooth, hit = seen(mesh)
    assert len(smooth.normal[hit].unique(dim=0)) > hit.sum() * 0.9
    torch.testing.assert_close(seen(soup)[0].normal, smooth.normal, atol=1e-5, rtol=0)
    assert len(seen(mesh, smooth=False)[0].normal[hit].unique(dim=0)) < 200
    cube = trimesh.creation.box()
    cube = Mesh(torch.tensor(cube.vertices).float(), torch.tensor(cube.faces).long())
    camera = frame_shape(cube, "corner", size=(60, 60))
    layer = mesh_layer(cube, camera, PLAIN, True, False)
    assert len(layer.normal[torch.isfinite(layer.depth)].round(decimals=4).unique(dim=0)) == 3


def test_mixed_winding_gives_no_stains():
    generator = torch.Generator().manual_seed(0)
    grid = torch.stack(torch.meshgrid(torch.arange(6.0), torch.arange(6.0), indexing="ij"), -1)
    vertices = torch.cat([grid.view(-1, 2), torch.zeros(36, 1)], 1)[:, [0, 2, 1]]
    corner = (torch.arange(5)[:, None] * 6 + torch.arange(5)).flatten()
    faces = torch.cat(
        [
            torch.stack([corner, corner + 6, corner + 7], 1),
            torch.stack([corner, corner + 7, corner + 1], 1),
        ]
    )
    turned = torch.rand(50, generator=generator) < 0.5
    mesh = Mesh(vertices, torch.where(turned[:, None], faces.flip(1), faces))
    layer, hit = seen(mesh)
    assert (layer.normal[hit] - torch.tensor([0.0, 0, -1])).abs().max() < 1e-5


def test_vertex_colours_textures_and_materials():
    red = torch.tensor([1.0, 0, 0])
    layer, hit = seen(dataclasses.replace(quad(), colors=red.expand(4, 3)))
    assert (layer.albedo[hit] - red).abs().max() < 1e-5
    left_right = torch.tensor([[0.0, 1.0]]).T.expand(2, 3)[None]  # black left, white right
    uvs = torch.tensor([[[0.0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]])
    material = Material(color=torch.tensor([0.5, 0.5, 0.5]), texture=left_right)
    textured = dataclasses.replace(
        quad(), uvs=uvs, materials=(material,), face_material=torch.tensor([0, 0])
    )
    layer, hit = seen(textured)
    assert layer.albedo[30, 14].tolist() == pytest.approx([0, 0, 0], abs=0.02)
    assert layer.albedo[30, 45].tolist() == pytest.approx([0.5, 0.5, 0.5], abs=0.02)
    half = dataclasses.replace(textured, face_material=torch.tensor([0, -1]))
    layer, hit = seen(half)
    assert (layer.albedo[15, 10] == PLAIN.plain).all()


def test_height_labels_and_numbers():
    layer, hit = seen(quad(), dataclasses.replace(PLAIN, by="height", limits=(0.0, 1.0)))
    z = 1 - (torch.arange(60) + 0.5) / 60
    torch.testing.assert_close(
        layer.albedo[:, 30][hit[:, 30]], ramp(z, 0, 1)[hit[:, 30]], atol=0.02, rtol=0
    )
    parts = dataclasses.replace(quad(), face_attributes={"part": torch.tensor([3, 5])})
    layer, hit = seen(parts, dataclasses.replace(PLAIN, by="part"))
    assert torch.allclose(layer.albedo[50, 40], palette(torch.tensor(3)))
    assert torch.allclose(layer.albedo[10, 20], palette(torch.tensor(5)))
    named = dataclasses.replace(quad(), attributes={"heat": torch.tensor([0.0, 1, 1, 0])})
    layer, hit = seen(named, dataclasses.replace(PLAIN, by="heat", limits=(0.0, 1.0)))
    torch.testing.assert_close(
        layer.albedo[30, 30], ramp(torch.tensor(30.5 / 60), 0, 1), atol=0.02, rtol=0
    )
    for by in ("normal", "depth", "plain"):
        assert seen(quad(), dataclasses.replace(PLAIN, by=by))[0].albedo.isfinite().all()


def test_limits_and_errors():
    values = torch.cat([torch.linspace(0, 1, 1000), torch.tensor([1e9, torch.nan])])
    low, high = limits_of(values)
    assert (low, high) == (pytest.approx(0.01, abs=2e-3), pytest.approx(0.99, abs=2e-3))
    assert limits_of(torch.zeros(0)) == (0.0, 1.0)
    with pytest.raises(GeometryError, match=r"color_by.*scalar attribute of the shape \(heat\)"):
        attribute_of({"heat": torch.zeros(3), "flow": torch.zeros(3, 2)}, "flow")
