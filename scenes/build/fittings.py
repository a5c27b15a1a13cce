"""What belongs to the house: bath, doors, windows, what hangs on walls and from the ceiling.

Things that stand have their back to +y; things that hang on a wall have it at y = 0 and their
bottom at z = 0, and look to -y. Metres.
"""

import math

import torch

from scenes.build.draw import Draw
from scenes.build.opening import curtain
from scenes.build.solid import (
    Pieces,
    Solid,
    ball,
    curve,
    hoop,
    hull,
    loft,
    pad,
    rod,
    slab,
    spin,
    tube,
)


def toilet(draw: Draw) -> Pieces:
    """A bowl with its seat and a cistern."""
    w, rim = draw.between(0.17, 0.2), draw.between(0.38, 0.43)
    rings = []
    for z, size, shift in ((0.0, 0.55, 0.05), (0.12, 0.5, 0.05), (0.28, 0.85, 0.0), (rim, 1, 0.0)):
        angle = torch.arange(20) * (2 * math.pi / 20)
        y = 0.25 * size * angle.sin() - 0.08 + shift
        rings.append(torch.stack([w * size * angle.cos(), y, torch.full((20,), z)], -1))
    pieces = Pieces()
    pieces.add("ceramic", loft(torch.stack(rings)))
    seat = hoop(1.0, 0.2, 24, 8).scaled(w * 0.86, 0.21, 0.08).at(0, -0.08, rim + 0.01)
    pieces.add("ceramic", seat)
    if draw.chance(0.4):
        pieces.add("ceramic", pad((-w, -0.3, rim + 0.02), (w, 0.14, rim + 0.04), 0.01))
    tall = draw.between(0.32, 0.42)
    pieces.add("ceramic", pad((-w, 0.14, rim - 0.06), (w, 0.34, rim + tall), 0.03))
    pieces.add("handle", slab((-0.03, 0.2, rim + tall), (0.03, 0.26, rim + tall + 0.012)))
    return pieces


def basin_shape(w: float, d: float, deep: float) -> Solid:
    """A hollow tub (half sizes w, d) whose rim is at z = 0."""
    rows = [(0.75, -deep, 1.0), (0.95, -deep * 0.6, 1.0), (1.0, 0.0, 1.0)]
    rows += [(0.9, 0.0, 1.0), (0.85, -deep * 0.55, 1.0), (0.6, -deep * 0.85, 1.0)]
    angle = torch.arange(28) * (2 * math.pi / 28)
    c, s = angle.cos(), angle.sin()
    x, y = w * c.sign() * c.abs() ** 0.5, d * s.sign() * s.abs() ** 0.5
    rings = [torch.stack([x * r, y * r, torch.full((28,), z)], -1) for r, z, _ in rows]
    return loft(torch.stack(rings))


def tap(y: float, z: float) -> Solid:
    """A bent pipe that reaches to -y."""
    way = [(0.0, y, z), (0.0, y, z + 0.16), (0.0, y - 0.06, z + 0.22), (0.0, y - 0.13, z + 0.16)]
    return tube(curve(way, 10), 0.012)


def bathtub(draw: Draw) -> Pieces:
    """A tub in its panel with a tap at the wall."""
    w, d, high = draw.between(0.72, 0.85), draw.between(0.35, 0.42), draw.between(0.5, 0.6)
    pieces = Pieces()
    pieces.add("ceramic", basin_shape(w, d, high - 0.06).at(0, 0, high))
    if draw.chance(0.7):
        sides = [((-w, -d, 0), (w, -d + 0.02, high)), ((-w, d - 0.02, 0), (w, d, high))]
        sides += [((-w, -d, 0), (-w + 0.02, d, high)), ((w - 0.02, -d, 0), (w, d, high))]
        pieces.add("ceramic", *(slab(low, top) for low, top in sides))
    else:
        feet = [(x, y) for x in (-w * 0.6, w * 0.6) for y in (-d * 0.5, d * 0.5)]
        pieces.add("metal", *(rod((x, y, 0), (x, y, 0.15), 0.03) for x, y in feet))
    pieces.add("metal", tap(d - 0.04, high))
    return pieces


def sink(draw: Draw) -> Pieces:
    """A wash basin on a column or on a chest, with its tap."""
    w, d, high = draw.between(0.25, 0.38), draw.between(0.19, 0.25), draw.between(0.8, 0.88)
    pieces = Pieces()
    pieces.add("ceramic", basin_shape(w, d, 0.16).at(0, 0, high))
    if draw.chance(0.6):
        pieces.add("ceramic", spin([(0.11, 0), (0.08, 0.3), (0.12, high - 0.12)], 16))
    else:
        pieces.add("body", slab((-w * 0.9, -d * 0.8, 0.0), (w * 0.9, d, high - 0.15)))
    pieces.add("metal", tap(d - 0.03, high - 0.01))
    return pieces


