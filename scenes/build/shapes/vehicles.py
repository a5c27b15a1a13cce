"""Cars, planes, helicopters, rockets, boats and bicycles; the nose looks to +x."""

import math
from collections.abc import Sequence

import torch

from scenes.build.draw import Draw
from scenes.build.solid import (
    Pieces,
    Solid,
    ball,
    both,
    circle,
    curve,
    hoop,
    hull,
    loft,
    pad,
    plate,
    rod,
    slab,
    spin,
    tube,
)


def wing(root: tuple[float, float], tip: tuple[float, float], rise: tuple[float, ...]) -> Solid:
    """A blade to the +y side: middles x and y of root and tip are (x, y) and `rise` holds the
    half chords of both, the thickness at the root and the height of the tip over it.
    """
    chord, end, thick, up = rise
    ring = circle(12)
    rings = []
    for (x, y), half, z in ((root, chord, 0.0), (tip, end, up)):
        section = thick * half / chord
        rings.append(
            torch.stack([x + half * ring[:, 0], torch.full((12,), y), z + section * ring[:, 1]], -1)
        )
    return loft(torch.stack(rings))


def wheel(radius: float, wide: float, x: float, y: float) -> Solid:
    """A tyre with a hub, standing on z = 0 at (x, y) with its axle along y."""
    h = wide / 2
    rows = [(radius * 0.5, -h * 0.7), (radius * 0.92, -h), (radius, -h * 0.6), (radius, h * 0.6)]
    solid = spin([*rows, (radius * 0.92, h), (radius * 0.5, h * 0.7)], 20)
    return solid.turned("x", math.pi / 2).at(x, y, radius)


def car(draw: Draw) -> Pieces:
    """Body, cabin, four wheels: saloon, estate, van or pickup."""
    style = draw.choice(("saloon", "estate", "van", "pickup"))
    long, half = draw.between(1.7, 2.4), draw.between(0.78, 0.98)
    tyre, low = draw.between(0.28, 0.42), draw.between(0.16, 0.3)
    belt, roof = draw.between(0.78, 1.0), draw.between(1.3, 1.6)
    nose = belt - draw.between(0.05, 0.25)
    if style == "van":
        roof += draw.between(0.2, 0.7)
    stations = [(-long, half * 0.88, low + 0.1, belt - 0.1), (-long * 0.96, half, low, belt)]
    stations += [(long * 0.45, half, low, belt), (long * 0.92, half * 0.96, low, nose)]
    stations += [(long, half * 0.8, low + 0.12, nose - 0.15)]
    pieces = Pieces()
    pieces.add("body", hull(stations, 6, 24))
    fore = long * {"van": 0.62, "pickup": 0.35}.get(style, draw.between(0.25, 0.4))
    aft = -long * {"van": 0.94, "estate": 0.9, "pickup": 0.1}.get(style, draw.between(0.55, 0.75))
    slope, back = draw.between(0.25, 0.6), 0.06 if style in ("van", "estate") else 0.35
    sides = half * 0.93
    base = [[aft, -sides], [fore + slope * 0.6, -sides], [fore + slope * 0.6, sides], [aft, sides]]
    narrow = sides * draw.between(0.8, 0.95)
    over = [[aft + back, -narrow], [fore - slope * 0.3, -narrow]]
    over += [[fore - slope * 0.3, narrow], [aft + back, narrow]]
    rings = [
        torch.nn.functional.pad(torch.tensor(ring), (0, 1), value=z)
        for ring, z in ((base, belt - 0.06), (over, roof))
    ]
    pieces.add("cabin", loft(torch.stack(rings)))
    if style == "pickup":
        wall = [slab((-long * 0.94, half - 0.1, belt - 0.1), (aft, half - 0.03, belt + 0.12))]
        pieces.add("body", *both(wall))
    places = [(x, half - 0.1) for x in (-long * draw.between(0.55, 0.68), long * 0.62)]
    pieces.add("wheel", *both([wheel(tyre, 0.22, x, y) for x, y in places]))
    return pieces


