"""Smooth where a surface is smooth, sharp at its creases, whichever way vertices are shared."""

import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.ops.differential import face_normals
from geomdl.render import creases
from geomdl.render.creases import creased_normals, welded


def made(shape: trimesh.Trimesh) -> tuple[Tensor, Tensor]:
    return torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long()


def soup(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    return vertices[faces.flatten()], torch.arange(faces.numel()).reshape(-1, 3)


def at_corners(vertices: Tensor, faces: Tensor) -> Tensor:
    """Normals (F, 3, 3) at the corners, after checking that the triangles are the same."""
    new, vertex, normals = creased_normals(vertices, faces)
    assert torch.equal(vertex[new], faces)
    assert torch.equal(vertex[: len(vertices)], torch.arange(len(vertices)))
    return normals[new]


@pytest.mark.parametrize("change", [lambda v, f: (v, f), soup])
def test_a_cylinder_is_round_with_sharp_rims(change) -> None:  # type: ignore[no-untyped-def]
    vertices, faces = change(*made(trimesh.creation.cylinder(1.0, 2.0, sections=32)))
    found = at_corners(vertices, faces)
    flat = face_normals(vertices, faces)
    cap = flat[:, 2].abs() > 0.5
    torch.testing.assert_close(found[cap], flat[cap][:, None].expand(-1, 3, 3))
    around = vertices[faces][~cap] * torch.tensor([1.0, 1, 0])
    torch.testing.assert_close(found[~cap], around, atol=1e-3, rtol=0)


def test_right_angles_stay_sharp() -> None:
    # An L of two squares: at the edge between them the mean is 45 degrees away from both.
    vertices = torch.tensor([[0.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]])
    faces = torch.tensor([[0, 2, 1], [0, 3, 2], [0, 1, 4], [0, 4, 5]])
    found = at_corners(vertices, faces)
    torch.testing.assert_close(found, face_normals(vertices, faces)[:, None].expand(-1, 3, 3))


@pytest.mark.parametrize("level", [1, 2, 4])
def test_coarse_spheres_are_smooth(level: int) -> None:
    vertices, faces = made(trimesh.creation.icosphere(level))
    new, vertex, normals = creased_normals(vertices, faces)
    assert float((normals[new] * vertices[faces]).sum(-1).min()) > 0.999
    assert len(new.unique()) == len(vertices)  # a fan whose corners are shared stays one vertex
    assert torch.equal(vertex[new], faces)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    vertices, faces = made(trimesh.creation.icosphere(3))
    vertices = vertices * torch.tensor([1.0, 1, 0.2])
    whole = at_corners(vertices, faces)
    monkeypatch.setattr(creases, "BLOCK", 100)
    torch.testing.assert_close(at_corners(vertices, faces), whole)


def test_turned_faces_do_not_darken_their_neighbours() -> None:
    vertices, faces = made(trimesh.creation.icosphere(2))
    faces[7] = faces[7].flip(0)
    found = at_corners(vertices, faces)
    outward = (found * vertices[faces]).sum(-1)
    assert float(outward[torch.arange(len(faces)) != 7].min()) > 0.9
    assert float(outward[7].max()) < -0.9


def test_edges_of_three_faces() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [0, 0, 1], [1, 0, 0], [-1, 1, 0], [-1, -1, 0]])
    faces = torch.tensor([[0, 2, 1], [0, 3, 1], [0, 4, 1]])
    found = at_corners(vertices, faces)
    torch.testing.assert_close(found, face_normals(vertices, faces)[:, None].expand(-1, 3, 3))


def test_welded_finds_equal_places() -> None:
    draw = torch.Generator().manual_seed(0)
    some = torch.randn(5000, 3, generator=draw)
    assert welded(some) is None
    order = torch.randperm(10_000, generator=draw)
    twice = torch.cat([some, some])[order]
    home = welded(twice)
    assert home is not None
    assert torch.equal(twice[home], twice)
    assert len(home.unique()) == 5000
    assert bool((home <= torch.arange(10_000)).all())
    zero = welded(torch.tensor([[0.0, 1, 2], [-0.0, 1, 2]]))
    assert zero is not None
    assert zero.tolist() == [0, 0]
    assert welded(torch.zeros(0, 3)) is None
