"""Chairs, stools, sofas and beds."""

from scenes.build.draw import Draw
from scenes.build.solid import Pieces, Solid, pad, rod, slab, spin, tube


def chair(draw: Draw) -> Pieces:
    """Seat, back, legs (four, a star on a post, or two bent runners), sometimes arms."""
    w, d = draw.between(0.19, 0.28), draw.between(0.19, 0.27)
    seat = draw.between(0.4, 0.5)
    thick = draw.between(0.025, 0.09)
    pieces = Pieces()
    pieces.add("seat", pad((-w, -d, seat - thick), (w, d, seat), draw.between(0.01, 0.04)))
    tall, rake = draw.between(0.32, 0.62), draw.between(0.0, 0.28)
    back = chair_back(draw, w * draw.between(0.8, 1.0), tall)
    for solid in back:
        pieces.add("back", solid.at(0, d - 0.02, seat - 0.01).turned("x", -rake, (0, d, seat)))
    style = draw.choice(("four", "four", "star", "runner"))
    if style == "four":
        pieces.add("leg", *four_legs(draw, w - 0.02, d - 0.02, seat - thick + 0.01))
    elif style == "star":
        pieces.add("leg", *star_foot(draw, seat - thick + 0.01, draw.between(0.22, 0.32)))
    else:
        for side in (-1, 1):
            x, low = side * (w - 0.02), 0.015
            way = [(x, d - 0.03, low), (x, -d + 0.02, low), (x, -d + 0.02, seat - thick)]
            pieces.add("leg", tube([*way, (x, d - 0.05, seat - thick)], 0.014))
    if draw.chance(0.4):
        rest, front = seat + draw.between(0.16, 0.24), -d * draw.between(0.4, 0.95)
        for side in (-1, 1):
            x = side * (w + 0.01)
            pieces.add(
                "arm", pad((x - 0.025, front, rest - 0.02), (x + 0.025, d, rest + 0.02), 0.015)
            )
            pieces.add(
                "arm", rod((x, front + 0.03, seat - thick / 2), (x, front + 0.03, rest), 0.014)
            )
    return pieces


def chair_back(draw: Draw, half: float, tall: float) -> list[Solid]:
    """A back that stands on z = 0 at y = 0: a panel, boards across, or bars upright."""
    style = draw.choice(("panel", "boards", "bars"))
    thick = draw.between(0.015, 0.05)
    if style == "panel":
        gap = draw.between(0.0, 0.12)
        solids = [pad((-half, -thick, gap), (half, thick, tall), draw.between(0.01, 0.05))]
        if gap > 0.02:
            solids += [
                slab((x - 0.02, -0.012, 0), (x + 0.02, 0.012, gap + 0.05))
                for x in (-half * 0.6, half * 0.6)
            ]
        return solids
    posts = [
        slab((x - 0.02, -0.014, 0), (x + 0.02, 0.014, tall)) for x in (-half + 0.02, half - 0.02)
    ]
    count = draw.whole(2, 5)
    if style == "boards":
        high = tall / count * draw.between(0.35, 0.7)
        levels = [tall - high - i * (tall - 0.1) / count for i in range(count)]
        return posts + [
            slab((-half + 0.02, -0.01, z), (half - 0.02, 0.01, z + high)) for z in levels
        ]
    rails = [
        slab((-half + 0.02, -0.012, z), (half - 0.02, 0.012, z + 0.05)) for z in (0.06, tall - 0.05)
    ]
    step = 2 * half / (count + 2)
    bars = [
        rod((-half + step * (i + 1), 0, 0.08), (-half + step * (i + 1), 0, tall - 0.03), 0.009)
        for i in range(count + 1)
    ]
    return posts + rails + bars


def four_legs(draw: Draw, half_x: float, half_y: float, top: float) -> list[Solid]:
    """Legs below the corners (half_x, half_y), round or square, upright or splayed."""
    thick, splay = draw.between(0.014, 0.035), draw.between(0.0, 0.07)
    foot, square = thick * draw.between(0.5, 1.0), draw.chance(0.5)
    solids = []
    for x in (-half_x + thick, half_x - thick):
        for y in (-half_y + thick, half_y - thick):
            end = (x * (1 + splay / half_x), y * (1 + splay / half_y), 0.0)
            solids.append(rod(end, (x, y, top), foot, thick, 4 if square else 8))
    return solids


def star_foot(draw: Draw, top: float, reach: float) -> list[Solid]:
    """A post on a star of four or five toes."""
    post = rod((0, 0, 0.07), (0, 0, top), draw.between(0.02, 0.04))
    toes = draw.whole(4, 5)
    bar = rod((0, 0, 0.08), (reach, 0, 0.03), 0.025, 0.015, 6)
    return [post, *(bar.turned("z", 6.2832 * i / toes + 0.3) for i in range(toes))]