def plane(draw: Draw) -> Pieces:
    """Fuselage, wings, tail; engines under the wings, at the tail, or a propeller."""
    long, thick = draw.between(2.2, 3.4), draw.between(0.2, 0.38)
    tail = thick * draw.between(0.1, 0.3)
    x = [-long, -long * 0.45, 0, long * 0.6, long * 0.85, long]
    half = [tail, thick * 0.85, thick, thick, thick * 0.75, thick * 0.12]
    lift = [thick * 0.7, thick * 0.12, 0, 0, -0.04, -0.08]
    stations = [(a, b, c - b, c + b) for a, b, c in zip(x, half, lift, strict=True)]
    pieces = Pieces()
    pieces.add("body", hull(stations, 2, 20))
    span, chord = draw.between(1.8, 3.4), draw.between(0.35, 0.65)
    sweep, end = draw.between(-0.1, 1.3), chord * draw.between(0.3, 0.9)
    height = draw.choice((-0.5, 0.0, 0.85)) * thick
    root = (draw.between(-0.1, 0.5), 0.0)
    rise = (chord, end, draw.between(0.035, 0.07), draw.between(0.0, 0.35))
    blade = wing(root, (root[0] - sweep, span), rise).at(0, 0, height)
    pieces.add("wing", *both([blade]))
    small = span * draw.between(0.3, 0.45)
    size = (chord * 0.6, chord * 0.35, 0.03, 0.05)
    top = thick * draw.between(1.8, 3.2)
    flat = wing((-long * 0.9, 0), (-long * 0.9 - 0.25 * sweep, small), size)
    fin = wing(
        (-long * 0.86, 0), (-long * 0.98 - 0.2 * sweep, top), (chord * 0.7, chord * 0.4, 0.04, 0.0)
    )
    raised = lift[0] + (top if draw.chance(0.25) else 0.0)
    pieces.add("tail", *both([flat.at(0, 0, raised)]))
    pieces.add("tail", fin.turned("x", math.pi / 2).at(0, 0, lift[0]))
    style = draw.choice(("wing", "wing", "tail", "propeller"))
    round_ = draw.between(0.1, 0.17)
    pod = spin([(round_ * 0.6, -0.35), (round_, -0.1), (round_, 0.25), (round_ * 0.85, 0.35)], 14)
    pod = pod.turned("y", math.pi / 2)
    if style == "wing":
        for share in draw.choice(((0.33,), (0.28, 0.6))):
            place = (root[0] - sweep * share + chord * 0.7, span * share, height + rise[3] * share)
            pieces.add("engine", *both([pod.at(place[0], place[1], place[2] - round_ * 0.9)]))
    elif style == "tail":
        pieces.add("engine", *both([pod.at(-long * 0.6, thick + round_ * 0.7, thick * 0.3)]))
    else:
        pieces.add("engine", *propeller(draw, long, thick))
    return pieces


def propeller(draw: Draw, nose: float, thick: float) -> list[Solid]:
    """A hub at x = nose and two to four blades."""
    count, reach = draw.whole(2, 4), draw.between(0.4, 0.7)
    hub = ball((nose, 0, -0.08), (0.12, thick * 0.3, thick * 0.3), 12)
    blade = pad((nose + 0.02, -0.05, 0), (nose + 0.05, 0.05, reach), 0.01, 2)
    turns = [2 * math.pi * i / count + 0.4 for i in range(count)]
    return [hub, *(blade.turned("x", angle).at(0, 0, -0.08) for angle in turns)]


def helicopter(draw: Draw) -> Pieces:
    """Cabin, tail boom with its rotor, main rotor, skids."""
    long, half, high = draw.between(0.8, 1.3), draw.between(0.4, 0.6), draw.between(0.5, 0.75)
    base = draw.between(0.3, 0.5)
    mid = base + high
    stations = [(-long, 0.12, mid, mid + 0.25), (-long * 0.5, half * 0.85, base, mid + high * 0.8)]
    stations += [(0.1, half, base, mid + high), (long * 0.6, half * 0.85, base, mid + high * 0.6)]
    body = hull([*stations, (long, half * 0.3, base + 0.1, mid)], 2.6)
    tail = draw.between(1.4, 2.3)
    boom = tube([(-long * 0.5, 0, mid + 0.2), (-long - tail, 0, mid + 0.35)], [0.2, 0.07], 12)
    fin = slab(
        (-long - tail - 0.1, -0.02, mid + 0.25),
        (-long - tail + 0.25, 0.02, mid + draw.between(0.7, 1.1)),
        (0.6, 1.0),
    )
    small = slab((-0.3, -0.01, -0.04), (0.3, 0.01, 0.04)).at(-long - tail, 0.12, mid + 0.4)
    pieces = Pieces()
    pieces.add("body", body)
    pieces.add("tail", boom, fin)
    pieces.add("rotor", small)
    top, count, reach = (
        mid + high + draw.between(0.15, 0.35),
        draw.whole(2, 5),
        draw.between(1.7, 2.6),
    )
    pieces.add("rotor", rod((-0.1, 0, mid + high * 0.8), (-0.1, 0, top + 0.05), 0.06))
    blade, turn = pad((0, -0.07, -0.012), (reach, 0.07, 0.012), 0.01, 2), draw.between(0, 1.5)
    turns = [turn + 2 * math.pi * i / count for i in range(count)]
    blades = [blade.turned("z", angle).at(-0.1, 0, top) for angle in turns]
    pieces.add("rotor", *blades)
    if draw.chance(0.75):
        bar = tube(
            [(-long * 0.7, half, 0.03), (long * 0.6, half, 0.03), (long * 0.85, half, 0.15)], 0.035
        )
        struts = [rod((x, half, 0.03), (x, half * 0.6, base + 0.15), 0.03) for x in (-0.4, 0.4)]
        pieces.add("skid", *both([bar, *struts]))
    else:
        pieces.add("skid", *both([wheel(0.16, 0.1, -0.4, half * 0.8)]))
        pieces.add(
            "skid",
            wheel(0.14, 0.1, long * 0.6, 0),
            rod((long * 0.6, 0, 0.14), (long * 0.6, 0, base + 0.2), 0.03),
        )
    return pieces


