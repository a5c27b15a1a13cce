"""Meshes and points for the tests of ray casting."""

import numpy as np
import torch
import trimesh
from torch import Tensor

Mesh = tuple[Tensor, Tensor]


def mesh_of(shape: trimesh.Trimesh, dtype: torch.dtype = torch.float32) -> Mesh:
    return torch.tensor(shape.vertices, dtype=dtype), torch.tensor(shape.faces).long()


def ball(subdivisions: int = 2, radius: float = 1.0) -> Mesh:
    return mesh_of(trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius))


def join(*parts: Mesh) -> Mesh:
    counts = np.cumsum([0] + [len(v) for v, _ in parts[:-1]])
    faces = [f + int(n) for (_, f), n in zip(parts, counts, strict=True)]
    return torch.cat([v for v, _ in parts]), torch.cat(faces)


def soup(count: int, seed: int = 0) -> Mesh:
    generator = torch.Generator().manual_seed(seed)
    centre = torch.randn(count, 1, 3, generator=generator)
    corners = centre + 0.3 * torch.randn(count, 3, 3, generator=generator)
    return corners.reshape(-1, 3), torch.arange(3 * count).reshape(-1, 3)


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def grid(side: int, half: float = 1.5) -> Tensor:
    axis = (torch.arange(side) + 0.5) * (2 * half / side) - half
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def hemisphere() -> Mesh:
    vertices, faces = ball(2)
    return vertices, faces[vertices[faces].mean(1)[:, 2] > 0]


def holed() -> Mesh:
    vertices, faces = ball(2)
    return vertices, faces[vertices[faces].mean(1)[:, 2] < 0.9]


def overlapping() -> Mesh:
    vertices, faces = ball(2, 0.8)
    shift = torch.tensor([0.5, 0.0, 0.0])
    return join((vertices - shift, faces), (vertices + shift, faces))


def with_an_inverted_part() -> Mesh:
    inner, faces = ball(2, 0.4)
    return join(ball(2), (inner, faces.flip(1)))


def shredded() -> Mesh:
    vertices, faces = ball(2)
    return vertices[faces].reshape(-1, 3), torch.arange(3 * len(faces)).reshape(-1, 3)
