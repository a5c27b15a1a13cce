import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.reconstruct.pieces import drop_small, face_pieces, hole_count


def shapes(*parts: trimesh.Trimesh) -> tuple[torch.Tensor, torch.Tensor]:
    whole = trimesh.util.concatenate(parts)
    return torch.from_numpy(whole.vertices.copy()), torch.from_numpy(whole.faces.copy()).long()


def test_pieces_and_holes_of_closed_and_open_shapes() -> None:
    ball = trimesh.creation.icosphere(2)
    tube = open_tube()
    vertices, faces = shapes(ball, tube)
    piece, count = face_pieces(faces, len(vertices))
    assert count == 2
    assert piece[: len(ball.faces)].unique().tolist() == [0]
    assert piece[len(ball.faces) :].unique().tolist() == [1]
    assert hole_count(faces[: len(ball.faces)], len(vertices)) == (0, 0)
    assert hole_count(faces, len(vertices)) == (2, 16)


def open_tube() -> trimesh.Trimesh:
    """A ring of 8 quads: two boundary loops of 8 edges."""
    angle = torch.arange(8) * (2 * torch.pi / 8)
    ring = torch.stack([angle.cos(), angle.sin(), torch.zeros(8)], 1)
    vertices = torch.cat([ring, ring + torch.tensor([0.0, 0.0, 1.0])])
    i, j = torch.arange(8), (torch.arange(8) + 1) % 8
    faces = torch.cat([torch.stack([i, j, j + 8], 1), torch.stack([i, j + 8, i + 8], 1)])
    return trimesh.Trimesh(vertices.numpy(), faces.numpy(), process=False)


def test_small_pieces_go_and_the_largest_never_does() -> None:
    big, small = trimesh.creation.box((1, 1, 1)), trimesh.creation.box((0.1, 0.1, 0.1))
    vertices, faces = shapes(small, big)
    index, kept, dropped = drop_small(vertices, faces, 0.5)
    assert dropped == 1
    assert len(kept) == 12
    assert torch.equal(vertices[index][kept], vertices[faces[12:]])
    assert drop_small(vertices, faces, 0.0)[2] == 0
    assert len(drop_small(vertices, faces, 1e9)[1]) == 12


def test_nothing_and_nonsense() -> None:
    none = torch.zeros(0, 3, dtype=torch.int64)
    assert face_pieces(none, 0)[1] == 0
    assert hole_count(none, 0) == (0, 0)
    assert drop_small(torch.zeros(3, 3), none, 0.1)[2] == 0
    with pytest.raises(GeometryError, match="faces"):
        face_pieces(torch.tensor([[0, 1, 7]]), 3)
