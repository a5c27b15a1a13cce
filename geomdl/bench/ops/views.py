"""Views of many rooms at once against Open3D's ray casting (Embree), room by room."""

import importlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.views import pack_scenes, view_scenes

ROOMS, LANES, SIZE, THINGS, FINE = 8, 32, 64, 60, 5
INTRINSICS = torch.tensor([[32.0, 0.0, 32.0], [0.0, 32.0, 32.0], [0.0, 0.0, 1.0]]).double()


def box(low: Tensor, high: Tensor, fine: int) -> tuple[Tensor, Tensor]:
    """A box whose sides are cut into fine x fine squares: 12 fine^2 triangles."""
    line = torch.linspace(0, 1, fine + 1)
    u, v = (x.flatten() for x in torch.meshgrid(line, line, indexing="ij"))
    corner = torch.arange((fine + 1) ** 2).view(fine + 1, -1)
    a, b, c, d = (corner[i : i + fine, j : j + fine].flatten() for i in (0, 1) for j in (0, 1))
    square = torch.cat([torch.stack([a, b, c], 1), torch.stack([b, d, c], 1)])
    sides: list[Tensor] = []
    faces: list[Tensor] = []
    for axis in range(3):
        for end in (0.0, 1.0):
            flat = [u, v]
            flat.insert(axis, torch.full_like(u, end))
            faces.append(square + len(u) * len(sides))
            sides.append(low + torch.stack(flat, 1) * (high - low))
    return torch.cat(sides), torch.cat(faces)


def room(seed: int) -> tuple[Tensor, Tensor]:
    """A room of 6 x 5 x 2.6 metres with boxes standing in it: 18,012 triangles."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.tensor([6.0, 5.0, 2.6])
    vertices, faces = box(-size / 2, size / 2, 1)
    parts, firsts, first = [vertices], [faces], len(vertices)
    for _ in range(THINGS):
        half = torch.rand(3, generator=generator) * 0.3 + 0.05
        middle = (torch.rand(3, generator=generator) - 0.5) * (size - 1)
        v, f = box(middle - half, middle + half, FINE)
        parts.append(v)
        firsts.append(f + first)
        first += len(v)
    return torch.cat(parts), torch.cat(firsts)


def cameras() -> Tensor:
    """Cameras (LANES, 3, 4) near the middle that look around."""
    turn = torch.arange(LANES) * 2 * math.pi / LANES + 0.1
    c, s, o = turn.cos(), turn.sin(), torch.zeros(LANES)
    rotation = torch.stack([s, -c, o, o, o, o - 1, c, s, o], 1).view(-1, 3, 3)
    return torch.cat([rotation, torch.full((LANES, 3, 1), 0.01)], 2).double()


def prepare() -> Work:
    """Scenes of both are built beforehand."""
    rooms = [room(seed) for seed in range(ROOMS)]
    scenes, poses = pack_scenes(rooms), cameras()
    number = torch.arange(LANES) % ROOMS

    def same(ours: tuple[Tensor, Tensor], peer: np.ndarray) -> None:
        theirs = torch.from_numpy(peer)  # along rays whose z is 1
        agree = torch.isclose(ours[0], theirs, rtol=2e-3).float().mean()
        if float(agree) < 0.995:
            raise AssertionError(f"depths agree in {float(agree):.4%} of pixels")

    return Work(
        ours=lambda: view_scenes(*scenes, number, poses, INTRINSICS, SIZE, SIZE),
        peer=if_installed(lambda: open3d_rays(rooms, poses)),
        same=same,
    )


def open3d_rays(rooms: list[tuple[Tensor, Tensor]], poses: Tensor) -> Callable[[], np.ndarray]:
    o3d: Any = importlib.import_module("open3d")
    scenes = []
    for vertices, faces in rooms:
        scenes.append(o3d.t.geometry.RaycastingScene())
        corners = o3d.core.Tensor(vertices.numpy())
        scenes[-1].add_triangles(corners, o3d.core.Tensor(faces.numpy().astype(np.uint32)))
    bottom = np.array([[0.0, 0.0, 0.0, 1.0]])
    rays = [
        o3d.t.geometry.RaycastingScene.create_rays_pinhole(
            o3d.core.Tensor(INTRINSICS.numpy()),
            o3d.core.Tensor(np.concatenate([pose.numpy(), bottom])),
            SIZE,
            SIZE,
        )
        for pose in poses
    ]

    def cast() -> np.ndarray:
        found = [scenes[i % ROOMS].cast_rays(r)["t_hit"].numpy() for i, r in enumerate(rays)]
        return np.stack(found)

    return cast


def rows() -> Iterator[Row]:
    faces, vertices = 12 * (1 + THINGS * FINE**2), 6 * (4 + THINGS * (FINE + 1) ** 2)
    yield Row(
        name="view_scenes",
        group="render",
        work=f"{LANES} views of {SIZE}x{SIZE}, {faces / 1e3:.0f}k triangles each",
        peer="Open3D RaycastingScene.cast_rays",
        prepare=prepare,
        floor=Floor(moved=LANES * (12 * faces + 12 * vertices + 8 * SIZE * SIZE)),
        target=2.0,
        repeats=15,
    )
