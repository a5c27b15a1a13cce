"""A shelf and the things that stand in it: rows of books, a globe, vases."""

import torch

from geomdl.structures import Mesh
from scenes.build.assembly import Part, block, moved, tilted
from scenes.build.furniture import CLOTHS, LIGHTS, WOODS, pick, seed_of, uniform
from scenes.build.paint import linear, mix, noise, painted, plain, wood
from scenes.build.primitives import cylinder, icosphere, lathe, subdivided

DEPTH = 0.3
BOARD = 0.022


def shelf(rng: torch.Generator, width: float = 1.0, height: float = 1.9) -> list[Part]:
    """Sides, a back and five boards, filled board by board."""
    color = pick(rng, WOODS)
    upright, level = wood(color, seed_of(rng), 2), wood(color, seed_of(rng), 0)
    w, d = width / 2, DEPTH / 2
    parts = [
        Part("shelf", block((-w, -d, 0.0), (-w + BOARD, d, height), upright, 0.06)),
        Part("shelf", block((w - BOARD, -d, 0.0), (w, d, height), upright, 0.06)),
        Part("shelf", block((-w + BOARD, d - 0.012, 0.0), (w - BOARD, d, height), upright, 0.06)),
    ]
    boards = 5
    gap = (height - BOARD - 0.06) / boards
    for number in range(boards + 1):
        z = 0.06 + gap * number
        low, high = (-w + BOARD, -d, z), (w - BOARD, d - 0.012, z + BOARD)
        parts.append(Part("shelf", block(low, high, level, 0.06)))
        if number < boards:
            parts += _filled(rng, w - BOARD - 0.01, z + BOARD, gap - BOARD)
    return parts


def _filled(rng: torch.Generator, half: float, floor: float, room: float) -> list[Part]:
    """Books from the left, and where they end a thing or two."""
    books_until = uniform(rng, -0.1, 1.0) * half
    parts, x = [], -half
    while x < books_until - 0.05:
        thick, tall = uniform(rng, 0.018, 0.05), uniform(rng, 0.6, 0.92) * room
        deep = uniform(rng, 0.15, 0.22)
        parts.append(Part("book", moved(book(rng, thick, deep, tall), (x + thick / 2, 0.0, floor))))
        x += thick + 0.001
    if parts and x + 0.15 < half:
        lean = tilted(book(rng, 0.03, 0.18, 0.75 * room), (0.0, -0.25, 0.0))
        shift = -float(lean.vertices[:, 2].min())
        left = float(lean.vertices[:, 0].min())
        parts.append(Part("book", moved(lean, (x - left + 0.003, 0.0, floor + shift + 0.001))))
        x += float(lean.vertices[:, 0].max()) - left
    while x + 0.24 < half:
        thing = vase(rng, min(0.24, 0.85 * room)) if uniform(rng, 0, 1) < 0.6 else globe(rng)
        parts.append(Part("vessel", moved(thing, (x + 0.14, -0.01, floor))))
        x += uniform(rng, 0.26, 0.4)
    return parts


def book(rng: torch.Generator, thick: float, deep: float, tall: float) -> Mesh:
    """A book that stands with its spine to the front: two bands on the spine, white pages."""
    cover, band = pick(rng, (*CLOTHS, *LIGHTS, "#1f2a44", "#7a1f1f")), pick(rng, LIGHTS)
    levels = [tall * 0.12, tall * 0.78]

    def paint(points: torch.Tensor) -> torch.Tensor:
        z = points[:, 2] + tall / 2
        near = torch.stack([(z - level).abs() for level in levels]).amin(0) < 0.012
        return mix(cover, band, near.float())

    low, high = (-thick / 2, -deep / 2 - 0.02, 0.0), (thick / 2, deep / 2 - 0.02, tall)
    solid = block(low, high, paint, (1.0, 1.0, 0.02))
    top = solid.vertices[:, 2] > tall - 1e-4
    inner = solid.vertices[:, 1] > -deep / 2
    assert solid.colors is not None
    pages = (top & inner)[:, None]
    return Mesh(
        solid.vertices, solid.faces, colors=torch.where(pages, linear("#efe8d8"), solid.colors)
    )


def vase(rng: torch.Generator, height: float) -> Mesh:
    """A turned vase, open on top, with a wall of 6 mm."""
    belly, neck = uniform(rng, 0.055, 0.095), uniform(rng, 0.025, 0.04)
    t = torch.linspace(0, 1, 24)
    radius = neck + (belly - neck) * (torch.pi * t / 0.85).sin().clamp(min=0) ** 1.2
    outer = torch.stack([radius, t * height], dim=-1)
    inner = torch.stack([radius - 0.006, 0.02 + t * (height - 0.02)], dim=-1).flip(0)
    axis = [torch.zeros(1, 2), torch.tensor([[0.0, 0.02]])]
    profile = torch.cat([axis[0], outer, inner, axis[1]])
    color = pick(rng, CLOTHS)
    return painted(lathe(profile, 32), plain(color, seed_of(rng), 0.25, 0.06))


def globe(rng: torch.Generator) -> Mesh:
    """A globe on a foot, its continents noise."""
    radius, seed = 0.095, seed_of(rng)
    land, sea = linear("#b3a15a"), linear("#2d5f8a")
    ball = icosphere(radius, 4)
    earth = painted(ball, lambda p: mix(sea, land, (noise(p, 0.12, seed) * 8 + 0.5)))
    foot = painted(lathe(subdivided(torch.tensor(FOOT), 0.02), 28), linear("#6b4428"))
    axle = moved(painted(cylinder(0.006, 0.05, 12), linear("#c9b27a")), (0.0, 0.0, 0.035))
    return Mesh.concatenate([foot, axle, moved(earth, (0.0, 0.0, 0.055 + radius))]).merged()


FOOT = [[0.0, 0.0], [0.06, 0.0], [0.055, 0.012], [0.015, 0.02], [0.0, 0.02]]
