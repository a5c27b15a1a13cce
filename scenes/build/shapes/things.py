"""Things that people handle, from the guitar to the skateboard."""

import math

import torch

from scenes.build.draw import Draw
from scenes.build.shapes.vehicles import wheel
from scenes.build.solid import (
    Pieces,
    Solid,
    ball,
    both,
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


def guitar(draw: Draw) -> Pieces:
    """Acoustic or electric, standing with the neck upwards and the strings to -y."""
    electric = draw.chance(0.4)
    lower, upper = draw.between(0.17, 0.22), draw.between(0.13, 0.17)
    waist, long = draw.between(0.1, 0.125), draw.between(0.42, 0.52)
    deep = draw.between(0.018, 0.028) if electric else draw.between(0.04, 0.06)
    half = [(0.0, 0.0), (lower * 0.75, 0.03), (lower, long * 0.27), (waist, long * 0.58)]
    half += [(upper, long * 0.8), (upper * 0.6, long * 0.97)]
    horn = draw.between(0.02, 0.09) if electric else 0.0
    knots = [(x, y, 0.0) for x, y in half] + [(0.0, long * (0.9 if electric else 1.0), 0.0)]
    knots += [(-x, y + horn * (y > 0.9 * long), 0.0) for x, y in reversed(half[1:])]
    body = plate(curve(knots, 48, closed=True)[:, :2] - torch.tensor([0.0, long / 2]), -deep, deep)
    pieces = Pieces()
    pieces.add("body", body.at(0, long / 2, 0))
    reach = draw.between(0.36, 0.48)
    wide = draw.between(0.022, 0.03)
    pieces.add("neck", slab((-wide, long * 0.55, deep - 0.004), (wide, long + reach, deep + 0.016)))
    end, tall = long + reach, draw.between(0.12, 0.18)
    flare = wide * draw.between(1.3, 1.8)
    outline = [
        (-wide, end),
        (wide, end),
        (flare, end + tall),
        (-flare, end + tall * draw.between(0.8, 1.0)),
    ]
    pieces.add("head", plate(outline, deep - 0.006, deep + 0.01))
    for i in range(3):
        y = end + tall * (0.3 + 0.25 * i)
        pegs = [rod((-flare - 0.02, y, deep), (-wide, y, deep), 0.006, sides=6)]
        pieces.add("head", *pegs, *(peg.scaled(-1, 1, 1) for peg in pegs))
    if not electric:
        hole = spin([(long * 0.1, deep - 0.002), (long * 0.1, deep + 0.003)], 20).at(
            0, long * 0.62, 0
        )
        pieces.add("body", hole)
    pieces.add("body", slab((-0.06, long * 0.22, deep - 0.002), (0.06, long * 0.26, deep + 0.012)))
    return pieces.turned("x", math.pi / 2)


def hammer(draw: Draw) -> Pieces:
    """Standing on its handle: claw hammer, sledge or axe."""
    high, thick = draw.between(0.25, 0.42), draw.between(0.011, 0.018)
    bulge = thick * draw.between(1.0, 1.5)
    handle = tube(
        [(0, 0, 0), (0, 0, high * 0.25), (0, 0, high * 0.5), (0, 0, high)],
        [bulge, bulge * 1.1, thick, thick],
        10,
    )
    pieces = Pieces()
    pieces.add("handle", handle)
    style, reach = draw.choice(("claw", "sledge", "axe")), draw.between(0.045, 0.07)
    size = draw.between(0.015, 0.022)
    if style == "claw":
        front = spin([(size, 0.0), (size * 0.75, 0.012), (size * 0.75, reach)], 14)
        pieces.add("head", front.turned("y", -math.pi / 2).at(reach + 0.012, 0, high))
        drop = draw.between(0.02, 0.05)
        way = curve(
            [(0.005, 0, high), (-reach * 0.6, 0, high + 0.004), (-reach * 1.3, 0, high - drop)], 8
        )
        flat = torch.stack(
            [torch.linspace(size * 0.8, size * 0.9, 8), torch.linspace(size * 0.8, 0.003, 8)], -1
        )
        pieces.add("head", tube(way, flat, 10))
    elif style == "sledge":
        pieces.add(
            "head",
            pad(
                (-reach, -size * 1.3, high - size * 1.4),
                (reach, size * 1.3, high + size * 1.4),
                0.006,
            ),
        )
    else:
        edge = reach * draw.between(1.3, 2.0)
        lower = draw.between(0.05, 0.1)
        outline = [
            (-0.025, high - 0.02),
            (0.02, high - 0.02),
            (edge, high - lower),
            (edge + 0.01, high - 0.02),
            (edge, high + 0.035),
            (-0.025, high + 0.02),
        ]
        sheet = [[(x, s * (0.014 if x < 0.03 else 0.002), z) for x, z in outline] for s in (-1, 1)]
        pieces.add("head", loft(torch.tensor(sheet)))
    return pieces


def knife(draw: Draw) -> Pieces:
    """Standing on its handle: blade to a point, sometimes a guard."""
    long, wide = draw.between(0.1, 0.24), draw.between(0.012, 0.03)
    grip, thick = draw.between(0.08, 0.12), draw.between(0.008, 0.012)
    belly = draw.between(0.0, 1.0)
    back = [(-wide, i / 5 * long * 0.8) for i in range(6)] + [(-wide * (1 - belly), long)]
    edge = [(wide * math.cos(0.5 * math.pi * (i / 6) ** 2), long * i / 6) for i in range(6, -1, -1)]
    outline = torch.tensor([*edge[1:], *back])
    sheet = torch.stack([outline[:, 0], torch.zeros(len(outline)), outline[:, 1]], -1)
    bevel = torch.where(outline[:, :1] < 0, 0.002, 0.0004) * torch.tensor([0.0, 1.0, 0.0])
    lift = torch.tensor([0.0, 0.0, grip])
    pieces = Pieces()
    pieces.add("blade", loft(torch.stack([sheet - bevel + lift, sheet + bevel + lift])))
    sizes = torch.tensor([[0.75, 0.9], [1.0, 1.1], [0.85, 0.95], [0.9, 1.0]])
    way = [(0.0, 0.0, grip * t) for t in (0.0, 0.3, 0.7, 1.0)]
    shaft = tube(way, sizes * torch.tensor([thick, max(wide * 0.7, thick)]), 12)
    pieces.add("handle", shaft)
    if draw.chance(0.45):
        guard = wide * draw.between(1.3, 2.2)
        pieces.add(
            "guard",
            pad((-guard, -thick * 1.2, grip - 0.006), (guard, thick * 1.2, grip + 0.006), 0.004),
        )
    return pieces


def umbrella(draw: Draw) -> Pieces:
    """Open, upright: canopy, shaft with its tip, a hooked or straight handle."""
    wide, ribs = draw.between(0.4, 0.6), draw.whole(6, 10)
    arch, long = draw.between(0.15, 0.38), draw.between(0.65, 0.9)
    steps = [i / 6 for i in range(1, 7)]
    outer = [
        (
            wide * math.sin(t * 1.45) / math.sin(1.45),
            long - arch * (1 - math.cos(t * 1.45)) / (1 - math.cos(1.45)),
        )
        for t in steps
    ]
    inner = [(r, z - 0.006) for r, z in reversed(outer)]
    canopy = spin([(0.0, long), *outer, *inner, (0.0, long - 0.006)], ribs)
    thick = draw.between(0.006, 0.012)
    pieces = Pieces()
    pieces.add("canopy", canopy)
    pieces.add("shaft", rod((0, 0, 0.1), (0, 0, long + draw.between(0.03, 0.1)), thick))
    if draw.chance(0.7):
        bend = draw.between(0.03, 0.06)
        way = [
            (0, 0, 0.13),
            (0, 0, 0.0),
            (bend * 0.4, 0, -bend),
            (bend * 1.6, 0, -bend),
            (bend * 2, 0, 0.0),
        ]
        handle = tube(curve(way, 16), thick * 1.5)
    else:
        handle = rod((0, 0, -0.04), (0, 0, 0.12), thick * 2.2)
    pieces.add("handle", handle)
    return pieces


def laptop(draw: Draw) -> Pieces:
    """Base with keyboard and pad, and a screen opened by 70 to 140 degrees."""
    w, d = draw.between(0.14, 0.2), draw.between(0.1, 0.13)
    thick, lid = draw.between(0.008, 0.016), draw.between(0.004, 0.009)
    pieces = Pieces()
    pieces.add("base", pad((-w, -d, 0), (w, d, thick), 0.005))
    rows, gap = draw.whole(4, 6), 0.003
    step = d * 1.0 / rows
    for i in range(rows):
        y = d * 0.85 - (i + 1) * step
        pieces.add(
            "keyboard",
            slab((-w * 0.88, y, thick - 0.001), (w * 0.88, y + step - gap, thick + 0.002)),
        )
    pieces.add("keyboard", slab((-0.05, -d * 0.9, thick - 0.001), (0.05, -d * 0.35, thick + 0.001)))
    angle = math.radians(draw.between(70, 140))
    high = 2 * d * draw.between(0.92, 1.05)
    frame = pad((-w, 0, 0), (w, high, lid), 0.004)
    glass = slab((-w * 0.94, high * 0.06, lid), (w * 0.94, high * 0.95, lid + 0.001))
    for solid in (frame, glass):
        pieces.add("screen", solid.turned("x", math.pi - angle).at(0, d, thick))
    return pieces


def headphones(draw: Draw) -> Pieces:
    """A band from ear to ear, cups and pads."""
    half, high = draw.between(0.065, 0.09), draw.between(0.1, 0.14)
    thick = draw.between(0.004, 0.012)
    way = curve(
        [
            (-half, 0, 0.02),
            (-half * 0.85, 0, high * 0.75),
            (0, 0, high),
            (half * 0.85, 0, high * 0.75),
            (half, 0, 0.02),
        ],
        20,
    )
    sizes = torch.tensor([[thick * draw.between(1.0, 3.0), thick * 0.6]]).expand(20, 2)
    pieces = Pieces()
    pieces.add("band", tube(way, sizes, 10))
    round_, deep, oval = (
        draw.between(0.028, 0.05),
        draw.between(0.012, 0.028),
        draw.between(1.0, 1.35),
    )
    cup = spin([(round_ * 0.7, 0.0), (round_, deep * 0.4), (round_, deep)], 20)
    soft = hoop(round_ * 0.75, round_ * 0.25, 20).at(0, 0, -0.002)
    turn = draw.between(-0.15, 0.2)
    for part, solid in (("cup", cup), ("pad", soft)):
        right = (
            solid.turned("y", math.pi / 2)
            .scaled(1, 1, oval)
            .turned("y", turn)
            .at(half - deep * 0.3, 0, 0)
        )
        pieces.add(part, right, right.scaled(-1, 1, 1))
    return pieces


def glasses(draw: Draw) -> Pieces:
    """Rims with lenses, a bridge, temples that go back to +y."""
    wide, high = draw.between(0.021, 0.03), draw.between(0.015, 0.025)
    gap, thick = draw.between(0.008, 0.012), draw.between(0.0012, 0.003)
    power = draw.between(2.0, 4.5)
    angle = torch.arange(28) * (2 * math.pi / 28)
    cos, sin = angle.cos(), angle.sin()
    x = wide * cos.sign() * cos.abs() ** (2 / power)
    z = high * sin.sign() * sin.abs() ** (2 / power)
    middle = gap + wide
    ring = torch.stack([x + middle, torch.zeros(28), z], -1)
    solids = Pieces()
    solids.add("rim", tube(ring, thick, 8, closed=True))
    solids.add("lens", plate(ring[:, [0, 2]], -0.0006, 0.0006).turned("x", math.pi / 2))
    outer, long, drop = middle + wide, draw.between(0.11, 0.14), draw.between(0.01, 0.03)
    lift = high * draw.between(0.1, 0.7)
    way = [
        (outer - 0.001, 0, lift),
        (outer + 0.003, 0.01, lift),
        (outer + 0.002, long * 0.75, lift),
    ]
    solids.add("temple", tube(curve([*way, (outer, long, lift - drop)], 12), thick))
    pieces = Pieces()
    for part, solid in solids:
        pieces.add(part, solid, solid.scaled(-1, 1, 1))
    bow = [
        (-gap - 0.001, 0, high * 0.2),
        (0, -0.002, high * draw.between(0.35, 0.6)),
        (gap + 0.001, 0, high * 0.2),
    ]
    pieces.add("rim", tube(curve(bow, 9), thick))
    return pieces


def skateboard(draw: Draw) -> Pieces:
    """A deck with raised ends, two trucks, four wheels."""
    long, half, up = draw.between(0.3, 0.5), draw.between(0.085, 0.13), draw.between(0.0, 0.07)
    size, thick = draw.between(0.022, 0.04), draw.between(0.008, 0.014)
    deck_z, pointed = 2 * size + draw.between(0.01, 0.03), draw.between(0.5, 0.95)
    stations = []
    for t in (-1, -0.96, -0.85, -0.65, -0.3, 0.3, 0.65, 0.85, 0.96, 1):
        lift = up * max(abs(t) - 0.65, 0) / 0.35
        wide = half * (1 - (1 - pointed * 0.6) * max(abs(t) - 0.65, 0) ** 2 / 0.1225)
        stations.append((t * long, wide, deck_z + lift, deck_z + lift + thick))
    pieces = Pieces()
    pieces.add("deck", hull(stations, 5))
    place = long * draw.between(0.5, 0.68)
    for x in (-place, place):
        pieces.add("truck", rod((x, -half, size), (x, half, size), 0.009))
        pieces.add(
            "truck",
            slab((x - 0.03, -0.025, size - 0.008), (x + 0.03, 0.025, deck_z + 0.002), (1.2, 1.4)),
        )
        pieces.add("wheel", *both([wheel(size, size * 1.1, x, half * 0.85)]))
    return pieces


def ball_toy(draw: Draw) -> list[Solid]:
    """A ball that lies on the floor."""
    radius = draw.between(0.06, 0.14)
    return [ball((0, 0, radius), radius, 20)]
