"""Furniture: each function gives labelled parts that stand on z = 0, centred in x and y.

The back is towards +y (the wall) and the front towards -y. Sizes are metres; `rng` is a torch
Generator, so one seed gives one piece. Shelves and what stands on them are in shelf.py.
"""

import torch
from torch import Tensor

from geomdl.structures import Mesh
from scenes.build.assembly import Part, block, cushion, moved, tilted
from scenes.build.paint import checks, linear, noise, painted, picture, plain, rug, wood
from scenes.build.primitives import cone, cylinder, icosphere, lathe, subdivided, uv_sphere

WOODS = ("#b98a56", "#8a5a32", "#d8b98a", "#6b4428", "#a9744a")
CLOTHS = ("#3f6f8c", "#8c3f45", "#55704a", "#c08a3e", "#5b4a78", "#70706c", "#2f5d62")
LIGHTS = ("#f2ece0", "#e6dcc8", "#dfe6e4")


def pick(rng: torch.Generator, colors: tuple[str, ...]) -> Tensor:
    """One of some '#rrggbb' as linear colour (3,)."""
    return linear(colors[int(torch.randint(len(colors), (), generator=rng))])


def uniform(rng: torch.Generator, low: float, high: float) -> float:
    """A number between low and high."""
    return low + (high - low) * float(torch.rand((), generator=rng))


def seed_of(rng: torch.Generator) -> int:
    """A seed for a pattern."""
    return int(torch.randint(2**31, (), generator=rng))


def table(rng: torch.Generator, width: float, depth: float, height: float = 0.74) -> list[Part]:
    """Four legs, an apron, a top; on it a bowl of fruit, a mug and a book."""
    grain = wood(pick(rng, WOODS), seed_of(rng))
    w, d = width / 2, depth / 2
    top = height - 0.04
    parts = [cushion((-w, -d, top), (w, d, height), 0.015, grain, 0.03)]
    parts += [
        block((-w + 0.1, y - 0.012, top - 0.09), (w - 0.1, y + 0.012, top), grain, 0.06)
        for y in (-d + 0.09, d - 0.09)
    ]
    for x in (-w + 0.09, w - 0.09):
        parts.append(
            block((x - 0.012, -d + 0.1, top - 0.09), (x + 0.012, d - 0.1, top), grain, 0.06)
        )
        for y in (-d + 0.09, d - 0.09):
            leg = painted(cone(0.024, top, 0.034, 20, 0.08), grain)
            parts.append(moved(leg, (x, y, top / 2)))
    on_top = [moved(m, (uniform(rng, -0.1, 0.1), 0.0, height)) for m in fruit_bowl(rng)]
    on_top += [moved(mug(rng), (-w * 0.55, -d * 0.3, height))]
    spine = block((-0.085, -0.12, 0.0), (0.085, 0.12, 0.035), plain(pick(rng, CLOTHS), 1), 0.03)
    book = Part("book", moved(spine, (w * 0.6, d * 0.2, height), uniform(rng, -0.6, 0.6)))
    return [Part("table", m) for m in parts] + [Part("vessel", m) for m in on_top] + [book]


def fruit_bowl(rng: torch.Generator) -> list[Mesh]:
    """A bowl with a wall 8 mm thick, and five fruits."""
    outline = [[0.0, 0.0], [0.06, 0.0], [0.07, 0.012], [0.12, 0.05], [0.15, 0.09]]
    outline += [[0.142, 0.092], [0.112, 0.058], [0.06, 0.026], [0.0, 0.022]]
    glaze = plain(pick(rng, ("#e8e2d4", "#3f6f8c", "#b5533c")), seed_of(rng), 0.1)
    meshes = [painted(lathe(subdivided(torch.tensor(outline), 0.02), 40), glaze)]
    for number, color in enumerate(("#d8902a", "#b83226", "#7f9c35", "#d9b13a", "#a9402c")):
        angle = torch.tensor(number * 6.2832 / 4)
        place = (0.062 * float(angle.cos()), 0.062 * float(angle.sin()), 0.078)
        ball = painted(icosphere(0.041, 3), plain(linear(color), number, 0.2, 0.05))
        meshes.append(moved(ball, place if number < 4 else (0.0, 0.0, 0.122)))
    return meshes


def mug(rng: torch.Generator) -> Mesh:
    """A mug without its handle, 4 mm thick."""
    outline = [[0.0, 0.0], [0.036, 0.0], [0.042, 0.01], [0.043, 0.095]]
    outline += [[0.038, 0.095], [0.037, 0.014], [0.0, 0.012]]
    return painted(lathe(subdivided(torch.tensor(outline), 0.02), 32), pick(rng, CLOTHS))


