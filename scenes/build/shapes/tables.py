"""Tables, shelves and lamps."""

import math

from scenes.build.draw import Draw
from scenes.build.shapes.seats import four_legs, star_foot
from scenes.build.solid import Pieces, pad, rod, slab, spin, tube


def table(draw: Draw) -> Pieces:
    """A top, square or round, on four legs, a post, two panels or trestles."""
    high, thick = draw.between(0.36, 0.8), draw.between(0.018, 0.06)
    round_ = draw.chance(0.35)
    w = draw.between(0.3, 0.6) if round_ else draw.between(0.32, 0.95)
    d = w if round_ else min(w, draw.between(0.28, 0.5))
    if round_:
        top = spin([(w * 0.97, high - thick), (w, high - thick / 2), (w * 0.98, high)], 28)
    else:
        top = pad((-w, -d, high - thick), (w, d, high), 0.01, 2)
    pieces = Pieces()
    pieces.add("top", top)
    reach = 0.72 if round_ else 1.0
    style = draw.choice(("four", "four", "post", "panels", "trestle"))
    if round_ and style in ("panels", "trestle"):
        style = "post"
    under = high - thick + 0.004
    if style == "four":
        pieces.add("leg", *four_legs(draw, w * reach - 0.03, d * reach - 0.03, under))
        if not round_ and draw.chance(0.7):
            drop = high - thick - draw.between(0.04, 0.1)
            for y in (-d + 0.06, d - 0.06):
                pieces.add("apron", slab((-w + 0.06, y - 0.01, drop), (w - 0.06, y + 0.01, under)))
            for x in (-w + 0.06, w - 0.06):
                pieces.add("apron", slab((x - 0.01, -d + 0.06, drop), (x + 0.01, d - 0.06, under)))
    elif style == "post":
        pieces.add("leg", *star_foot(draw, under, d * draw.between(0.6, 0.9)))
    else:
        for x in (-w * 0.8, w * 0.8):
            if style == "panels":
                pieces.add("leg", slab((x - 0.02, -d * 0.9, 0), (x + 0.02, d * 0.9, under)))
            else:
                for side in (-1, 1):
                    pieces.add(
                        "leg",
                        rod((x, side * d * 0.85, 0), (x, side * d * 0.2, under), 0.022, sides=4),
                    )
                pieces.add(
                    "leg", rod((x, -d * 0.5, high / 2), (x, d * 0.5, high / 2), 0.015, sides=4)
                )
    return pieces


def shelf(draw: Draw) -> Pieces:
    """Sides, boards, sometimes a back and doors below."""
    w, d, high = draw.between(0.25, 0.7), draw.between(0.11, 0.22), draw.between(0.7, 2.1)
    thick, count = draw.between(0.012, 0.035), draw.whole(2, 6)
    pieces = Pieces()
    pieces.add("frame", *(slab((x, -d, 0), (x + thick, d, high)) for x in (-w, w - thick)))
    if draw.chance(0.7):
        pieces.add("frame", slab((-w + thick, d - 0.01, 0), (w - thick, d, high)))
    foot = draw.between(0.0, 0.1)
    for i in range(count + 1):
        z = foot + (high - foot - thick) * i / count
        pieces.add("board", slab((-w + thick, -d, z), (w - thick, d - 0.012, z + thick)))
    if w > 0.45 and draw.chance(0.5):
        pieces.add("frame", slab((-thick / 2, -d, foot), (thick / 2, d - 0.012, high)))
    if draw.chance(0.35):
        top = foot + (high - foot) / count
        for x in (-w + 0.005, 0.003):
            pieces.add("door", slab((x, -d - 0.015, foot), (x + w - 0.008, -d, top)))
            pieces.add(
                "door",
                rod(
                    (-0.05 if x < 0 else 0.05, -d - 0.035, top - 0.1),
                    (-0.05 if x < 0 else 0.05, -d - 0.01, top - 0.1),
                    0.012,
                ),
            )
    return pieces


def lamp(draw: Draw) -> Pieces:
    """A floor lamp, a table lamp or a desk lamp with a bent arm."""
    style = draw.choice(("floor", "table", "desk"))
    return desk_lamp(draw) if style == "desk" else shaded_lamp(draw, style == "floor")


def shaded_lamp(draw: Draw, tall: bool) -> Pieces:
    """A pole under a shade, 1.2 to 1.8 m tall or to stand on a table."""
    shade, wide = draw.between(0.14, 0.34), draw.between(0.1, 0.22)
    narrow = wide * draw.between(0.35, 1.0)
    if tall:
        high, foot = draw.between(1.1, 1.6), draw.between(0.11, 0.18)
        pole = rod((0, 0, 0.02), (0, 0, high + shade / 2), draw.between(0.008, 0.022))
    else:
        high, foot = draw.between(0.2, 0.4), draw.between(0.06, 0.12)
        belly = draw.between(0.02, 0.09)
        rows = [(foot * 0.6, 0.01)] + [
            (0.02 + belly * math.sin(math.pi * t) ** 1.3, 0.01 + t * (high - 0.01))
            for t in (0.1, 0.25, 0.4, 0.55, 0.7, 0.9)
        ]
        pole = spin([*rows, (0.012, high + shade / 2)])
    thin = 0.004
    shell = [
        (wide, high),
        (narrow, high + shade),
        (narrow - thin, high + shade),
        (wide - thin, high),
    ]
    pieces = Pieces()
    pieces.add("base", spin([(foot, 0), (foot, 0.015), (foot * 0.5, 0.03)], 20))
    pieces.add("pole", pole)
    pieces.add("shade", spin(shell, 24, closed=True))
    return pieces


def desk_lamp(draw: Draw) -> Pieces:
    """A foot, two arms with a joint, and a bell that hangs at their end."""
    foot, low, far = draw.between(0.07, 0.12), draw.between(0.2, 0.4), draw.between(0.2, 0.35)
    lean, drop = draw.between(0.1, 0.6), draw.between(-0.4, 0.5)
    elbow = (0.0, low * math.sin(lean), low * math.cos(lean) + 0.02)
    end = (0.0, elbow[1] - far * math.cos(drop), elbow[2] + far * math.sin(drop))
    thick = draw.between(0.006, 0.014)
    wide = draw.between(0.06, 0.11)
    bell = spin([(wide, -0.1), (wide * 0.7, -0.03), (0.025, 0.0), (0.02, 0.03), (0.0, 0.03)], 20)
    pieces = Pieces()
    pieces.add("base", spin([(foot, 0), (foot, 0.02), (foot * 0.7, 0.03)], 20))
    pieces.add("pole", tube([(0, 0, 0.02), elbow], thick), tube([elbow, end], thick))
    pieces.add("shade", bell.turned("x", -draw.between(0.0, 0.7)).at(*end))
    return pieces