def kitchen_sink(draw: Draw) -> Pieces:
    """A steel sink to lie in a counter: its rim at z = 0."""
    w = draw.between(0.2, 0.3)
    pieces = Pieces()
    pieces.add("metal", basin_shape(w, 0.2, 0.03).at(0, 0, 0.03), tap(0.2, 0.02))
    return pieces


def mirror(draw: Draw) -> Pieces:
    """A pane in a frame, round or not."""
    w, high = draw.between(0.25, 0.5), draw.between(0.6, 1.3)
    pieces = Pieces()
    if draw.chance(0.3):
        disc = spin([(w, 0.0), (w, 0.02), (w - 0.02, 0.025)], 28).turned("x", math.pi / 2)
        pieces.add("glass", disc.at(0, 0, w))
        return pieces
    pieces.add("frame", slab((-w, -0.025, 0), (w, 0, high)))
    pieces.add("glass", slab((-w + 0.03, -0.03, 0.03), (w - 0.03, -0.02, high - 0.03)))
    return pieces


def radiator(draw: Draw) -> Pieces:
    """Ribs between two pipes."""
    w, high = draw.between(0.35, 0.7), draw.between(0.5, 0.65)
    count = round(w * 2 / 0.09)
    pieces = Pieces()
    for i in range(count):
        x = -w + (2 * w) * (i + 0.5) / count
        pieces.add("white", pad((x - 0.03, -0.11, 0.1), (x + 0.03, -0.03, high), 0.02, 2))
    for z in (0.16, high - 0.08):
        pieces.add("white", rod((-w, -0.07, z), (w, -0.07, z), 0.02))
    pieces.add("white", rod((w - 0.02, -0.07, 0.0), (w - 0.02, -0.07, 0.18), 0.012))
    return pieces


def whiteboard(draw: Draw) -> Pieces:
    """A board with a frame and a tray with pens."""
    w, high = draw.between(0.5, 1.1), draw.between(0.7, 1.1)
    pieces = Pieces()
    pieces.add("metal", slab((-w, -0.02, 0), (w, 0, high)))
    pieces.add("white", slab((-w + 0.02, -0.024, 0.02), (w - 0.02, -0.018, high - 0.02)))
    pieces.add("metal", slab((-w * 0.5, -0.08, -0.01), (w * 0.5, 0, 0.01)))
    for i in range(draw.whole(0, 4)):
        x = -0.2 + 0.12 * i
        pieces.add("dark", rod((x, -0.05, 0.018), (x + 0.1, -0.05, 0.018), 0.008))
    return pieces


def door(draw: Draw) -> Pieces:
    """A closed door in its frame with panels and a handle."""
    w, high = draw.between(0.38, 0.47), draw.between(1.98, 2.1)
    pieces = Pieces()
    for x in (-w - 0.07, w):
        pieces.add("frame", slab((x, -0.03, 0), (x + 0.07, 0, high + 0.07)))
    pieces.add("frame", slab((-w, -0.03, high), (w, 0, high + 0.07)))
    pieces.add("leaf", slab((-w, -0.022, 0.004), (w, 0, high)))
    rows = draw.whole(0, 3)
    for i in range(rows):
        z, tall = 0.15 + i * (high - 0.25) / rows, (high - 0.25) / rows - 0.12
        pieces.add("leaf", slab((-w + 0.12, -0.034, z), (w - 0.12, -0.02, z + tall)))
    x = draw.choice((-1, 1)) * (w - 0.07)
    pieces.add("metal", rod((x, -0.02, 1.02), (x, -0.06, 1.02), 0.012))
    inward = -math.copysign(0.11, x)
    pieces.add("metal", rod((x, -0.06, 1.02), (x + inward, -0.06, 1.02), 0.01))
    return pieces


def window(draw: Draw, width: float, high: float) -> Pieces:
    """Frame, bars, panes and a sill."""
    w = width / 2
    pieces = Pieces()
    pieces.add("glass", slab((-w, -0.012, 0), (w, 0, high)))
    pieces.add("white", slab((-w - 0.05, -draw.between(0.05, 0.2), -0.04), (w + 0.05, 0, 0)))
    columns = draw.whole(1, 3)
    for i in range(columns + 1):
        x = -w + i * (width - 0.05) / columns
        pieces.add("white", slab((x, -0.04, 0), (x + 0.05, 0, high)))
    levels = [0.0, high - 0.05] + ([high * draw.between(0.55, 0.75)] if draw.chance(0.5) else [])
    pieces.add("white", *(slab((-w, -0.036, z), (w, 0, z + 0.05)) for z in levels))
    return pieces


def curtains(draw: Draw, width: float, high: float) -> Pieces:
    """Two cloths on a rod, for a window of that size; they reach below and beside it."""
    half, drop = width / 2, draw.choice((0.2, 0.75))
    pieces = Pieces()
    rail = high + 0.1
    pieces.add("metal", rod((-half - 0.4, -0.09, rail), (half + 0.4, -0.09, rail), 0.012))
    wide = draw.between(0.25, 0.45)
    cloth = curtain(wide, high + 0.1 + drop, draw.between(2.5, 5.0))
    for side in (-1, 1):
        solid = Solid(cloth.vertices, cloth.faces)
        pieces.add("cloth", solid.at(side * (half + 0.12), -0.095, rail))
    return pieces


