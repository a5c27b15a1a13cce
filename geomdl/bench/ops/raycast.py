"""Rays and signed distances against Open3D's RaycastingScene, which runs Embree.

Both sides query what they built before; the rows "with build" time building and query together.
The mesh is a torus with bumps, so that no data is needed; the armadillo joins where it lies.
"""

import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops import raycast

PEER = "Open3D RaycastingScene"
LEAF = 320  # bytes of a leaf, of which a query reads at least one
TRIANGLE_FLOPS = 8 * 90.0  # a leaf of eight triangles against a point or a ray


def torus(around: int, across: int) -> tuple[Tensor, Tensor]:
    """A bumpy closed torus of 2 * around * across triangles, two metres wide."""
    u = torch.arange(around).repeat_interleave(across)
    v = torch.arange(across).repeat(around)
    a, b = u * (2 * math.pi / around), v * (2 * math.pi / across)
    thick = 0.3 + 0.03 * torch.sin(9 * a) * torch.cos(5 * b) + 0.01 * torch.sin(41 * a + 23 * b)
    ring = 0.7 + thick * torch.cos(b)
    vertices = torch.stack((ring * torch.cos(a), ring * torch.sin(a), thick * torch.sin(b)), 1)
    here, right = u * across + v, (u + 1) % around * across + v
    up = u * across + (v + 1) % across
    both = (u + 1) % around * across + (v + 1) % across
    faces = torch.cat((torch.stack((here, right, both), 1), torch.stack((here, both, up), 1)))
    return vertices, faces


def armadillo() -> tuple[Tensor, Tensor]:
    """The real scan of 100k triangles, two metres high."""
    import trimesh

    mesh = trimesh.load_mesh(data() / "meshes" / "armadillo.obj", process=False)
    vertices = torch.as_tensor(mesh.vertices, dtype=torch.float32)
    low, high = vertices.amin(0), vertices.amax(0)
    scaled = (vertices - (low + high) / 2) * (2 / (high - low).max())
    return scaled.contiguous(), torch.as_tensor(mesh.faces).long()


def data() -> Path:
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(os.environ.get("GEOMDL_DATA", beside))