def chair(rng: torch.Generator, color: Tensor, seat: Tensor) -> list[Part]:
    """Four legs, an upholstered seat, a back of three boards."""
    grain = wood(color, seed_of(rng), 2)
    parts = []
    for x in (-0.19, 0.19):
        front = painted(cone(0.017, 0.43, 0.022, 16, 0.08), grain)
        parts.append(moved(front, (x, -0.18, 0.215)))
        back = block((-0.02, -0.018, 0.0), (0.02, 0.018, 0.9), grain, 0.08)
        parts.append(moved(tilted(back, (-0.07, 0.0, 0.0)), (x, 0.17, 0.0)))
    parts.append(cushion((-0.22, -0.22, 0.41), (0.22, 0.2, 0.475), 0.03, plain(seat, 3, 0.1, 0.05)))
    for z in (0.58, 0.7, 0.83):
        board = cushion((-0.19, -0.014, -0.04), (0.19, 0.014, 0.04), 0.012, grain)
        parts.append(moved(tilted(board, (-0.07, 0.0, 0.0)), (0.0, 0.17 + 0.07 * z, z)))
    return [Part("chair", m) for m in parts]


def sofa(rng: torch.Generator, width: float = 1.85) -> list[Part]:
    """Base, arms, back, seats and two loose cushions."""
    color = pick(rng, CLOTHS)
    cloth, w = plain(color, seed_of(rng), 0.1, 0.08), width / 2
    parts = [
        cushion((-w, -0.42, 0.1), (w, 0.42, 0.3), 0.04, cloth),
        cushion((-w, 0.2, 0.2), (w, 0.42, 0.82), 0.08, cloth),
        cushion((-w, -0.42, 0.12), (-w + 0.18, 0.42, 0.6), 0.07, cloth),
        cushion((w - 0.18, -0.42, 0.12), (w, 0.42, 0.6), 0.07, cloth),
        cushion((-w + 0.18, -0.42, 0.28), (0.0, 0.24, 0.46), 0.05, cloth, 0.04),
        cushion((0.0, -0.42, 0.28), (w - 0.18, 0.24, 0.46), 0.05, cloth, 0.04),
    ]
    dark = linear("#2b2320")
    parts += [
        moved(painted(cylinder(0.025, 0.12, 16), dark), (x, y, 0.06))
        for x in (-w + 0.1, w - 0.1)
        for y in (-0.34, 0.34)
    ]
    loose = []
    for side in (-1, 1):
        paint = checks(pick(rng, CLOTHS), pick(rng, LIGHTS), 0.09)
        pillow = cushion((-0.22, -0.07, -0.2), (0.22, 0.07, 0.2), 0.068, paint, 0.03)
        pillow = tilted(pillow, (-0.3, 0.0, 0.1 * side))
        loose.append(moved(pillow, (side * (w - 0.47), 0.1, 0.66), 0.15 * side))
    return [Part("sofa", m) for m in parts] + [Part("cushion", m) for m in loose]


def floor_lamp(rng: torch.Generator) -> list[Part]:
    """A foot, a pole and a shade, closed as a solid."""
    metal, shade = linear("#3a3835"), pick(rng, ("#f3e3b8", "#efd9c0", "#e9e6da"))
    parts = [
        moved(painted(cylinder(0.15, 0.03, 40), metal), (0.0, 0.0, 0.015)),
        moved(painted(cylinder(0.017, 1.4, 16, 0.2), metal), (0.0, 0.0, 0.71)),
        moved(painted(cone(0.21, 0.28, 0.14, 40, 0.05), shade), (0.0, 0.0, 1.5)),
    ]
    return [Part("lamp", m) for m in parts]


