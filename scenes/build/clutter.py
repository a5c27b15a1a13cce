"""Small things that lie about: on tables, in shelves, on the floor. Metres, standing on z = 0."""

import math

from scenes.build.draw import Draw
from scenes.build.shapes import things, vessels
from scenes.build.solid import Pieces, hull, pad, slab, tube


def box(draw: Draw) -> Pieces:
    """A cardboard box, closed or with its flaps open."""
    w, d, high = draw.between(0.1, 0.28), draw.between(0.1, 0.22), draw.between(0.1, 0.4)
    pieces = Pieces()
    pieces.add("card", slab((-w, -d, 0), (w, d, high)))
    if draw.chance(0.4):
        for side in (-1, 1):
            low, top = sorted((0.0, side * w * 0.9))
            flap = slab((low, -d, -0.003), (top, d, 0.003))
            pieces.add(
                "card", flap.turned("y", -side * draw.between(0.3, 1.3)).at(side * w, 0, high)
            )
    return pieces


def pile(draw: Draw) -> Pieces:
    """Books or papers that lie on each other."""
    pieces, z = Pieces(), 0.0
    for i in range(draw.whole(1, 5)):
        w, d, thick = draw.between(0.07, 0.11), draw.between(0.1, 0.15), draw.between(0.01, 0.045)
        book = slab((-w, -d, z), (w, d, z + thick)).turned("z", draw.between(-0.3, 0.3))
        pieces.add(f"cover {i}", book)
        z += thick
    return pieces


def row(draw: Draw, length: float, high: float, deep: float) -> Pieces:
    """Books that stand side by side over `length` metres, at most `high` and `deep`."""
    pieces, x, i = Pieces(), -length / 2, 0
    while x < length / 2 - 0.05:
        thick, tall = draw.between(0.015, 0.055), high * draw.between(0.6, 0.95)
        back = deep * draw.between(0.6, 0.95)
        pieces.add(f"cover {i % 9}", slab((x, deep / 2 - back, 0), (x + thick, deep / 2, tall)))
        x, i = x + thick + 0.001, i + 1
    return pieces


def vessel(draw: Draw) -> Pieces:
    """A mug, bottle, vase, teapot or bowl."""
    kind = draw.choice(("mug", "mug", "bottle", "bottle", "vase", "teapot", "bowl"))
    if kind == "bowl":
        pieces = Pieces()
        pieces.add("ceramic", *vessels.bowl(draw))
        return pieces
    maker = {"mug": vessels.mug, "bottle": vessels.bottle, "vase": vessels.vase}
    return maker.get(kind, vessels.teapot)(draw)


def cushion(draw: Draw) -> Pieces:
    """A square cushion that leans back."""
    w = draw.between(0.17, 0.25)
    pieces = Pieces()
    pillow = pad((-w, -0.07, -w), (w, 0.07, w), 0.066).turned("x", -draw.between(0.2, 0.5))
    pieces.add("cloth", pillow)
    return pieces


def bag(draw: Draw) -> Pieces:
    """A bag or a rucksack with its handles."""
    w, d, high = draw.between(0.12, 0.22), draw.between(0.06, 0.12), draw.between(0.22, 0.45)
    pieces = Pieces()
    body = hull(
        [(0, d, -w, w), (high * 0.7, d * 0.9, -w, w), (high, d * 0.3, -w * 0.8, w * 0.8)], 4
    )
    pieces.add("leather", body.turned("y", -math.pi / 2).scaled(-1, 1, 1))
    for y in (-d * 0.3, d * 0.3):
        way = [(-w * 0.5, y, high * 0.95), (-w * 0.4, y, high + 0.12), (w * 0.4, y, high + 0.12)]
        pieces.add("leather", tube([*way, (w * 0.5, y, high * 0.95)], 0.01, 6))
    return pieces


def shoes(draw: Draw) -> Pieces:
    """A pair of shoes."""
    long, high = draw.between(0.12, 0.15), draw.between(0.06, 0.14)
    pieces = Pieces()
    stations = [(-long, 0.03, 0, high), (-long * 0.5, 0.04, 0, high), (0.1 * long, 0.045, 0, 0.06)]
    shoe = hull([*stations, (0.7 * long, 0.047, 0, 0.045), (long, 0.025, 0, 0.025)], 3)
    for side in (-1, 1):
        turned = shoe.turned("z", draw.between(-0.4, 0.4))
        pieces.add("leather", turned.at(draw.between(-0.05, 0.05), side * 0.07, 0))
    return pieces


def toy(draw: Draw) -> Pieces:
    """A ball or a heap of blocks."""
    pieces = Pieces()
    if draw.chance(0.4):
        pieces.add("plastic", *things.ball_toy(draw))
        return pieces
    for i in range(draw.whole(2, 7)):
        w = draw.between(0.02, 0.045)
        block = slab((-w, -w, 0), (w, w, 2 * w)).turned("z", draw.between(0, 1.5))
        x, y = draw.between(-0.15, 0.15), draw.between(-0.15, 0.15)
        pieces.add(f"cover {i}", block.at(x, y, 0))
    return pieces


def clothes(draw: Draw) -> Pieces:
    """A heap of clothes or a folded towel."""
    pieces = Pieces()
    for i in range(draw.whole(1, 4)):
        w, d, high = draw.between(0.1, 0.22), draw.between(0.08, 0.16), draw.between(0.02, 0.07)
        sheet = pad((-w, -d, 0), (w, d, high), high * 0.45).turned("z", draw.between(0, 3))
        x, y = draw.between(-0.06, 0.06), draw.between(-0.06, 0.06)
        pieces.add(f"cover {i}", sheet.at(x, y, 0.035 * i))
    return pieces


def keyboard(draw: Draw) -> Pieces:
    """A keyboard with rows of keys."""
    w = draw.between(0.15, 0.23)
    pieces = Pieces()
    pieces.add("dark", slab((-w, -0.07, 0), (w, 0.07, 0.012)))
    for i in range(4):
        y = -0.06 + 0.031 * i
        pieces.add("plastic", slab((-w + 0.01, y, 0.012), (w - 0.01, y + 0.025, 0.018)))
    return pieces
