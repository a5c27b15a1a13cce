"""Trees, potted plants, dogs and people."""

import math

import torch

from scenes.build.draw import Draw
from scenes.build.solid import (
    Pieces,
    Solid,
    Vector,
    ball,
    both,
    curve,
    hull,
    loft,
    rod,
    spin,
    tube,
)


def tree(draw: Draw) -> Pieces:
    """A trunk with branches and a crown: of tiers, of one ball or of many."""
    high, thick = draw.between(0.7, 1.8), draw.between(0.06, 0.14)
    bend = [draw.between(-0.1, 0.1) for _ in range(4)]
    way = curve([(0, 0, 0), (bend[0], bend[1], high / 2), (bend[2], bend[3], high)], 8)
    trunk = tube(way, [thick * (1.4 - 0.09 * i) for i in range(8)], 10)
    pieces = Pieces()
    pieces.add("trunk", trunk)
    top, style = (bend[2], bend[3], high), draw.choice(("tiers", "ball", "cloud"))
    if style == "tiers":
        tiers, wide = draw.whole(2, 5), draw.between(0.45, 0.8)
        tall = draw.between(0.5, 0.8)
        for i in range(tiers):
            size, z = wide * (1 - i / (tiers + 1)), high * 0.6 + i * tall * 0.55
            cone = spin(
                [(size * 0.2, 0.06), (size, 0.0), (size * 0.5, tall * 0.55), (0.0, tall)], 14
            )
            pieces.add("crown", cone.at(bend[2], bend[3], z))
    elif style == "ball":
        size, squash = draw.between(0.45, 0.8), draw.between(0.7, 1.6)
        pieces.add(
            "crown",
            ball((top[0], top[1], high + size * squash * 0.7), (size, size, size * squash), 18),
        )
    else:
        for i in range(draw.whole(4, 8)):
            angle, out = 2.4 * i + draw.between(0, 1), draw.between(0.15, 0.5)
            place = (
                top[0] + out * math.cos(angle),
                top[1] + out * math.sin(angle),
                high + draw.between(0.1, 0.7),
            )
            pieces.add("crown", ball(place, draw.between(0.25, 0.42), 14))
            pieces.add(
                "trunk", rod((top[0], top[1], high * 0.9), place, thick * 0.45, thick * 0.2, 6)
            )
    return pieces


def plant(draw: Draw) -> Pieces:
    """A pot with stems and leaves."""
    wide, high, flare = draw.between(0.08, 0.17), draw.between(0.12, 0.32), draw.between(0.7, 1.0)
    pot = spin(
        [(wide * flare, 0), (wide, high), (wide - 0.012, high), (wide * 0.85 * flare, high * 0.8)],
        20,
    )
    pieces = Pieces()
    pieces.add("pot", pot)
    count, long = draw.whole(6, 13), draw.between(0.3, 0.8)
    lean, fat, droop = draw.between(0.15, 0.9), draw.between(0.03, 0.09), draw.between(0.0, 0.5)
    for i in range(count):
        turn = 2.4 * i + draw.between(-0.3, 0.3)
        size, tilt = long * draw.between(0.6, 1.0), lean * draw.between(0.4, 1.2)
        out, up = math.sin(tilt) * size, math.cos(tilt) * size
        knots: list[Vector] = [(0.02, 0, high * 0.7), (out * 0.4, 0, high + up * 0.55)]
        path = curve([*knots, (out, 0, high + up * (1 - droop * tilt))], 9)
        stem = rod((0.01, 0, high * 0.7), tuple(path[4].tolist()), 0.006, 0.004, 6)
        pieces.add("stem", stem.turned("z", turn))
        pieces.add("leaf", leaf(path[3:], fat * size / long).turned("z", turn))
    return pieces


def leaf(path: torch.Tensor, half: float) -> Solid:
    """A leaf along a path (P, 3) in the plane y = 0, widest in its middle."""
    t = torch.linspace(0, 1, path.shape[0])
    wide = half * (math.pi * (0.06 + 0.92 * t)).sin()
    return tube(path, torch.stack([wide, torch.full_like(wide, 0.003)], -1), 8)


