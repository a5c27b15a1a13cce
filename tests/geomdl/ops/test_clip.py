"""Cutting meshes with planes: areas add up, borders close, values carry over, as trimesh does."""

import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.clip import Clipped, clip_mesh
from geomdl.ops.differential import face_areas, face_normals


def sphere(level: int = 3) -> tuple[Tensor, Tensor]:
    mesh = trimesh.creation.icosphere(level)
    return torch.tensor(mesh.vertices).float(), torch.tensor(mesh.faces).long()


def box() -> tuple[Tensor, Tensor]:
    mesh = trimesh.creation.box()
    return torch.tensor(mesh.vertices).float(), torch.tensor(mesh.faces).long()


def area(part: Clipped) -> float:
    return float(face_areas(part.points.double(), part.faces).sum())


def border(faces: Tensor) -> Tensor:
    """Directed edges (E, 2) that no other face runs the other way."""
    edges = torch.stack([faces.flatten(), faces.roll(-1, 1).flatten()], 1).tolist()
    there = {tuple(edge) for edge in edges}
    return torch.tensor([edge for edge in edges if (edge[1], edge[0]) not in there])


PLANES = [
    (torch.tensor([1.0, 0, 0]), 0.1),
    (torch.tensor([0.3, -0.5, 0.8]), -0.2),
    (torch.tensor([0, 0, -1.0]), 0.0),
    (torch.tensor([0.0, 2, 0]), 0.5),
]


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_both_sides_have_the_area_of_the_whole(normal: Tensor, offset: float) -> None:
    vertices, faces = sphere()
    kept = clip_mesh(vertices, faces, normal, offset)
    other = clip_mesh(vertices, faces, -normal, -offset)
    assert 0 < area(kept) < area(kept) + area(other)
    whole = float(face_areas(vertices.double(), faces).sum())
    assert area(kept) + area(other) == pytest.approx(whole, rel=1e-6)
    assert float((kept.points @ normal).max()) <= offset + 1e-6
    assert float((other.points @ normal).min()) >= offset - 1e-6


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_as_trimesh_cuts(normal: Tensor, offset: float) -> None:
    vertices, faces = sphere()
    kept = clip_mesh(vertices, faces, normal, offset)
    unit = (normal / normal.norm()).numpy()
    origin = unit * offset / float(normal.norm())
    points, triangles, _ = trimesh.intersections.slice_faces_plane(
        vertices.double().numpy(), faces.numpy(), -unit, origin
    )
    other = trimesh.Trimesh(points, triangles, process=False)
    assert area(kept) == pytest.approx(other.area, rel=1e-5)
    centre = (kept.points[kept.faces].mean(1) * face_areas(kept.points, kept.faces)[:, None]).sum(0)
    torch.testing.assert_close(
        centre / area(kept), torch.tensor(other.centroid).float(), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_the_border_is_closed_and_in_the_plane(normal: Tensor, offset: float) -> None:
    kept = clip_mesh(*sphere(), normal, offset)
    edges = border(kept.faces)
    assert len(edges) > 10
    assert torch.equal(edges[:, 0].sort().values, edges[:, 1].sort().values)  # loops
    assert len(edges[:, 0].unique()) == len(edges)
    torch.testing.assert_close(
        kept.points[edges[:, 0]] @ normal, torch.full((len(edges),), offset), atol=1e-6, rtol=0
    )


def test_faces_keep_their_side() -> None:
    vertices, faces = sphere()
    kept = clip_mesh(vertices, faces, torch.tensor([0.2, 0.9, 0.4]), 0.05)
    before = face_normals(vertices, faces)[kept.face]
    after = face_normals(kept.points, kept.faces)
    there = face_areas(kept.points, kept.faces) > 1e-6
    assert float((before * after).sum(1)[there].min()) > 0.999


def test_linear_values_carry_over_exactly() -> None:
    vertices, faces = sphere()
    normal = torch.tensor([0.4, 0.5, -0.6])
    kept = clip_mesh(vertices, faces, normal, 0.1)
    slope = torch.tensor([[1.0, 2], [-3, 0.5], [0.25, 4]])
    torch.testing.assert_close(
        kept.at_points(vertices @ slope), kept.points @ slope, atol=1e-6, rtol=1e-5
    )
    corners = (vertices @ slope)[faces]  # (F, 3, 2), at corners
    torch.testing.assert_close(
        kept.at_corners(corners, faces), (kept.points @ slope)[kept.faces], atol=1e-6, rtol=1e-5
    )


def test_corner_values_stay_apart_at_a_seam() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uvs = torch.tensor([[[0.0], [1], [1]], [[10.0], [11], [10]]])
    kept = clip_mesh(vertices, faces, torch.tensor([1.0, 0, 0]), 0.5)
    values = kept.at_corners(uvs, faces)[..., 0]
    x = kept.points[kept.faces][..., 0]
    expected = x + 10 * (kept.face == 1)[:, None]
    torch.testing.assert_close(values, expected)


def test_vertices_on_the_plane() -> None:
    vertices, faces = box()
    below = clip_mesh(vertices, faces, torch.tensor([0.0, 0, 1]), -0.5)
    assert len(below.faces) == 2  # the bottom, which lies in the plane
    assert len(clip_mesh(vertices, faces, torch.tensor([0.0, 0, 1]), 0.5).faces) == 12
    diagonal = clip_mesh(vertices, faces, torch.tensor([1.0, -1, 0]), 0.0)
    sides = area(diagonal)
    assert sides == pytest.approx(3.0)
    assert float(face_areas(diagonal.points, diagonal.faces).min()) > 0
    one = clip_mesh(
        torch.tensor([[-1.0, 0, 0], [0, 0, 0], [1, 1, 0]]),
        torch.tensor([[0, 1, 2]]),
        torch.tensor([1.0, 0, 0]),
        0.0,
    )
    assert len(one.faces) == 1
    assert area(one) == pytest.approx(0.25)


def test_nothing_and_everything() -> None:
    vertices, faces = sphere()
    whole = clip_mesh(vertices, faces, torch.tensor([1.0, 0, 0]), 2.0)
    assert torch.equal(whole.points, vertices)
    assert torch.equal(whole.faces, faces)
    none = clip_mesh(vertices, faces, torch.tensor([1.0, 0, 0]), -2.0)
    assert none.points.shape == (0, 3)
    assert none.faces.shape == (0, 3)
    empty = clip_mesh(vertices[:0], faces[:0], torch.tensor([1.0, 0, 0]), 0.0)
    assert empty.faces.shape == (0, 3)


def test_random_soups_keep_their_area() -> None:
    draw = torch.Generator().manual_seed(3)
    for _ in range(20):
        vertices = torch.randint(-2, 3, (12, 3), generator=draw).float()  # many on the plane
        faces = torch.stack([torch.randperm(12, generator=draw)[:3] for _ in range(30)])
        normal = torch.randint(-1, 2, (3,), generator=draw).float()
        if not bool(normal.any()):
            continue
        kept = clip_mesh(vertices, faces, normal, 1.0)
        other = clip_mesh(vertices, faces, -normal, -1.0)
        flat = (vertices[faces] @ normal == 1.0).all(1)  # faces in the plane are on both sides
        areas = face_areas(vertices.double(), faces)
        expected = float(areas.sum() + areas[flat].sum())
        assert area(kept) + area(other) == pytest.approx(expected, rel=1e-5)


def test_errors() -> None:
    vertices, faces = sphere(0)
    with pytest.raises(GeometryError, match="normal: expected a vector that is not zero"):
        clip_mesh(vertices, faces, torch.zeros(3), 0.0)
    with pytest.raises(GeometryError, match="faces"):
        clip_mesh(vertices, faces + 100, torch.ones(3), 0.0)
    with pytest.raises(GeometryError, match="vertices"):
        clip_mesh(vertices[:, :2], faces, torch.ones(3), 0.0)
