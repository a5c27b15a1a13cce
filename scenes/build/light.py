"""Light that stays in the scene: soft shadows and dark corners, computed once for a mesh."""

import math

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.raycast import any_hit, build_bvh
from geomdl.structures import Mesh

OFFSET = 4e-3  # metres off the surface, so that rays do not hit where they start
CORNERS = torch.tensor([[[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]]) / math.sqrt(3)
CREASE = 0.85  # cosine to the vertex normal below which a face keeps its own normal


def bake(
    mesh: Mesh,
    lamps: Tensor,
    *,
    ambient: float = 0.55,
    reach: float = 1.2,
    rays: int = 24,
    lamp_size: float = 0.25,
) -> Tensor:
    """Mesh with colours, lamps (L, 3) -> radiance (F, 3, 3) leaving every face corner, linear.

    Diffuse surfaces. Ambient light is blocked by what lies within `reach` metres (ambient
    occlusion over `rays` directions); every lamp is a ball of `lamp_size` metres that casts soft
    shadows with 4 rays and fades with the squared distance, softened. White paint two metres
    below a single lamp comes out at about 0.75. Raises GeometryError.
    """
    if mesh.colors is None:
        raise GeometryError("mesh: expected vertex colours, got none")
    bvh = build_bvh(mesh.vertices, mesh.faces)
    smooth = mesh.with_normals().normals
    assert smooth is not None
    start = mesh.vertices + OFFSET * smooth
    towards = cosine_directions(smooth, rays)
    blocked = _blocked(mesh, bvh, start, start[:, None] + reach * towards)
    light = ambient * (1 - blocked.float().mean(1))[mesh.faces]  # (F, 3)
    corners = corner_normals(mesh, smooth)
    strength = (1 - ambient) * 2.25 / math.sqrt(len(lamps))
    for lamp in lamps:
        jitter = CORNERS * (lamp_size / 2)
        ends = (lamp + jitter).expand(start.shape[0], 4, 3)
        seen = 1 - _blocked(mesh, bvh, start, ends).float().mean(1)
        way = lamp - mesh.triangles
        far = way.square().sum(-1)
        cosine = (corners * way).sum(-1).clamp(min=0) / far.sqrt()
        light = light + strength * seen[mesh.faces] * cosine / (far + 0.6)
    return mesh.colors[mesh.faces] * light[..., None]


def corner_normals(mesh: Mesh, smooth: Tensor) -> Tensor:
    """Normals (F, 3, 3) at corners: the vertex's on smooth parts, the face's own at creases."""
    a, b, c = mesh.triangles.unbind(1)
    flat = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1)[:, None]
    around = smooth[mesh.faces]
    return torch.where((flat * around).sum(-1, keepdim=True) > CREASE, around, flat)


def cosine_directions(normals: Tensor, count: int) -> Tensor:
    """Normals (N, 3) -> directions (N, count, 3) about them, cosine-distributed.

    Every normal gets the same points of a Fibonacci sphere, so flat walls come out without grain.
    """
    step = torch.arange(count) + 0.5
    z, turn = 1 - 2 * step / count, step * (math.pi * (1 + math.sqrt(5)))
    r = (1 - z * z).sqrt()
    ball = torch.stack([r * turn.cos(), r * turn.sin(), z], dim=-1)
    return torch.nn.functional.normalize(normals[:, None] + 0.98 * ball, dim=-1)


def _blocked(mesh: Mesh, bvh: Tensor, start: Tensor, ends: Tensor) -> Tensor:
    """Start (N, 3), ends (N, K, 3) -> true (N, K) where a face lies between them."""
    origins = start[:, None].expand_as(ends).reshape(-1, 3)
    hit = any_hit(mesh.vertices, mesh.faces, origins, ends.reshape(-1, 3) - origins, 1.0, bvh)
    return hit.reshape(ends.shape[:2])
