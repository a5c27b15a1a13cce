"""A corner of a room with a ball and a box in it, seen by a camera: exact depth by formula."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

WIDTH, HEIGHT = 160, 120
LENS = torch.tensor([[150.0, 0, WIDTH / 2], [0, 150.0, HEIGHT / 2], [0, 0, 1]])
BALL, RADIUS = torch.tensor([0.35, 0.45, 1.5], dtype=torch.float64), 0.3
LOW, HIGH = torch.tensor([-0.6, 0.35, 1.25]).double(), torch.tensor([-0.15, 0.8, 1.7]).double()
WALLS = (((1, 0, 0), 1.0), ((-1, 0, 0), 1.1), ((0, 1, 0), 0.8), ((0, 0, 1), 2.2), ((0, -1, 0), 0.9))


def camera(number: int, count: int) -> Tensor:
    """Pose (4, 4) float64 camera to world of frame `number`: a slow arc."""
    turn = 0.5 * (number / max(count - 1, 1) - 0.5)
    out = torch.eye(4, dtype=torch.float64)
    out[0, 0] = out[2, 2] = math.cos(turn)
    out[0, 2], out[2, 0] = math.sin(turn), -math.sin(turn)
    out[:3, 3] = torch.tensor([-0.6 * turn, -0.1 * math.sin(3 * turn), 0.2 * turn * turn])
    return out


def see(pose: Tensor) -> tuple[Tensor, Tensor]:
    """Pose camera to world -> depth (H, W) float32 in metres, color (H, W, 3) uint8."""
    x = (torch.arange(WIDTH).double() + 0.5 - LENS[0, 2]) / LENS[0, 0]
    y = (torch.arange(HEIGHT).double() + 0.5 - LENS[1, 2]) / LENS[1, 1]
    ray = torch.stack(
        [x.expand(HEIGHT, -1), y[:, None].expand(-1, WIDTH), torch.ones(HEIGHT, WIDTH)], -1
    )
    ray = ray.double() @ pose[:3, :3].T
    eye = pose[:3, 3]
    best = torch.full((HEIGHT, WIDTH), math.inf, dtype=torch.float64)
    for normal, offset in WALLS:
        n = torch.tensor(normal, dtype=torch.float64)
        t = (offset - eye @ n) / (ray @ n)
        best = torch.where((t > 0) & (t < best), t, best)
    a, b, c = (ray * ray).sum(-1), ray @ (eye - BALL), (eye - BALL) @ (eye - BALL) - RADIUS**2
    inside = b * b - a * c
    t = torch.where(inside > 0, (-b - inside.clamp(min=0).sqrt()) / a, math.inf)
    best = torch.where((t > 0) & (t < best), t, best)
    near, far = (LOW - eye) / ray, (HIGH - eye) / ray
    enter, leave = torch.minimum(near, far).amax(-1), torch.maximum(near, far).amin(-1)
    best = torch.where((enter < leave) & (enter > 0) & (enter < best), enter, best)
    place = eye + ray * best[..., None]
    color = 128 + 100 * torch.sin(6 * place)
    return best.float(), color.round().to(torch.uint8)


def surface_distance(points: Tensor) -> Tensor:
    """World points (N, 3) -> distance (N,) to the nearest surface of the scene."""
    p = points.double()
    found = [((offset - p @ torch.tensor(n, dtype=torch.float64)).abs()) for n, offset in WALLS]
    found.append(((p - BALL).norm(dim=1) - RADIUS).abs())
    outside = torch.maximum(LOW - p, p - HIGH)
    box = outside.clamp(min=0).norm(dim=1) + outside.amax(1).clamp(max=0)
    return torch.stack([*found, box.abs()]).amin(0)


def write_folder(folder: Path, count: int, poses: bool = True) -> Path:
    """Frames in the 7-Scenes layout."""
    folder.mkdir()
    np.savetxt(folder / "camera-intrinsics.txt", LENS.numpy())
    for number in range(count):
        pose = camera(number, count)
        depth, color = see(pose)
        stem = folder / f"frame-{number:06d}"
        Image.fromarray((depth.numpy() * 1000).round().astype(np.uint16)).save(f"{stem}.depth.png")
        Image.fromarray(color.numpy()).save(f"{stem}.color.png")
        if poses:
            np.savetxt(f"{stem}.pose.txt", pose.numpy())
    return folder