def picture(draw: Draw) -> Pieces:
    """A framed picture or a poster."""
    w, high = draw.between(0.15, 0.5), draw.between(0.2, 0.45)
    deep = draw.between(0.006, 0.035)
    pieces = Pieces()
    pieces.add("frame", slab((-w, -deep, 0), (w, 0, 2 * high)))
    edge = draw.between(0.015, 0.05)
    pieces.add("image", slab((edge - w, -deep - 0.003, edge), (w - edge, 0, 2 * high - edge)))
    return pieces


def clock(draw: Draw) -> Pieces:
    """A round wall clock."""
    size = draw.between(0.11, 0.18)
    rim = spin([(size, 0.0), (size, 0.035), (size * 0.9, 0.03), (0.0, 0.03)], 24)
    pieces = Pieces()
    pieces.add("white", rim.turned("x", math.pi / 2).at(0, 0, size))
    for angle, long in ((draw.between(0, 6), 0.55), (draw.between(0, 6), 0.75)):
        end = (size * long * math.sin(angle), -0.036, size * (1 + long * math.cos(angle)))
        pieces.add("dark", rod((0, -0.036, size), end, 0.005, sides=4))
    return pieces


def pendant(draw: Draw, drop: float) -> Pieces:
    """A lamp that hangs by `drop` metres from z = 0."""
    wide, high = min(draw.between(0.12, 0.28), 0.6 * drop), draw.between(0.12, 0.25)
    pieces = Pieces()
    pieces.add("dark", rod((0, 0, -drop + high * 0.9), (0, 0, 0), 0.006, sides=6))
    if draw.chance(0.35):
        pieces.add("shade", ball((0, 0, -drop + wide * 0.7), wide * 0.7, 16))
    else:
        top = wide * draw.between(0.2, 0.9)
        rows = [(wide, 0.0), (top, high), (max(top - 0.006, 0.01), high), (wide - 0.006, 0.0)]
        pieces.add("shade", spin(rows, 24, closed=True).at(0, 0, -drop))
    return pieces


def rug(draw: Draw, w: float, d: float) -> Pieces:
    """A rug of half sizes w, d or a round one."""
    pieces = Pieces()
    if draw.chance(0.25):
        pieces.add("cloth", spin([(min(w, d), 0.0), (min(w, d), 0.012)], 32))
    else:
        pieces.add("cloth", slab((-w, -d, 0), (w, d, 0.012)))
        pieces.add("image", slab((-w + 0.12, -d + 0.12, 0.01), (w - 0.12, d - 0.12, 0.014)))
    return pieces


def screen(draw: Draw, half: float) -> Pieces:
    """A television or a monitor on its foot, 2 x half wide."""
    high, lift = half * 1.14, draw.between(0.05, 0.12)
    pieces = Pieces()
    pieces.add("dark", pad((-half, -0.015, lift), (half, 0.02, lift + high), 0.008))
    pane = slab((0.012 - half, -0.018, lift + 0.015), (half - 0.012, -0.012, lift + high - 0.012))
    pieces.add("dark", pane)
    pieces.add("dark", slab((-0.03, 0.0, 0.0), (0.03, 0.025, lift + 0.05)))
    pieces.add("dark", slab((-half * 0.4, -0.08, 0.0), (half * 0.4, 0.1, 0.012)))
    return pieces


def coat_rack(draw: Draw) -> Pieces:
    """A pole with hooks and sometimes a coat."""
    high = draw.between(1.6, 1.9)
    pieces = Pieces()
    pieces.add("wood", spin([(0.2, 0.0), (0.18, 0.03), (0.03, 0.05)], 20))
    pieces.add("wood", rod((0, 0, 0.03), (0, 0, high), 0.02))
    for i in range(draw.whole(3, 6)):
        hook = rod((0, 0, high - 0.12), (0.14, 0, high - 0.02), 0.01, sides=6)
        pieces.add("wood", hook.turned("z", 2.1 * i))
    for _ in range(draw.whole(0, 2)):
        coat = hull(
            [(-0.5, 0.17, -0.05, 0.05), (0.2, 0.15, -0.06, 0.06), (0.45, 0.05, -0.03, 0.03)]
        )
        upright = coat.turned("y", -math.pi / 2).at(0.1, 0, high - 0.55)
        pieces.add("cloth", upright.turned("z", draw.between(0, 6.3)))
    return pieces


def bin_(draw: Draw) -> Pieces:
    """A waste bin, open on top."""
    low, top, high = draw.between(0.09, 0.14), draw.between(0.12, 0.17), draw.between(0.25, 0.6)
    rows = [(low, 0.0), (top, high), (top - 0.006, high), (low - 0.006, 0.01)]
    pieces = Pieces()
    pieces.add("plastic", spin(rows, 20))
    return pieces