def dog(draw: Draw) -> Pieces:
    """Body, head with snout and ears, four legs, a tail; the nose looks to +x."""
    long, thick = draw.between(0.22, 0.4), draw.between(0.08, 0.14)
    leg, slim = draw.between(0.15, 0.4), draw.between(0.02, 0.035)
    z, waist = leg + thick * 0.7, draw.between(0.65, 0.95)
    rows = [(-long, 0.5, 0.1), (-long * 0.8, 0.85, 0), (-0.1 * long, waist, 0.05)]
    rows += [(long * 0.6, 1, 0), (long, 0.6, 0.3)]
    low, top = (
        [z + thick * (c - 1.1 * w) for _, w, c in rows],
        [z + thick * (c + w) for _, w, c in rows],
    )
    body = hull([(x, w * thick, low[i], top[i]) for i, (x, w, _) in enumerate(rows)])
    rise, ahead = draw.between(0.08, 0.25), draw.between(0.05, 0.16)
    head = (long + ahead, 0.0, z + thick * 0.6 + rise)
    size = draw.between(0.07, 0.1)
    pieces = Pieces()
    pieces.add("body", body)
    pieces.add("body", rod((long * 0.7, 0, z + thick * 0.2), head, thick * 0.7, size * 0.7, 12))
    snout = draw.between(0.06, 0.15)
    pieces.add("head", ball(head, (size * 1.1, size * 0.9, size), 14))
    nose = (head[0] + size + snout, 0, head[2] - size * 0.45)
    pieces.add("head", rod(head, nose, size * 0.62, size * 0.35, 12))
    up = draw.between(-0.1, 0.12)
    low_ear = (head[0] - size * 0.2, size * 0.6, head[2] + size * 0.5)
    tip = (head[0] - size * 0.4, size * 1.1, head[2] + size * 0.6 + up)
    ear = rod(low_ear, tip, size * 0.4, 0.008)
    pieces.add("head", *both([ear]))
    stride = draw.between(-0.35, 0.35)
    for x, sign in ((-long * 0.78, 1), (long * 0.68, -1)):
        for y, side in ((-thick * 0.55, 1), (thick * 0.55, -1)):
            foot = x + leg * math.tan(stride * sign * side) * 0.6
            knee = ((x + foot) / 2 + 0.03 * sign, y, leg * 0.5)
            way = [(x, y, z), knee, (foot, y, 0.01)]
            pieces.add("leg", tube(way, [slim * 1.8, slim, slim * 0.8], 8))
    end, curl = draw.between(0.15, 0.35), draw.between(-0.2, 0.3)
    knots = [(-long * 0.95, 0, z + thick * 0.4), (-long - end * 0.5, 0, z + curl * 0.4)]
    bow = curve([*knots, (-long - end, 0, z + thick * 0.3 + curl)], 8)
    pieces.add("tail", tube(bow, [0.022 - 0.0015 * i for i in range(8)], 8))
    return pieces


def person(draw: Draw) -> Pieces:
    """A standing or walking figure that looks to -y: head, torso, arms and legs."""
    return figure(draw, draw.between(-0.5, 0.5))


def figure(draw: Draw, stride: float) -> Pieces:
    """A person whose right leg is `stride` radians ahead; arms swing against the legs."""
    high, build = draw.between(1.5, 1.9), draw.between(0.85, 1.2)
    hip, chest, thick = high * 0.5, high * 0.82, 0.055 * build
    wide, waist = high * 0.115 * build, high * 0.085 * build
    deep = waist * 0.75
    rings = [
        (hip - 0.06, waist * 1.05, deep),
        (hip + 0.1, waist, deep * 0.95),
        (chest - 0.16, wide, deep * 1.1),
    ]
    rings += [(chest, wide * 0.95, deep), (chest + 0.05, wide * 0.45, deep * 0.6)]
    pieces = Pieces()
    pieces.add("torso", loft_upright(rings))
    pieces.add("head", ball((0, 0, high * 0.93), (0.075, 0.09, 0.115), 16))
    pieces.add("head", rod((0, 0, chest), (0, 0, high * 0.9), 0.05))
    spread = draw.between(0.05, 0.5)
    for side in (-1, 1):
        swing, x = stride * side, side * waist * 0.5
        bend = max(swing, 0.0) * 0.9
        knee = (x, -0.24 * high * math.sin(swing), hip - 0.24 * high * math.cos(swing))
        lower = swing - bend
        ankle = (
            x,
            knee[1] - 0.23 * high * math.sin(lower),
            knee[2] - 0.23 * high * math.cos(lower),
        )
        pieces.add("leg", tube([(x, 0, hip), knee, ankle], [thick * 1.5, thick, thick * 0.7], 10))
        toe = (x, ankle[1] - 0.15, ankle[2] - 0.03)
        pieces.add("leg", rod((x, ankle[1] + 0.05, ankle[2] - 0.02), toe, 0.045, 0.035))
        shoulder = (side * wide * 0.95, 0.0, chest - 0.03)
        out, back = side * math.sin(spread) * 0.16 * high, stride * side
        elbow = (shoulder[0] + out, 0.16 * high * math.sin(back), shoulder[2] - 0.17 * high)
        hand = (
            elbow[0] + out * 0.4,
            elbow[1] + 0.15 * high * math.sin(back - 0.5),
            elbow[2] - 0.14 * high,
        )
        pieces.add(
            "arm", tube([shoulder, elbow, hand], [thick * 0.9, thick * 0.75, thick * 0.55], 8)
        )
        pieces.add("arm", ball(hand, (0.035, 0.045, 0.05), 10))
    return pieces


def loft_upright(rings: list[tuple[float, float, float]]) -> Solid:
    """Ellipses (height, half width in x, half depth in y) made a body."""
    angle = torch.arange(18) * (2 * math.pi / 18)
    z, w, d = torch.tensor(rings).T[..., None]
    return loft(torch.stack([w * angle.cos(), d * angle.sin(), z.expand(-1, 18)], -1))