def grid(side: int) -> Tensor:
    """Centres of side^3 cells around the mesh, (side^3, 3)."""
    axis = (torch.arange(side) + 0.5) * (2.4 / side) - 1.2
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def image(width: int, height: int) -> tuple[Tensor, Tensor]:
    """Rays of a pinhole camera that looks at the mesh from above, (width * height, 3) each."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    focal = 1.2 * height
    right, down = (x - width / 2) / focal, (y - height / 2) / focal
    tilt = math.radians(50.0)
    ahead = torch.tensor([0.0, math.cos(tilt), -math.sin(tilt)])
    below = torch.tensor([0.0, -math.sin(tilt), -math.cos(tilt)])
    side = torch.tensor([1.0, 0.0, 0.0])
    directions = ahead + right[..., None] * side + down[..., None] * below
    directions = directions.reshape(-1, 3).contiguous()
    return (-2.6 * ahead).expand_as(directions).contiguous(), directions


def scene_of(vertices: Tensor, faces: Tensor) -> Any:
    import open3d

    scene = open3d.t.geometry.RaycastingScene()
    numbers = open3d.core.Tensor.from_numpy(faces.numpy().astype("uint32"))
    scene.add_triangles(as_open3d(vertices), numbers)
    return scene


def as_open3d(x: Tensor) -> Any:
    import open3d

    return open3d.core.Tensor.from_numpy(x.numpy())


def rays_of(origins: Tensor, directions: Tensor) -> Any:
    return as_open3d(torch.cat((origins, directions), 1).contiguous())


def same_sign_and_size(ours: Tensor, peer: Any) -> None:
    """Distances agree to 1e-5; signs too, except within 1e-5 of the surface."""
    theirs = torch.from_numpy(peer.numpy())
    if (ours.abs() - theirs.abs()).abs().max() > 1e-5:
        raise AssertionError("distances differ")
    wrong = (ours.sign() != theirs.sign()) & (ours.abs() > 1e-5)
    if wrong.float().mean() > 1e-4:  # a ray of the peer may graze an edge
        raise AssertionError(f"{int(wrong.sum())} signs differ")


def same_hits(ours: tuple[Tensor, Tensor, Tensor], peer: Any) -> None:
    """The same rays hit, at the same distance, except for 0.1 % at silhouettes."""
    theirs = torch.from_numpy(peer["t_hit"].numpy())
    differ = ~torch.isclose(ours[0], theirs, rtol=1e-4, atol=1e-4)
    if differ.float().mean() > 1e-3:
        raise AssertionError(f"{int(differ.sum())} hits differ")


def same_flags(ours: Tensor, peer: Any) -> None:
    """The same rays are stopped, except for 0.1 % at silhouettes."""
    if (ours != torch.from_numpy(peer.numpy())).float().mean() > 1e-3:
        raise AssertionError("occlusions differ")


def same_distance(ours: tuple[Tensor, Tensor, Tensor], queries: Tensor, peer: Any) -> None:
    """Distances of the closest points agree to 1e-5."""
    distance = (ours[0] - queries).norm(dim=1)
    if (distance - torch.from_numpy(peer.numpy())).abs().max() > 1e-5:
        raise AssertionError("distances differ")


def signed(mesh: tuple[Tensor, Tensor], build: bool) -> Work:
    queries = grid(64)
    bvh = raycast.build_bvh(*mesh)

    def peer() -> Callable[[], Any]:
        asked, scene = as_open3d(queries), scene_of(*mesh)
        return lambda: (scene_of(*mesh) if build else scene).compute_signed_distance(asked)

    return Work(
        lambda: raycast.signed_distance(*mesh, queries, None if build else bvh),
        if_installed(peer),
        same_sign_and_size,
    )


def hits(mesh: tuple[Tensor, Tensor], build: bool) -> Work:
    rays = image(640, 480)
    bvh = raycast.build_bvh(*mesh)

    def peer() -> Callable[[], Any]:
        asked, scene = rays_of(*rays), scene_of(*mesh)
        return lambda: (scene_of(*mesh) if build else scene).cast_rays(asked)

    return Work(
        lambda: raycast.first_hit(*mesh, *rays, None if build else bvh),
        if_installed(peer),
        same_hits,
    )


def flags(mesh: tuple[Tensor, Tensor]) -> Work:
    rays = image(640, 480)
    bvh = raycast.build_bvh(*mesh)

    def peer() -> Callable[[], Any]:
        asked, scene = rays_of(*rays), scene_of(*mesh)
        return lambda: scene.test_occlusions(asked)

    return Work(
        lambda: raycast.any_hit(*mesh, *rays, math.inf, bvh), if_installed(peer), same_flags
    )


def nearest(mesh: tuple[Tensor, Tensor]) -> Work:
    queries = grid(64)
    bvh = raycast.build_bvh(*mesh)

    def peer() -> Callable[[], Any]:
        asked, scene = as_open3d(queries), scene_of(*mesh)
        return lambda: scene.compute_distance(asked)

    return Work(
        lambda: raycast.closest_point(*mesh, queries, bvh),
        if_installed(peer),
        lambda ours, peer: same_distance(ours, queries, peer),
    )


def floor_of(queries: int) -> Floor:
    """What one leaf of 8 triangles per query costs at least."""
    return Floor(moved=queries * LEAF, flops=queries * TRIANGLE_FLOPS)


def row(
    name: str, work: str, queries: int, prepare: Callable[[], Work], target: float | None = None
) -> Row:
    return Row(name, "ops", work, PEER, prepare, floor_of(queries), target)


def rows() -> Iterator[Row]:
    small, large = (100, 200), (250, 400)
    cells, pixels = 64**3, 640 * 480
    for size, label in ((small, "40k"), (large, "200k")):
        yield row(
            "signed_distance",
            f"64^3 grid, {label} triangles",
            cells,
            lambda size=size: signed(torus(*size), False),  # type: ignore[misc]
            4.0,
        )
    yield row(
        "signed_distance",
        "64^3 grid, 200k triangles, with build",
        cells,
        lambda: signed(torus(*large), True),
    )
    yield row(
        "first_hit", "640x480, 200k triangles", pixels, lambda: hits(torus(*large), False), 0.7
    )
    yield row(
        "first_hit",
        "640x480, 200k triangles, with build",
        pixels,
        lambda: hits(torus(*large), True),
    )
    yield row("any_hit", "640x480, 200k triangles", pixels, lambda: flags(torus(*large)))
    yield row("closest_point", "64^3 grid, 200k triangles", cells, lambda: nearest(torus(*large)))
    if (data() / "meshes" / "armadillo.obj").is_file():
        yield row(
            "signed_distance",
            "64^3 grid, armadillo (100k)",
            cells,
            lambda: signed(armadillo(), False),
        )
        yield row(
            "first_hit", "640x480, armadillo (100k)", pixels, lambda: hits(armadillo(), False)
        )
