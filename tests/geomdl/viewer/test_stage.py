import dataclasses

import pytest
import torch
import trimesh

from geomdl.structures import Camera, Material, Mesh
from geomdl.viewer.drawing import Dots, Drawing, Lines, Part, Photo, Surface
from geomdl.viewer.stage import FEW, INK, stage_of


def box() -> Mesh:
    shape = trimesh.creation.box((2, 2, 2))
    return Mesh(torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long())


def drawing(*parts: Part) -> Drawing:
    return Drawing(parts, (), -torch.ones(3), torch.ones(3), "z", "#ffffff")


def surface(mesh: Mesh | None = None, **changes: object) -> Surface:
    return dataclasses.replace(Surface("a", "a", 0, box() if mesh is None else mesh), **changes)


def test_surfaces_are_drawn_together_by_their_sides_and_their_opacity() -> None:
    pane = dataclasses.replace(box(), materials=(Material(opacity=0.5),))
    cut = torch.rand(4, 4, 4)
    masked = dataclasses.replace(box(), materials=(Material(texture=cut),))
    stage = stage_of(
        drawing(
            surface(), surface(wireframe="over"), surface(front=True, lit=False),
            surface(opacity=0.3), surface(pane), surface(masked, front=True),
        )
    )  # fmt: skip
    assert [(b.front, len(b.solid.pieces)) for b in stage.solids] == [(False, 2), (True, 1)]
    assert [(b.front, len(b.solid.pieces)) for b in stage.clear] == [(False, 2), (True, 1)]
    assert stage.solids[0].wired.tolist() == [False, True]
    assert stage.solids[1].lit.tolist() == [False]
    torch.testing.assert_close(stage.clear[0].opacity, torch.tensor([0.3, 1.0]))
    assert stage.clear[0].bvh is not None
    assert stage.solids[0].bvh is None
    assert not stage.varied


def test_edges_alone_become_lines_in_a_darker_colour() -> None:
    red = dataclasses.replace(box(), colors=torch.tensor([[1.0, 0, 0]]).expand(8, 3))
    stage = stage_of(drawing(surface(red, wireframe="only")))
    assert stage.solids == stage.clear == ()
    assert stage.segments.shape == (18, 2, 3)
    assert torch.allclose(stage.inks, torch.tensor([INK, 0, 0]))


def test_photographs_are_planes_and_pyramids() -> None:
    camera = Camera.from_fov(40, 30, 1.0)
    bare = Photo("a", "a", 0, camera, 1.0, None, (0.0, 0.0, 1.0))
    filled = dataclasses.replace(bare, image=torch.rand(30, 40, 3))
    stage = stage_of(drawing(bare, filled))
    assert len(stage.solids[0].solid.pieces) == 1
    assert stage.solids[0].lit.tolist() == [False]
    assert stage.segments.shape == (16, 2, 3)
    assert torch.equal(stage.inks, torch.tensor([[0.0, 0, 1]]).expand(16, 3))


def test_points_are_kept_and_get_normals_for_light() -> None:
    points = torch.rand(2 * FEW, 3)
    points[:, 2] = 0
    keep = points[:, 0] < 0.5
    part = Dots("a", "a", 0, points, points, 0.01, place=0, keep=keep)
    (found,) = stage_of(drawing(part)).dots
    assert torch.equal(found.points, points[keep])
    assert torch.equal(found.colors, points[keep])
    assert found.normals is not None
    assert torch.allclose(found.normals[:, 2].abs(), torch.ones(len(found.points)), atol=1e-3)
    (unlit,) = stage_of(drawing(dataclasses.replace(part, lit=False))).dots
    assert unlit.normals is None


def test_few_points_become_balls() -> None:
    points = torch.tensor([[0.0, 0, 0], [5, 0, 0], [0, 7, 0]])
    keep = torch.tensor([True, False, True])
    part = Dots("a", "a", 0, points, torch.eye(3), 0.5, place=0, keep=keep)
    stage = stage_of(drawing(part))
    assert stage.dots == ()
    (mesh,) = stage.solids[0].solid.pieces
    shape = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    assert shape.is_watertight
    assert shape.volume == pytest.approx(2 * 4 / 3 * torch.pi * 0.5**3, rel=0.03)
    centre = points[keep].repeat_interleave(len(mesh.vertices) // 2, 0)
    assert mesh.normals is not None
    torch.testing.assert_close(mesh.vertices, centre + 0.5 * mesh.normals)
    assert mesh.colors is not None
    assert torch.equal(mesh.colors[[0, -1]], torch.eye(3)[[0, 2]])


def test_bounds_span_everything() -> None:
    points = torch.cat([torch.rand(300_000, 3), torch.tensor([[9.0, 0, 0], [0, -7, 0]])])
    dots = Dots("a", "a", 0, points, points.clamp(0, 1), 0.01, place=0, lit=False)
    lines = Lines("b", "b", 0, torch.rand(2, 2, 3), torch.rand(2, 3), 3.0)
    stage = stage_of(drawing(dots, surface(), lines))
    assert len(stage.bounds) < 70_000
    assert stage.bounds.amax(0)[0] == 9
    assert stage.bounds.amin(0)[1] == -7
    assert stage.widths.tolist() == [3, 3]
    assert stage.varied
    assert torch.equal(stage_of(drawing()).bounds, torch.stack([-torch.ones(3), torch.ones(3)]))
