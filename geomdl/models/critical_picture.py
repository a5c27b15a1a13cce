"""The picture of critical points: each cloud, what of it decides, and all that it stands for."""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from geomdl.models.critical_points import critical_points, upper_bound_points
from geomdl.models.pointnet import PointNetEncoder
from geomdl.render.draw import Style, render
from geomdl.render.sheet import sheet
from geomdl.render.viewpoint import frame_shape
from geomdl.structures import PointCloud

TITLES = ("points", "critical points", "upper bound")
COLORS = ("#8a929c", "#c8102e", "#2a6fb0")


def critical_picture(
    encoder: PointNetEncoder,
    clouds: Sequence[Tensor],
    *,
    candidates: int = 200_000,
    size: tuple[int, int] = (320, 320),
    seed: int = 0,
) -> Tensor:
    """Clouds (N, 3) in the unit ball -> linear RGBA (H, W, 4), a row of three panels for each.

    All points; those that hold the last maximum; and those of `candidates` random points of the
    cube [-1, 1]^3 that could be added unnoticed (figure 7 of the paper).
    """
    generator = Generator().manual_seed(seed)
    panels, labels = [], []
    for points in clouds:
        grid = torch.rand(candidates, 3, generator=generator) * 2 - 1
        offsets = torch.tensor([0, len(points)])
        decides = critical_points(encoder, points, offsets, transforms=False)
        free = upper_bound_points(encoder, grid, points, transforms=False)
        camera = frame_shape(PointCloud(points), "corner", size=size)
        shown = (points, points[decides], grid[free])
        for part, color, title in zip(shown, COLORS, TITLES, strict=True):
            style = Style(color_by="plain", color=color, point_radius=0.02, shadow=0.0)
            panels.append(render(PointCloud(part), camera, style))
            labels.append(f"{len(part):,} {title}")
    return sheet(panels, labels, columns=3)
