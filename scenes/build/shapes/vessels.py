"""Mugs, bottles, vases and teapots."""

import math

from scenes.build.draw import Draw
from scenes.build.solid import Pieces, Solid, ball, curve, spin, tube


def mug(draw: Draw) -> Pieces:
    """A hollow body and a handle."""
    high, low, belly = (
        draw.between(0.07, 0.13),
        draw.between(0.028, 0.045),
        draw.between(-0.004, 0.01),
    )
    top, wall = low * draw.between(0.9, 1.3), draw.between(0.003, 0.006)
    steps = [i / 8 for i in range(9)]
    outer = [(low + (top - low) * t + belly * math.sin(math.pi * t), high * t) for t in steps]
    inner = [(r - wall, max(z, 0.006)) for r, z in reversed(outer)]
    body = spin([(low * 0.9, 0.0), *outer, *inner], 28)
    upper, lower = high * draw.between(0.72, 0.9), high * draw.between(0.12, 0.3)
    reach = draw.between(0.018, 0.034)
    radius = [low + (top - low) * z / high - wall / 2 for z in (lower, upper)]
    bow = [(radius[1], 0, upper), (radius[1] + reach, 0, upper * 0.94)]
    bow += [(radius[0] + reach, 0, lower + 0.15 * upper), (radius[0], 0, lower)]
    thick = draw.between(0.003, 0.006)
    return Pieces([("body", body), ("handle", tube(curve(bow, 12), thick))])


def bottle(draw: Draw) -> Pieces:
    """A body, a neck and a cap."""
    wide, high = draw.between(0.028, 0.05), draw.between(0.1, 0.2)
    thin, tall = wide * draw.between(0.28, 0.6), draw.between(0.03, 0.12)
    slope = draw.between(0.015, 0.07)
    waist = wide * draw.between(0.85, 1.0)
    outline = [
        (wide * 0.9, 0.0),
        (wide, 0.008),
        (wide, high * 0.3),
        (waist, high * 0.55),
        (wide, high * 0.85),
    ]
    shoulder = []
    for i in range(6):
        t = i / 5
        shoulder.append(
            (thin + (wide - thin) * (0.5 + 0.5 * math.cos(math.pi * t)), high + slope * t)
        )
    square = draw.chance(0.25)
    body = spin([*outline, *shoulder], 4 if square else 24)
    neck = spin([(thin, high + slope - 0.001), (thin, high + slope + tall)], 20)
    lid, up = thin * draw.between(1.05, 1.35), draw.between(0.012, 0.03)
    end = high + slope + tall
    cap = spin([(lid, end - up * 0.6), (lid, end + up * 0.4), (lid * 0.9, end + up * 0.5)], 20)
    pieces = Pieces()
    pieces.add("body", body)
    pieces.add("neck", neck)
    pieces.add("cap", cap)
    return pieces.turned("z", math.pi / 4) if square else pieces


def vase(draw: Draw) -> Pieces:
    """A turned body with a foot, hollow, sometimes with two handles."""
    high = draw.between(0.18, 0.4)
    foot, belly = draw.between(0.03, 0.06), draw.between(0.06, 0.13)
    place, throat = draw.between(0.3, 0.65), draw.between(0.02, 0.05)
    lip = throat * draw.between(1.0, 2.0)
    knots = [
        (foot, 0.0),
        (belly, place * high),
        (throat, high * draw.between(0.8, 0.9)),
        (lip, high),
    ]
    line = curve([(r, z, 0.0) for r, z in knots], 18)[:, :2].tolist()
    outer = [(max(r, 0.016), z) for r, z in line]
    inner = [(max(r - 0.006, 0.008), max(z, 0.01)) for r, z in reversed(outer)]
    pieces = Pieces()
    pieces.add("body", spin([*outer, *inner], 24))
    pieces.add("foot", spin([(foot * 1.15, -0.02), (foot, 0.002)], 24))
    if draw.chance(0.3):
        ear, low = draw.between(0.03, 0.06), place * high
        for side in (-1, 1):
            bow = [(side * throat * 0.9, 0, high * 0.86), (side * (throat + ear), 0, high * 0.84)]
            bow += [
                (side * (belly + ear * 0.4), 0, (high + low) / 2),
                (side * belly * 0.92, 0, low),
            ]
            pieces.add("handle", tube(curve(bow, 12), 0.007))
    return pieces


def teapot(draw: Draw) -> Pieces:
    """A round body, a spout in front, a handle behind or above, and a lid."""
    wide, squash = draw.between(0.07, 0.1), draw.between(0.65, 1.15)
    high = 2 * wide * squash
    body = ball((0, 0, high / 2), (wide, wide, high / 2), 24)
    foot = spin([(wide * 0.6, 0.0), (wide * 0.55, high * 0.08)], 20)
    hold = wide * draw.between(0.35, 0.55)
    lid = spin(
        [
            (hold, high * 0.95),
            (hold * 0.9, high * 0.99),
            (hold * 0.3, high * 1.05),
            (0.0, high * 1.06),
        ]
    )
    knob = ball((0, 0, high * 1.06 + 0.01), draw.between(0.008, 0.015), 12)
    lean, up = draw.between(0.5, 0.9), high * draw.between(0.75, 1.05)
    way = curve(
        [
            (wide * 0.8, 0, high * 0.3),
            (wide * (1 + 0.4 * lean), 0, high * 0.5),
            (wide * (1.1 + 0.7 * lean), 0, up),
        ],
        10,
    )
    base, end = draw.between(0.016, 0.026), draw.between(0.007, 0.012)
    spout = tube(way, [base + (end - base) * i / 9 for i in range(10)], 12)
    if draw.chance(0.7):
        reach = wide * draw.between(0.5, 0.85)
        bow = [(-wide * 0.85, 0, high * 0.78), (-wide - reach, 0, high * 0.8)]
        bow += [(-wide - reach * 0.9, 0, high * 0.4), (-wide * 0.9, 0, high * 0.28)]
    else:
        top = high * draw.between(1.4, 1.8)
        bow = [
            (-wide * 0.75, 0, high * 0.8),
            (-wide * 0.7, 0, top),
            (wide * 0.7, 0, top),
            (wide * 0.75, 0, high * 0.8),
        ]
    handle = tube(curve(bow, 14), draw.between(0.005, 0.009))
    pieces = Pieces()
    pieces.add("body", body, foot)
    pieces.add("lid", lid, knob)
    pieces.add("spout", spout)
    pieces.add("handle", handle)
    return pieces


def bowl(draw: Draw) -> list[Solid]:
    """A hollow bowl."""
    wide, high = draw.between(0.06, 0.15), draw.between(0.04, 0.09)
    outer = [(wide * (0.4 + 0.6 * (i / 7) ** 0.5), high * i / 7) for i in range(8)]
    inner = [(r - 0.005, max(z, 0.008)) for r, z in reversed(outer)]
    return [spin([*outer, *inner], 28)]