def rocket(draw: Draw) -> Pieces:
    """Stands on its engine: body, nose, fins, sometimes boosters."""
    high, wide = draw.between(1.4, 2.8), draw.between(0.16, 0.32)
    tip, flare = draw.between(0.3, 0.9), draw.between(0.8, 1.3)
    waist = wide * draw.between(0.75, 1.0)
    body = spin(
        [
            (wide * flare, 0.0),
            (wide, high * 0.3),
            (wide, high * 0.6),
            (waist, high * 0.7),
            (waist, high),
        ],
        24,
    )
    blunt = draw.between(0.5, 0.9)
    line = [(waist * (1 - i / 6) ** blunt, high + tip * i / 6) for i in range(7)]
    pieces = Pieces()
    pieces.add("body", body)
    pieces.add("nose", spin(line, 24))
    throat = wide * draw.between(0.4, 0.7)
    pieces.add("engine", spin([(throat * 1.3, -draw.between(0.12, 0.3)), (throat, 0.02)], 20))
    count, reach = draw.whole(3, 5), draw.between(0.12, 0.4)
    chord, low = draw.between(0.3, 0.7), -draw.between(0.0, 0.25)
    rim = wide * min(flare, 1.0) * 0.9
    outline = [
        (rim, chord),
        (rim, 0.0),
        (rim + reach, low),
        (rim + reach, low + chord * draw.between(0.2, 0.8)),
    ]
    fin = plate(outline, -0.015, 0.015).turned("x", math.pi / 2)
    pieces.add("fin", *(fin.turned("z", 2 * math.pi * i / count) for i in range(count)))
    if draw.chance(0.35):
        thick = wide * draw.between(0.35, 0.55)
        side = spin(
            [(thick, 0), (thick, high * 0.5), (thick * 0.6, high * 0.6), (0, high * 0.68)], 16
        )
        pieces.add("body", *(side.at(x, 0, -0.02) for x in (-wide - thick, wide + thick)))
    return pieces


def boat(draw: Draw) -> Pieces:
    """A hull with a keel line, and either mast and sails or a cabin."""
    long, half, deep = draw.between(1.3, 2.2), draw.between(0.4, 0.7), draw.between(0.4, 0.7)
    stern, rise = draw.between(0.6, 0.95), draw.between(0.05, 0.4)
    rings = []
    form = [(-1, stern, 0.35), (-0.4, 1, 0.05), (0.2, 0.95, 0), (0.7, 0.55, 0.15), (1, 0.03, 0.6)]
    for x, wide, keel in form:
        w, low, top = wide * half, keel * deep, deep + rise * max(x, 0) ** 2
        mid = low + 0.45 * (top - low)
        section = [(-w, top), (-0.9 * w, mid), (-0.4 * w, low + 0.08 * deep), (0.0, low)]
        section += [(0.4 * w, low + 0.08 * deep), (0.9 * w, mid), (w, top)]
        rings.append([(x * long, y, z) for y, z in section])
    pieces = Pieces()
    pieces.add("hull", loft(torch.tensor(rings)))
    if draw.chance(0.55):
        mast, foot = draw.between(2.4, 4.2), draw.between(-0.1, 0.5)
        pieces.add("mast", rod((foot, 0, deep * 0.6), (foot, 0, deep + mast), 0.04, 0.02))
        aft = -long * draw.between(0.6, 0.95)
        low = deep + draw.between(0.25, 0.5)
        pieces.add("mast", rod((foot, 0, low), (aft, 0, low + 0.03), 0.03))
        edge = [(foot - 0.04, low + 0.04), (aft, low + 0.07), (foot - 0.04, deep + mast * 0.96)]
        pieces.add("sail", sail(edge, 0.1))
        if draw.chance(0.6):
            peak = (foot + 0.05, deep + mast * 0.8)
            pieces.add("sail", sail([(long * 0.95, deep + 0.2), (foot + 0.1, low), peak], -0.08))
    if len(pieces) == 1 or draw.chance(0.4):
        start, end = -long * draw.between(0.1, 0.6), long * draw.between(0.15, 0.45)
        wide, up = half * draw.between(0.5, 0.8), draw.between(0.25, 0.6)
        pieces.add("cabin", slab((start, -wide, deep - 0.05), (end, wide, deep + up), (0.8, 0.85)))
        if draw.chance(0.5):
            shift = (start + end) / 2
            base = (start * 0.6 + shift * 0.4, -wide * 0.7, deep + up - 0.02)
            roof = (shift + 0.2, wide * 0.7, deep + up + 0.35)
            pieces.add("cabin", slab(base, roof, (0.9, 0.9)))
    return pieces


