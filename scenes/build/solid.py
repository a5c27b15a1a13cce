"""Light closed bodies for shapes and rooms by the thousand: all of them are lofts.

A loft joins rings of equally many points and closes the ends, so a box, a bowl, a wing and a bent
tube have one topology, made once and kept. Metres, z up, faces counter-clockwise from outside.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.errors import GeometryError

Vector = tuple[float, float, float]
Station = tuple[float, float, float, float]  # x, half width, lowest and highest z


@dataclasses.dataclass(frozen=True, eq=False)
class Solid:
    """Points (V, 3) and faces (F, 3) of a closed surface."""

    points: Tensor
    faces: Tensor

    def at(self, x: float, y: float, z: float) -> "Solid":
        """Shifted."""
        return Solid(self.points + torch.tensor((float(x), float(y), float(z))), self.faces)

    def turned(self, axis: str, angle: float, about: Vector = (0.0, 0.0, 0.0)) -> "Solid":
        """Turned about 'x', 'y' or 'z' through a place, by radians."""
        i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        points, c, s = self.points.clone(), math.cos(angle), math.sin(angle)
        u, v = self.points[:, i] - about[i], self.points[:, j] - about[j]
        points[:, i] = about[i] + c * u - s * v
        points[:, j] = about[j] + s * u + c * v
        return Solid(points, self.faces)

    def scaled(self, x: float, y: float, z: float) -> "Solid":
        """Stretched about the origin; negative numbers mirror."""
        faces = self.faces if x * y * z > 0 else self.faces.flip(1)
        return Solid(self.points * torch.tensor((float(x), float(y), float(z))), faces)

    def volume(self) -> float:
        """Cubic metres inside."""
        a, b, c = self.points[self.faces].unbind(1)
        return float((a * torch.linalg.cross(b, c)).sum()) / 6


class Pieces(list[tuple[str, Solid]]):
    """The solids of a thing, each with the name of the part that it belongs to."""

    def add(self, part: str, *solids: Solid) -> None:
        """Solids of one part."""
        self.extend((part, solid) for solid in solids)

    def turned(self, axis: str, angle: float) -> "Pieces":
        """All turned about an axis through the origin."""
        return Pieces((part, solid.turned(axis, angle)) for part, solid in self)

    def at(self, x: float, y: float, z: float) -> "Pieces":
        """All shifted."""
        return Pieces((part, solid.at(x, y, z)) for part, solid in self)


def loft(rings: Tensor, tips: tuple[Vector, Vector] | None = None, closed: bool = False) -> Solid:
    """Rings (S, K, 3) -> the surface through them, facing outwards whichever way they run.

    The ends are closed by fans about `tips`, by default the middles of the end rings; `closed`
    joins the last ring to the first instead.
    """
    if rings.ndim != 3 or rings.shape[0] < 2 or rings.shape[1] < 3 or rings.shape[2] != 3:
        raise GeometryError(f"rings: expected (S >= 2, K >= 3, 3), got {tuple(rings.shape)}")
    faces = _faces(rings.shape[0], rings.shape[1], closed)
    points = rings.reshape(-1, 3)
    if not closed:
        ends = torch.tensor(tips) if tips else torch.stack([rings[0].mean(0), rings[-1].mean(0)])
        points = torch.cat([points, ends])
    solid = Solid(points, faces)
    middle = points.mean(0)
    outwards = Solid(points - middle, faces).volume() > 0
    return solid if outwards else Solid(points, faces.flip(1))


@functools.cache
def _faces(count: int, around: int, closed: bool) -> Tensor:
    index = torch.arange(count * around).reshape(count, around)
    if closed:
        index = torch.cat([index, index[:1]])
    after = index.roll(-1, dims=1)
    a, b, c, d = index[:-1], after[:-1], after[1:], index[1:]
    sides = [torch.stack([a, b, c], -1).reshape(-1, 3), torch.stack([a, c, d], -1).reshape(-1, 3)]
    if not closed:
        first = torch.full((around,), count * around)
        sides.append(torch.stack([first, after[0], index[0]], -1))
        sides.append(torch.stack([first + 1, index[-1], after[-1]], -1))
    return torch.cat(sides)


def slab(low: Vector, high: Vector, top: tuple[float, float] = (1.0, 1.0)) -> Solid:
    """Box between two corners; `top` scales the upper face about its middle in x and y."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    x, y, w, d = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2
    corners = ((-w, -d), (w, -d), (w, d), (-w, d))
    below = [[x + u, y + v, z0] for u, v in corners]
    above = [[x + u * top[0], y + v * top[1], z1] for u, v in corners]
    return loft(torch.tensor([below, above]))


def pad(low: Vector, high: Vector, radius: float, steps: int = 3) -> Solid:
    """Box between two corners with round edges."""
    half = [(b - a) / 2 for a, b in zip(low, high, strict=True)]
    radius = min(radius, 0.98 * min(half))
    bend = torch.linspace(0, math.pi / 2, steps + 1)
    turn = torch.cat([bend + quarter * math.pi / 2 for quarter in range(4)])
    side = torch.tensor([1.0, -1, -1, 1]).repeat_interleave(steps + 1)
    front = torch.tensor([1.0, 1, -1, -1]).repeat_interleave(steps + 1)
    lift = torch.cat([-bend.flip(0), bend])  # latitude of every ring
    level = torch.where(torch.arange(2 * steps + 2) > steps, 1.0, -1.0) * (half[2] - radius)
    out = radius * lift.cos()[:, None]
    x = side * (half[0] - radius) + out * turn.cos()
    y = front * (half[1] - radius) + out * turn.sin()
    z = (level + radius * lift.sin())[:, None].expand_as(x)
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    return loft(torch.stack([x, y, z], -1)).at(*middle)


