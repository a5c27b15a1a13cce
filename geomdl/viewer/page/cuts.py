"""Clip planes as a box of ranges along the axes, and planes across it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from geomdl.viewer.look import AXES, Plane, Vector, plane, vector

Range = tuple[float, float]


@dataclass(frozen=True)
class Cuts:
    """What is kept: a range along x, y and z within the box, and planes in any direction.

    low, high: corners (3,) of the box; a range that reaches an end of it cuts nothing there.
    """

    low: Vector
    high: Vector
    ranges: tuple[Range, Range, Range]
    free: tuple[Plane, ...] = ()

    def with_range(self, axis: int, kept: Range) -> "Cuts":
        """The same with another range along an axis."""
        first, second = sorted(kept)
        ranges = list(self.ranges)
        ranges[axis] = (first, second)
        return replace(self, ranges=(ranges[0], ranges[1], ranges[2]))

    def texts(self) -> tuple[str, ...]:
        """The planes as `Look.clip` holds them."""
        texts = []
        for axis, name in enumerate(AXES):
            low, high = self.ranges[axis]
            step = step_of(self.low[axis], self.high[axis])
            if low > self.low[axis] + step / 2:
                texts.append(f"{name}>{digits(low, step)}")
            if high < self.high[axis] - step / 2:
                texts.append(f"{name}<{digits(high, step)}")
        return (*texts, *map(text_of, self.free))


def cuts_of(
    clip: Sequence[str], low: Tensor, high: Tensor, *, ends: tuple[Tensor, Tensor] | None = None
) -> Cuts:
    """`Look.clip` and the corners (3,) of the box -> Cuts.

    ends: corners of a larger box, in which the ranges are given.
    The tightest plane of an axis is its end of the range; planes that face along no axis are free.
    """
    box = [corner.tolist() for corner in ends or (low, high)]
    ranges = [list(ends) for ends in zip(*box, strict=True)]
    free = []
    for text in clip:
        cut = plane(text, low, high)
        axis = _axis(cut.normal)
        if axis is None:
            free.append(cut)
        elif cut.normal[axis] > 0:
            ranges[axis][1] = min(ranges[axis][1], cut.offset)
        else:
            ranges[axis][0] = max(ranges[axis][0], -cut.offset)
    pairs = tuple((min(a, b), max(a, b)) for a, b in ranges)
    return Cuts(vector(box[0]), vector(box[1]), (pairs[0], pairs[1], pairs[2]), tuple(free))


def split(text: str) -> tuple[str, ...]:
    """'z < 1.2 x>50%' -> the planes as `Look.clip` holds them."""
    return tuple(re.sub(r"\s*([<>])\s*", r"\1", text).split())


def text_of(cut: Plane) -> str:
    """A plane as `Look.clip` holds it; never with a minus first, which a shell takes for a flag."""
    turned = next((n for n in cut.normal if abs(n) >= 5e-5), 1.0) < 0
    sign = -1.0 if turned else 1.0
    x, y, z = (digits(sign * v, 1e-4) for v in cut.normal)
    return f"{x},{y},{z}{'>' if turned else '<'}{sign * cut.offset:.6g}"


def span(cut: Plane, low: Vector, high: Vector) -> Range:
    """The least and the greatest offset at which a plane meets the box."""
    ends = [sorted((n * a, n * b)) for n, a, b in zip(cut.normal, low, high, strict=True)]
    return sum(end[0] for end in ends), sum(end[1] for end in ends)


def flipped(cut: Plane) -> Plane:
    """The plane that keeps the other side."""
    x, y, z = cut.normal
    return Plane((-x, -y, -z), -cut.offset)


def facing(eye: Vector, target: Vector) -> Plane:
    """The plane through the target that cuts away what is before it, seen from the eye."""
    away = torch.tensor(eye) - torch.tensor(target)
    normal = vector((away / away.norm()).tolist())
    return Plane(normal, sum(n * t for n, t in zip(normal, target, strict=True)))


def step_of(low: float, high: float) -> float:
    """A round step, about a five-hundredth of the range."""
    extent = high - low
    if not extent > 0:
        return 1e-3
    power = 10.0 ** math.floor(math.log10(extent / 500))
    return next(power * m for m in (5.0, 2.0, 1.0) if power * m <= extent / 500 * 1.001)


def digits(value: float, step: float) -> str:
    """A number rounded to a step, without superfluous zeros."""
    places = max(0, -math.floor(math.log10(step)))
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def floored(value: float, step: float) -> float:
    """The last whole step that is not above a value, without the dust of its binary form."""
    return round(math.floor(value / step + 1e-6) * step, places(step))


def places(step: float) -> int:
    """Decimals that a slider of this step shows."""
    return max(0, len(f"{step:.12f}".rstrip("0").partition(".")[2]))


def _axis(normal: Vector) -> int | None:
    return next((i for i, n in enumerate(normal) if abs(n) > 1 - 1e-6), None)