def sail(corners: Sequence[tuple[float, float]], belly: float) -> Solid:
    """A triangle (x, z) that the wind bends to y."""
    a, b, c = torch.tensor(corners)
    t = torch.linspace(0, 1, 7)[:, None]
    rows = []
    for share in (0.0, 0.25, 0.5, 0.75, 0.96):
        row = torch.lerp(torch.lerp(a, c, share), torch.lerp(b, c, share), t)
        bend = belly * (1 - share) * (math.pi * t[:, 0]).sin()
        front = torch.stack([row[:, 0], bend, row[:, 1]], -1)
        rows.append(torch.cat([front, front.flip(0) + torch.tensor([0.0, 0.015, 0.0])]))
    return loft(torch.stack(rows))


def bicycle(draw: Draw) -> Pieces:
    """Two wheels with spokes, a frame of tubes, handlebar, saddle and pedals."""
    size, base = draw.between(0.26, 0.36), draw.between(0.48, 0.56)
    rear, front, crank = (-base, 0.0, size), (base, 0.0, size), (-0.06, 0.0, size * 0.9)
    lean, tall = draw.between(0.08, 0.2), draw.between(0.42, 0.62)
    head = (base - lean - 0.08, 0.0, size + tall * 0.95)
    seat = (crank[0] - 0.16, 0.0, crank[2] + tall)
    thick = draw.between(0.012, 0.022)
    lower = draw.chance(0.35)  # a frame that one steps through
    joint = tuple(c + (s - c) * (0.45 if lower else 0.92) for c, s in zip(crank, seat, strict=True))
    bars = [(crank, seat), (crank, head), (joint, head), (rear, crank), (rear, joint)]
    top = (head[0] - 0.03, 0.0, head[2] + draw.between(0.06, 0.16))
    bars += [(front, head), (head, top)]
    pieces = Pieces()
    pieces.add("frame", *(rod((a[0], 0, a[2]), (b[0], 0, b[2]), thick) for a, b in bars))
    for place in (rear, front):
        pieces.add(
            "wheel",
            hoop(size - 0.018, draw.between(0.014, 0.022), 28).turned("x", math.pi / 2).at(*place),
        )
        for i in range(4):
            angle = math.pi * i / 4
            dx, dz = (size - 0.02) * math.cos(angle), (size - 0.02) * math.sin(angle)
            x, y, z = place
            pieces.add("wheel", rod((x - dx, y, z - dz), (x + dx, y, z + dz), 0.004, sides=4))
    wide, sweep = draw.between(0.2, 0.32), draw.between(-0.2, 0.15)
    x, _, z = top
    ends = [(x + sweep, s * wide, z + draw.between(-0.1, 0.06)) for s in (-1, 1)]
    way = [
        ends[0],
        (x + 0.02, -wide * 0.7, z),
        (x + 0.02, wide * 0.7, z),
        (ends[1][0], wide, ends[0][2]),
    ]
    pieces.add("handlebar", tube(curve(way, 14), 0.013))
    saddle = hull(
        [
            (seat[0] - 0.13, 0.075, -0.03, 0.03),
            (seat[0], 0.05, -0.03, 0.025),
            (seat[0] + 0.13, 0.015, -0.02, 0.02),
        ],
        3,
    )
    pieces.add("saddle", saddle.at(0, 0, seat[2] + 0.03))
    swing = draw.between(0, 3.1)
    for side in (-1, 1):
        dx, dz = 0.15 * side * math.cos(swing), 0.15 * side * math.sin(swing)
        foot = (crank[0] + dx, 0.08 * side, crank[2] + dz)
        pieces.add("frame", rod((crank[0], 0.04 * side, crank[2]), foot, 0.01, sides=6))
        pieces.add(
            "frame",
            slab(
                (foot[0] - 0.04, foot[1] - 0.02, foot[2] - 0.01),
                (foot[0] + 0.04, foot[1] + 0.06, foot[2] + 0.01),
            ),
        )
    return pieces