def hull(stations: Sequence[Station], power: float = 2.0, sides: int = 20) -> Solid:
    """Cross-sections along x made a body: ellipses for power 2, nearly boxes for 6."""
    x, half, low, high = torch.tensor(stations).T[..., None]
    ring = circle(sides)
    ring = ring.sign() * ring.abs() ** (2 / power)
    y, z = half * ring[:, 0], (low + high) / 2 + (high - low) / 2 * ring[:, 1]
    return loft(torch.stack([x.expand_as(y), y, z], -1))


def spin(profile: Sequence[tuple[float, float]], sides: int = 20, closed: bool = False) -> Solid:
    """Pairs (radius, height), turned about z; a radius of 0 at an end is a tip.

    `closed` joins the end of the profile to its start, which makes a ring.
    """
    rows, tips = list(profile), None
    first, last = rows[0], rows[-1]
    if first[0] == 0:
        rows = rows[1:]
    if last[0] == 0:
        rows = rows[:-1]
    if first[0] == 0 or last[0] == 0:
        tips = ((0.0, 0.0, first[1]), (0.0, 0.0, last[1]))
    radius, height = torch.tensor(rows, dtype=torch.float32).unbind(1)
    ring = circle(sides)
    out = radius[:, None, None] * ring
    rings = torch.cat([out, height[:, None, None].expand(-1, sides, 1)], -1)
    return loft(rings, tips, closed)


def ball(centre: Vector, radii: float | Vector, sides: int = 16) -> Solid:
    """Ellipsoid."""
    turn = torch.linspace(-math.pi / 2, math.pi / 2, sides // 2 + 1).tolist()
    rows = [(max(math.cos(a), 0.0), math.sin(a)) for a in turn]
    rows[0], rows[-1] = (0.0, -1.0), (0.0, 1.0)
    size = (radii, radii, radii) if isinstance(radii, float) else radii
    return spin(rows, sides).scaled(*size).at(*centre)


def rod(
    start: Vector, end: Vector, radius: float, top: float | None = None, sides: int = 8
) -> Solid:
    """Straight round bar whose radius goes to `top`."""
    return tube([start, end], [radius, radius if top is None else top], sides)


def tube(
    path: Sequence[Vector] | Tensor,
    radius: float | Sequence[float] | Tensor,
    sides: int = 8,
    closed: bool = False,
) -> Solid:
    """A path (P, 3) made thick: one radius, one for every point, or (P, 2) across and upright.

    "Across" is the axis that the path keeps away from most: for a path in the plane of two axes
    the third.
    """
    way = torch.as_tensor(path, dtype=torch.float32)
    ahead = way.roll(-1, 0) - way
    behind = way - way.roll(1, 0)
    if not closed:
        ahead[-1], behind[0] = behind[-1], ahead[0]
    unit = torch.nn.functional.normalize
    along = unit(unit(ahead, dim=1) + unit(behind, dim=1), dim=1)
    axis = torch.eye(3)[int(along.abs().amax(0).argmin())]
    upright = unit(torch.linalg.cross(along, axis.expand_as(along)), dim=1)
    across = torch.linalg.cross(upright, along)
    size = torch.as_tensor(radius, dtype=torch.float32)
    if size.ndim < 2:
        size = size.reshape(-1, 1).expand(way.shape[0], 2)
    ring = circle(sides)
    out = (
        ring[:, :1] * (size[:, :1] * across)[:, None]
        + ring[:, 1:] * (size[:, 1:] * upright)[:, None]
    )
    return loft(way[:, None] + out, closed=closed)


def hoop(radius: float, thick: float, sides: int = 24, around: int = 8) -> Solid:
    """A torus about z."""
    ring = torch.nn.functional.pad(circle(sides) * radius, (0, 1))
    return tube(ring, thick, around, closed=True)


def plate(outline: Sequence[tuple[float, float]] | Tensor, low: float, high: float) -> Solid:
    """An outline (K, 2) in x and y, seen whole from its middle, from height low to high."""
    line = torch.as_tensor(outline, dtype=torch.float32)
    rings = [torch.nn.functional.pad(line, (0, 1), value=z) for z in (low, high)]
    return loft(torch.stack(rings))


def curve(points: Sequence[Vector], count: int = 12, closed: bool = False) -> Tensor:
    """Points -> a smooth path (count, D) through them (Catmull and Rom, 1974)."""
    knots = torch.tensor(points, dtype=torch.float32)
    if closed:
        knots = torch.cat([knots[-1:], knots, knots[:2]])
    else:
        knots = torch.cat([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    pieces = knots.shape[0] - 3
    place = torch.arange(count) * (pieces / (count if closed else count - 1))
    piece = place.floor().clamp(max=pieces - 1).long()
    t = (place - piece)[:, None]
    a, b, c, d = (knots[piece + shift] for shift in range(4))
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


@functools.cache
def circle(sides: int) -> Tensor:
    """Points (sides, 2) of the unit circle."""
    angle = torch.arange(sides) * (2 * math.pi / sides)
    return torch.stack([angle.cos(), angle.sin()], -1)


def both(solids: Sequence[Solid]) -> list[Solid]:
    """Solids and their mirror images in y."""
    return [*solids, *(solid.scaled(1, -1, 1) for solid in solids)]