def plant(rng: torch.Generator) -> list[Part]:
    """A pot with earth, a trunk, and crowns of rough foliage."""
    outline = [[0.0, 0.0], [0.12, 0.0], [0.18, 0.3], [0.19, 0.34], [0.165, 0.34]]
    outline += [[0.155, 0.29], [0.0, 0.29]]
    clay = plain(pick(rng, ("#b5653c", "#d9d4c7", "#4d5a5f")), seed_of(rng), 0.12, 0.1)
    pot = painted(lathe(subdivided(torch.tensor(outline), 0.03), 40), clay)
    trunk = moved(painted(cone(0.025, 0.6, 0.018, 12, 0.1), linear("#5a4028")), (0.0, 0.0, 0.55))
    crowns = []
    green = pick(rng, ("#3d6b2f", "#4f7f3a", "#2f5f3f"))
    for level in range(5):
        radius = uniform(rng, 0.13, 0.19)
        ball, seed = icosphere(radius, 3), seed_of(rng)
        rough = 1 + 0.16 * noise(ball.vertices, 0.09, seed, 2)
        points = ball.vertices * rough[:, None]
        paint = plain(green, seed, 0.45, 0.05)
        place = (uniform(rng, -0.12, 0.12), uniform(rng, -0.12, 0.12), 0.72 + 0.13 * level)
        crowns.append(moved(painted(Mesh(points, ball.faces), paint), place))
    return [Part("plant", m) for m in [pot, trunk, *crowns]]


def framed_picture(rng: torch.Generator, width: float, height: float) -> list[Part]:
    """A frame 3 cm deep about a painting; it hangs with its middle at z = 0, back at y = 0."""
    frame = wood(pick(rng, (*WOODS, "#26221f")), seed_of(rng), 0)
    w, h = width / 2, height / 2
    canvas = picture(seed_of(rng), (w, h))
    return [
        Part("picture", block((-w, -0.03, -h), (w, 0.0, h), frame, 0.05)),
        Part(
            "picture",
            block((-w + 0.035, -0.034, -h + 0.035), (w - 0.035, -0.004, h - 0.035), canvas, 0.012),
        ),
    ]


def cabinet(rng: torch.Generator, width: float = 1.3, height: float = 0.55) -> list[Part]:
    """A low cabinet with doors and knobs, and a screen on it."""
    grain, w = wood(pick(rng, WOODS), seed_of(rng)), width / 2
    parts = [
        Part("cabinet", cushion((-w, -0.2, 0.06), (w, 0.21, height), 0.012, grain, 0.05)),
        Part("cabinet", block((-w + 0.05, -0.16, 0.0), (w - 0.05, 0.18, 0.06), linear("#2b2320"))),
    ]
    third = (width - 0.1) / 3
    for door in range(3):
        x = -w + 0.05 + third * door
        front = block(
            (x + 0.01, -0.215, 0.1), (x + third - 0.01, -0.195, height - 0.04), grain, 0.05
        )
        knob = moved(
            painted(uv_sphere(0.016, 16, 10), linear("#c9b27a")),
            (x + third * 0.85, -0.225, height * 0.6),
        )
        parts += [Part("cabinet", front), Part("cabinet", knob)]
    glow = picture(seed_of(rng), (0.5, 0.3))
    screen = [
        cushion((-0.5, -0.02, 0.08), (0.5, 0.02, 0.66), 0.012, linear("#18181a")),
        block((-0.48, -0.024, 0.1), (0.48, -0.015, 0.64), glow, 0.02),
        block((-0.04, -0.015, 0.01), (0.04, 0.015, 0.1), linear("#18181a")),
        cushion((-0.2, -0.1, 0.0), (0.2, 0.1, 0.02), 0.008, linear("#18181a")),
    ]
    return parts + [Part("screen", moved(m, (0.0, 0.02, height))) for m in screen]


def carpet(rng: torch.Generator, width: float, depth: float) -> list[Part]:
    """A rug 15 mm thick."""
    colors = [pick(rng, CLOTHS), pick(rng, LIGHTS), pick(rng, CLOTHS), pick(rng, WOODS)]
    half = (width / 2, depth / 2)
    paint = rug(colors, half, seed_of(rng))
    return [Part("rug", block((-half[0], -half[1], 0.0), (*half, 0.015), paint, 0.02))]


def pendant(rng: torch.Generator, ceiling: float) -> list[Part]:
    """A lamp that hangs from the ceiling."""
    outline = [[0.0, 0.0], [0.2, 0.0], [0.19, 0.05], [0.1, 0.14], [0.03, 0.18], [0.0, 0.18]]
    metal = plain(pick(rng, CLOTHS), seed_of(rng), 0.05)
    shade = painted(lathe(subdivided(torch.tensor(outline), 0.03), 40), metal)
    length = ceiling - 2.0
    cord = moved(painted(cylinder(0.008, length, 10), linear("#222222")), (0, 0, 2.0 + length / 2))
    return [Part("lamp", moved(shade, (0.0, 0.0, 1.85))), Part("lamp", cord)]
