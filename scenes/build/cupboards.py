"""Furniture with doors, drawers and tops, the kitchen's row and the desk.

All stand on z = 0 with the back to +y and the front to -y, metres. Parts named `top` and `board`
are places to put things on.
"""

from scenes.build.draw import Draw
from scenes.build.shapes.seats import four_legs
from scenes.build.solid import Pieces, Solid, pad, rod, slab, spin


def fronts(
    draw: Draw, low: tuple[float, float], high: tuple[float, float], y: float, grid: tuple[int, int]
) -> Pieces:
    """Doors or drawer fronts (columns, rows) over the rectangle (x, z), with handles."""
    (x0, z0), (x1, z1), (columns, rows) = low, high, grid
    w, h, gap = (x1 - x0) / columns, (z1 - z0) / rows, 0.004
    bar = draw.chance(0.5)
    pieces = Pieces()
    for i in range(columns):
        for j in range(rows):
            x, z = x0 + i * w, z0 + j * h
            corner = (x + w - gap, y, z + h - gap)
            pieces.add("door", slab((x + gap, y - 0.018, z + gap), corner))
            if h > w * 1.2:  # a door: the handle is at its side
                at = x + w * (0.9 if i % 2 == 0 else 0.1)
                ends = ((at, y - 0.035, z + h * 0.45), (at, y - 0.035, z + h * 0.55))
            else:
                at, level = x + w / 2, z + h * 0.7
                ends = ((at - w * 0.12, y - 0.035, level), (at + w * 0.12, y - 0.035, level))
            middle = ((ends[0][0] + ends[1][0]) / 2, y - 0.03, (ends[0][2] + ends[1][2]) / 2)
            pieces.add("handle", rod(*ends, 0.008) if bar else knob(middle))
    return pieces


def knob(at: tuple[float, float, float]) -> Solid:
    """A knob that looks to -y."""
    x, y, z = at
    return rod((x, y - 0.012, z), (x, y + 0.012, z), 0.014)


def chest(
    draw: Draw, size: tuple[float, float, float], grid: tuple[int, int], foot: float = 0.05
) -> Pieces:
    """A box of size width, depth, height with fronts, on a base, under a top."""
    w, d, high = size[0] / 2, size[1] / 2, size[2]
    pieces = Pieces()
    pieces.add("body", slab((-w, -d + 0.02, foot), (w, d, high - 0.02)))
    pieces.add("base", slab((-w + 0.03, -d + 0.05, 0), (w - 0.03, d - 0.02, foot)))
    pieces.add("top", slab((-w - 0.008, -d - 0.005, high - 0.022), (w + 0.008, d, high)))
    pieces.extend(fronts(draw, (-w, foot), (w, high - 0.024), -d + 0.02, grid))
    return pieces


def wardrobe(draw: Draw) -> Pieces:
    """Two to four tall doors."""
    doors = draw.whole(2, 4)
    size = (doors * draw.between(0.42, 0.55), draw.between(0.52, 0.64), draw.between(1.8, 2.2))
    return chest(draw, size, (doors, 1))


def drawers(draw: Draw) -> Pieces:
    """A chest of drawers."""
    size = (draw.between(0.6, 1.2), draw.between(0.4, 0.5), draw.between(0.7, 1.15))
    return chest(draw, size, (draw.whole(1, 2), draw.whole(3, 5)))


def cabinet(draw: Draw) -> Pieces:
    """A low cabinet."""
    size = (draw.between(0.9, 1.8), draw.between(0.36, 0.46), draw.between(0.42, 0.85))
    return chest(draw, size, (draw.whole(2, 4), draw.whole(1, 2)))


def nightstand(draw: Draw) -> Pieces:
    """A small cabinet for the side of a bed."""
    size = (draw.between(0.36, 0.5), draw.between(0.34, 0.44), draw.between(0.42, 0.6))
    return chest(draw, size, (1, draw.whole(1, 3)), 0.1)


def desk(draw: Draw) -> Pieces:
    """A top on legs, often with drawers below one side."""
    w, d, high = draw.between(0.5, 0.9), draw.between(0.3, 0.4), draw.between(0.7, 0.76)
    pieces = Pieces()
    pieces.add("top", slab((-w, -d, high - 0.03), (w, d, high)))
    if draw.chance(0.65):
        side = draw.choice((-1, 1))
        block = chest(draw, (0.4, 2 * d - 0.06, high - 0.035), (1, 3))
        pieces.extend((p, s) for p, s in block.at(side * (w - 0.22), 0, 0) if p != "top")
        x = -side * (w - 0.03)
        pieces.add("body", slab((x - 0.015, -d + 0.02, 0), (x + 0.015, d - 0.02, high - 0.03)))
    else:
        pieces.add("leg", *four_legs(draw, w - 0.02, d - 0.02, high - 0.028))
    return pieces


def bench(draw: Draw) -> Pieces:
    """A long seat without a back."""
    w, d, high = draw.between(0.4, 0.75), draw.between(0.15, 0.2), draw.between(0.42, 0.48)
    pieces = Pieces()
    pieces.add("board", pad((-w, -d, high - 0.04), (w, d, high), 0.012))
    pieces.add("leg", *four_legs(draw, w - 0.04, d - 0.02, high - 0.035))
    return pieces


