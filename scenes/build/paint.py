"""Colours of surfaces as functions of the place: wood, planks, cloth, walls, pictures.

A paint maps points (N, 3) in metres to linear colours (N, 3) in 0..1. Noise is a sum of waves of
random directions, so it has no lattice and needs no tables.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from geomdl.structures import Mesh

Paint = Callable[[Tensor], Tensor]


def linear(srgb: str) -> Tensor:
    """'#c8a878' -> linear colour (3,) (IEC 61966-2-1)."""
    value = torch.tensor([int(srgb[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return torch.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def painted(mesh: Mesh, paint: Paint | Tensor) -> Mesh:
    """The mesh with colours at its vertices: one colour (3,), or a paint of their places."""
    if isinstance(paint, Tensor):
        colors = paint.expand(mesh.vertices.shape[0], 3)
    else:
        colors = paint(mesh.vertices)
    return Mesh(mesh.vertices, mesh.faces, colors=colors.clamp(0, 1))


def noise(points: Tensor, size: float, seed: int, octaves: int = 3) -> Tensor:
    """Points (N, D) -> smooth noise (N,), about -1..1; `size` metres is the largest feature."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(points.shape[0])
    for octave in range(octaves):
        waves = torch.randn(points.shape[1], 8, generator=generator) * (2**octave / size)
        phase = torch.rand(8, generator=generator) * (2 * math.pi)
        total = total + (points @ waves * math.pi + phase).cos().mean(1) * 0.5**octave
    return total * 1.4


def mix(low: Tensor, high: Tensor, amount: Tensor) -> Tensor:
    """Colours (3,) at amounts (N,) of 0..1 -> (N, 3)."""
    return low + (high - low) * amount.clamp(0, 1)[:, None]


def plain(color: Tensor, seed: int, roughness: float = 0.06, size: float = 0.3) -> Paint:
    """One colour, a little uneven."""
    return lambda points: color * (1 + roughness * noise(points, size, seed))[:, None]


def wood(color: Tensor, seed: int, axis: int = 0, width: float = 0.05) -> Paint:
    """Grain along an axis."""

    def paint(points: Tensor) -> Tensor:
        squeezed = points.clone()
        squeezed[:, axis] *= 0.08
        bands = (noise(squeezed, width, seed) * 3).sin()
        return mix(color * 0.72, color * 1.12, 0.5 + 0.5 * bands)

    return paint


def planks(color: Tensor, seed: int, width: float = 0.14, length: float = 1.1) -> Paint:
    """Floor boards along x: each has its own tone and grain, with dark gaps between."""

    def paint(points: Tensor) -> Tensor:
        row = (points[:, 1] / width).floor()
        along = points[:, 0] / length + (row * 0.618).frac()
        board = row * 7.13 + along.floor() * 3.71
        tone = 0.5 + 0.5 * (board * 12.9898 + seed).sin()
        grain = wood(color, seed, 0, width * 0.5)(points + board[:, None] * 0.37)
        across = (points[:, 1] / width).frac() % 1.0
        gap = (torch.minimum(across, 1 - across) * width < 0.006).float()
        return grain * (0.78 + 0.4 * tone)[:, None] * (1 - 0.55 * gap)[:, None]

    return paint


def wallpaper(color: Tensor, accent: Tensor, seed: int, pitch: float) -> Paint:
    """Soft stripes going up the wall; pitch 0 leaves plaster."""

    def paint(points: Tensor) -> Tensor:
        base = plain(color, seed, 0.05, 0.6)(points)
        if pitch == 0:
            return base
        wave = ((points[:, 0] + points[:, 1]) * (2 * math.pi / pitch)).sin()
        return base + (accent - color) * (0.5 + 0.5 * (3 * wave).tanh())[:, None]

    return paint


def checks(first: Tensor, second: Tensor, size: float) -> Paint:
    """A chequered cloth."""

    def paint(points: Tensor) -> Tensor:
        odd = (points / size).floor().sum(1) % 2
        return mix(first, second, odd)

    return paint


def rug(colors: Sequence[Tensor], half: tuple[float, float], seed: int) -> Paint:
    """Nested frames about the middle, with a woven unevenness."""

    def paint(points: Tensor) -> Tensor:
        margin = torch.minimum(half[0] - points[:, 0].abs(), half[1] - points[:, 1].abs())
        ring = (margin / 0.13).floor().clamp(0, 20).long() % len(colors)
        diamonds = ((points[:, 0] * 9).sin() * (points[:, 1] * 9).sin() > 0.35) & (margin > 0.4)
        chosen = torch.stack(list(colors))[torch.where(diamonds, (ring + 1) % len(colors), ring)]
        return chosen * (1 + 0.12 * noise(points, 0.06, seed))[:, None]

    return paint


def picture(seed: int, half: tuple[float, float]) -> Paint:
    """A painting in x and z: a landscape for even seeds, coloured fields for odd ones."""
    return landscape(seed, half) if seed % 2 == 0 else _fields(seed, half)


def landscape(seed: int, half: tuple[float, float]) -> Paint:
    """A painted landscape: sky, sun, ranges of hills."""
    generator = torch.Generator().manual_seed(seed)
    low, high, hills = torch.rand(3, 3, generator=generator)
    place = torch.rand(2, generator=generator) - 0.5

    def paint(points: Tensor) -> Tensor:
        x, z = points[:, 0] / half[0], points[:, 2] / half[1]
        warm = torch.tensor([0.9, 0.5, 0.25]) * (0.6 + 0.4 * low)
        cool = torch.tensor([0.12, 0.25, 0.5]) * (0.6 + 0.8 * high)
        colors = mix(warm, cool, 0.4 + 0.6 * z)
        sun = (x - place[0]) ** 2 + (z - 0.45 - 0.3 * place[1]) ** 2 < 0.03
        colors = torch.where(sun[:, None], torch.tensor([1.0, 0.85, 0.5]), colors)
        for level in range(4):
            wave = noise(x[:, None], 1.4 / (level + 1), seed + level)
            ridge = 0.25 - 0.3 * level + 0.22 * wave
            tone = mix(hills * 0.5, torch.tensor([0.05, 0.1, 0.07]), torch.tensor([level / 3.0]))
            colors = torch.where((z < ridge)[:, None], tone, colors)
        return colors

    return paint


def _fields(seed: int, half: tuple[float, float]) -> Paint:
    generator = torch.Generator().manual_seed(seed)
    tones = torch.rand(4, 3, generator=generator) ** 1.5 * 0.8 + 0.04
    cuts = torch.rand(2, generator=generator) * 1.2 - 0.6
    middle, radius = torch.rand(2, generator=generator) - 0.5, 0.35

    def paint(points: Tensor) -> Tensor:
        x, z = points[:, 0] / half[0], points[:, 2] / half[1]
        field = (x > cuts[0]).long() + 2 * (z > cuts[1]).long()
        disc = ((x - middle[0]) * half[0] / half[1]) ** 2 + (z - middle[1]) ** 2 < radius**2
        field = torch.where(disc, 3 - field, field)
        return tones[field] * (1 + 0.15 * noise(points, 0.08, seed))[:, None]

    return paint
