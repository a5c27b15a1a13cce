"""Windows and doors that lie on a wall: back at y = 0, bottom at z = 0, looking to -y."""

import math

import torch

from geomdl.structures import Mesh
from scenes.build.assembly import Part, block, moved, tilted
from scenes.build.furniture import CLOTHS, LIGHTS, WOODS, pick, seed_of, uniform
from scenes.build.paint import landscape, linear, painted, plain, wood
from scenes.build.primitives import cylinder, plane, uv_sphere


def door(rng: torch.Generator) -> list[Part]:
    """A closed door 0.9 x 2.05 m with panels and a handle."""
    grain = wood(pick(rng, (*WOODS, *LIGHTS)), seed_of(rng), 2)
    frame = linear("#f1eee6")
    parts = [
        block((-0.47, -0.03, 0.0), (-0.4, 0.0, 2.08), frame, 0.2),
        block((0.4, -0.03, 0.0), (0.47, 0.0, 2.08), frame, 0.2),
        block((-0.4, -0.03, 2.01), (0.4, 0.0, 2.08), frame, 0.2),
        block((-0.4, -0.022, 0.0), (0.4, 0.0, 2.01), grain, 0.05),
    ]
    for low, high in ((0.15, 0.85), (1.0, 1.85)):
        parts.append(block((-0.28, -0.034, low), (0.28, -0.02, high), grain, 0.05))
    brass = linear("#c9b27a")
    parts.append(moved(painted(uv_sphere(0.032, 20, 12), brass), (0.33, -0.075, 1.02)))
    stem = tilted(cylinder(0.012, 0.06, 12), (math.pi / 2, 0.0, 0.0))
    parts.append(moved(painted(stem, brass), (0.33, -0.045, 1.02)))
    return [Part("door", m) for m in parts]


def window(rng: torch.Generator, width: float, height: float = 1.2) -> list[Part]:
    """A frame, panes that show a landscape, a sill, and a curtain on either side."""
    w = width / 2
    view, white = landscape(seed_of(rng), (w, height / 2)), linear("#f4f1ea")

    def bright(points: torch.Tensor) -> torch.Tensor:
        return 0.45 + 0.55 * view(points)

    parts = [
        block((-w, -0.02, 0.0), (w, 0.0, height), bright, 0.04),
        block((-w - 0.05, -0.12, -0.04), (w + 0.05, 0.0, 0.0), white, 0.2),
    ]
    bars = [((x, -0.04, 0.0), (x + 0.04, 0.0, height)) for x in (-w, -0.02, w - 0.04)]
    levels = (0.0, height * 0.65, height - 0.04)
    bars += [((-w, -0.036, z), (w, 0.0, z + 0.04)) for z in levels]
    parts += [block(low, high, white, 0.2) for low, high in bars]
    cloth = plain(pick(rng, (*CLOTHS, *LIGHTS)), seed_of(rng), 0.08, 0.1)
    folds = uniform(rng, 3.0, 4.5)
    rod = tilted(cylinder(0.012, width + 0.75, 14), (0.0, math.pi / 2, 0.0))
    hangings = [moved(painted(rod, linear("#3a3835")), (0.0, -0.1, height + 0.12))]
    for side in (-1, 1):
        sheet = painted(curtain(0.3, height + 0.75, folds), cloth)
        hangings.append(moved(sheet, (side * (w + 0.17), -0.1, height + 0.12)))
    return [Part("window", m) for m in parts] + [Part("curtain", m) for m in hangings]


def curtain(width: float, height: float, folds: float) -> Mesh:
    """A wavy cloth 16 mm thick that hangs down from z = 0, closed."""
    front = plane(width, height, 0.02)
    u, v = front.vertices[:, 0], front.vertices[:, 1]
    wave = 0.03 * (u / width * (2 * math.pi * folds)).sin()
    points = torch.stack([u, wave, v - height / 2], dim=-1)  # faces -y
    count = points.shape[0]
    behind = points + torch.tensor([0.0, 0.016, 0.0])
    a, b = _rim(front).unbind(1)
    sides = torch.cat(
        [torch.stack([a, a + count, b], 1), torch.stack([b, a + count, b + count], 1)]
    )
    faces = torch.cat([front.faces, front.faces.flip(1) + count, sides])
    return Mesh(torch.cat([points, behind]), faces)


def _rim(mesh: Mesh) -> torch.Tensor:
    """Edges (E, 2) that only one face has, in the direction that the face runs."""
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    _, inverse, count = edges.sort(1).values.unique(dim=0, return_inverse=True, return_counts=True)
    return edges[count[inverse] == 1]