def stool(draw: Draw) -> Pieces:
    """A seat without a back, round or square, on legs or a post."""
    high, half = draw.between(0.4, 0.78), draw.between(0.15, 0.22)
    thick = draw.between(0.025, 0.1)
    if draw.chance(0.65):
        seat = spin(
            [(half * 0.94, high - thick), (half, high - thick / 2), (half * 0.92, high)], 20
        )
    else:
        seat = pad((-half, -half, high - thick), (half, half, high), 0.02)
    pieces = Pieces()
    pieces.add("seat", seat)
    if draw.chance(0.3):
        pieces.add(
            "leg",
            spin(
                [
                    (half, 0.0),
                    (half, 0.015),
                    (0.04, 0.04),
                    (0.025, 0.08),
                    (0.025, high - thick),
                ],
                16,
            ),
        )
        return pieces
    spread = half * 0.72
    legs = four_legs(draw, spread, spread, high - thick + 0.01)
    pieces.add("leg", *legs)
    if draw.chance(0.6):
        z, r = high * draw.between(0.25, 0.5), spread * 0.95
        ways = [((-r, y, z), (r, y, z)) for y in (-r, r)] + [
            ((x, -r, z), (x, r, z)) for x in (-r, r)
        ]
        pieces.add("leg", *(rod(a, b, 0.01, sides=6) for a, b in ways))
    return pieces


def sofa(draw: Draw, half: float | None = None) -> Pieces:
    """Seat cushions, back, arms and short legs; an armchair where it is narrow."""
    w = draw.between(0.38, 1.1) if half is None else half
    d, seat = draw.between(0.38, 0.48), draw.between(0.36, 0.46)
    arm, foot = draw.between(0.09, 0.2), draw.between(0.04, 0.13)
    rest, tall = seat + draw.between(0.1, 0.24), seat + draw.between(0.3, 0.52)
    round_ = draw.between(0.02, 0.08)
    pieces = Pieces()
    pieces.add("seat", pad((-w, -d, foot), (w, d, seat - 0.12), 0.03))
    count = max(1, round(2 * (w - arm) / 0.62))
    wide, lean = 2 * (w - arm) / count, draw.between(0.05, 0.22)
    for i in range(count):
        x = -w + arm + wide * i
        pieces.add("seat", pad((x, -d - 0.01, seat - 0.14), (x + wide, d - 0.12, seat), 0.05))
        cushion = pad((x, d - 0.24, seat - 0.02), (x + wide, d - 0.06, tall + 0.02), 0.06)
        pieces.add("back", cushion.turned("x", -lean * 0.4, (0, d, seat)))
    pieces.add("back", pad((-w, d - 0.12, foot), (w, d, tall), round_))
    for side in (-1, 1):
        low, high = sorted((side * w, side * (w - arm)))
        pieces.add("arm", pad((low, -d, foot), (high, d, rest), round_))
        x = side * (w - 0.07)
        feet = [rod((x, y, 0), (x, y, foot + 0.02), 0.018, 0.028) for y in (0.07 - d, d - 0.07)]
        pieces.add("leg", *feet)
    return pieces


def bed(draw: Draw) -> Pieces:
    """Frame, mattress, head board, pillows and a cover; the head is at +y."""
    w, d = draw.between(0.42, 0.92), draw.between(0.95, 1.08)
    deck, thick = draw.between(0.2, 0.36), draw.between(0.14, 0.26)
    pieces = Pieces()
    pieces.add("frame", slab((-w, -d, deck - 0.12), (w, d, deck)))
    mattress = pad((-w + 0.02, -d + 0.02, deck), (w - 0.02, d - 0.03, deck + thick), 0.06)
    pieces.add("mattress", mattress)
    head = deck + thick + draw.between(0.15, 0.6)
    pieces.add("frame", pad((-w - 0.02, d - 0.02, 0.0), (w + 0.02, d + 0.05, head), 0.02))
    if draw.chance(0.4):
        pieces.add(
            "frame", slab((-w, -d - 0.04, 0.0), (w, -d, deck + thick * draw.between(0.5, 1.5)))
        )
    feet = [(x, y) for x in (0.05 - w, w - 0.05) for y in (0.05 - d, d - 0.05)]
    pieces.add("leg", *(rod((x, y, 0), (x, y, deck - 0.1), 0.03, 0.035, 4) for x, y in feet))
    count = 1 if w < 0.6 else 2
    for i in range(count):
        x = (2 * i + 1 - count) * w / 2
        pillow = pad((x - 0.3, -0.19, -0.06), (x + 0.3, 0.19, 0.07), 0.064)
        pieces.add(
            "pillow",
            pillow.turned("x", draw.between(0.1, 0.5)).at(0, d - 0.26, deck + thick + 0.09),
        )
    fold = draw.between(0.1, 0.5)
    top = deck + thick + 0.025
    pieces.add("mattress", pad((-w - 0.01, -d + 0.01, top - 0.14), (w + 0.01, fold, top), 0.035))
    return pieces