def counter(draw: Draw, width: float) -> Pieces:
    """A kitchen counter of doors and drawers under a work top."""
    columns = max(1, round(width / 0.55))
    return chest(draw, (width, 0.6, 0.9), (columns, draw.whole(1, 2)), 0.1)


def upper_cabinet(draw: Draw, width: float) -> Pieces:
    """Hangs on the wall: its back at y = 0, its bottom at z = 0."""
    high, deep = draw.between(0.55, 0.8), draw.between(0.3, 0.36)
    pieces = Pieces()
    pieces.add("body", slab((-width / 2, -deep, 0), (width / 2, 0, high)))
    grid = (max(1, round(width / 0.5)), 1)
    pieces.extend(fronts(draw, (-width / 2, 0), (width / 2, high), -deep, grid))
    return pieces


def fridge(draw: Draw) -> Pieces:
    """One or two doors with bars for handles."""
    w, d, high = draw.between(0.28, 0.38), draw.between(0.3, 0.34), draw.between(1.2, 1.95)
    split = high * draw.between(0.3, 0.65)
    pieces = Pieces()
    pieces.add("shell", pad((-w, -d + 0.05, 0.03), (w, d, high), 0.02))
    side = draw.choice((-1, 1))
    for low, top in ((0.05, split - 0.006), (split + 0.006, high - 0.01)):
        pieces.add("shell", pad((-w, -d, low), (w, -d + 0.06, top), 0.015))
        x, middle = side * (w - 0.06), split
        start = middle - 0.3 if top < high - 0.02 else middle + 0.05
        pieces.add("handle", rod((x, -d - 0.03, start), (x, -d - 0.03, start + 0.25), 0.01))
    return pieces


def stove(draw: Draw) -> Pieces:
    """An oven with four plates, knobs and a door with a window."""
    w, d, high = draw.between(0.28, 0.32), 0.3, 0.9
    pieces = Pieces()
    pieces.add("shell", slab((-w, -d + 0.02, 0.0), (w, d, high - 0.02)))
    pieces.add("dark", slab((-w, -d, high - 0.02), (w, d, high)))
    for x in (-w * 0.48, w * 0.48):
        for y in (-0.13, 0.13):
            ring = spin([(0.085, 0.0), (0.085, 0.008)], 20)
            pieces.add("metal", ring.at(x, y, high - 0.001))
    pieces.add("shell", slab((-w + 0.01, -d, 0.12), (w - 0.01, -d + 0.03, 0.7)))
    pieces.add("dark", slab((-w * 0.7, -d - 0.003, 0.25), (w * 0.7, -d, 0.58)))
    pieces.add("handle", rod((-w * 0.75, -d - 0.04, 0.66), (w * 0.75, -d - 0.04, 0.66), 0.01))
    for i in range(5):
        pieces.add("handle", knob((-w * 0.7 + i * w * 0.35, -d + 0.01, 0.8)))
    return pieces


def washer(draw: Draw) -> Pieces:
    """A white box with a round window."""
    w, d, high = 0.3, draw.between(0.26, 0.31), 0.85
    pieces = Pieces()
    pieces.add("shell", pad((-w, -d, 0.01), (w, d, high), 0.012))
    ring = spin([(0.19, -0.03), (0.16, -0.05), (0.13, -0.02), (0.0, 0.0)], 24)
    level = high * draw.between(0.45, 0.52)
    pieces.add("metal", ring.turned("x", 1.5708).scaled(1, -1, 1).at(0, -d - 0.03, level))
    pieces.add("dark", slab((0.02, -d - 0.003, high - 0.12), (0.24, -d + 0.01, high - 0.05)))
    pieces.add("handle", slab((-0.26, -d - 0.004, high - 0.13), (-0.08, -d + 0.01, high - 0.04)))
    return pieces


def piano(draw: Draw) -> Pieces:
    """An upright piano with its keys."""
    w, d, high = 0.74, draw.between(0.26, 0.32), draw.between(1.08, 1.3)
    pieces = Pieces()
    pieces.add("body", slab((-w, -0.05, 0), (w, d, high)))
    pieces.add("top", slab((-w - 0.02, -0.07, high), (w + 0.02, d, high + 0.025)))
    pieces.add("body", slab((-w, -d, 0.6), (w, -0.04, 0.68)))
    pieces.add("paper", slab((-w + 0.06, -d + 0.02, 0.68), (w - 0.06, -d + 0.16, 0.7)))
    for i in range(24):
        x = -w + 0.1 + i * (2 * w - 0.2) / 23
        if i % 7 not in (2, 6):
            pieces.add("dark", slab((x, -d + 0.07, 0.7), (x + 0.025, -d + 0.16, 0.712)))
    for x in (-w + 0.04, w - 0.04):
        pieces.add("leg", slab((x - 0.04, -d + 0.01, 0), (x + 0.04, -d + 0.09, 0.61)))
    return pieces
