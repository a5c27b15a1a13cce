"""The curves of a run: its log, line by line, as one curve per number."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core2d.errors import InputError

PLACES = ("epoch", "step", "seconds")


@dataclass(frozen=True)
class Curve:
    """One number over a run: epochs (steps where no epochs were logged) and values."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def curves(log: Sequence[Mapping[str, float]]) -> dict[str, Curve]:
    """The lines of a run's log -> name ("train/loss", "validation/accuracy") -> curve.

    Of lines at the same place the later counts. Values that are not finite are left out.
    Raises InputError where there is nothing to be drawn.
    """
    found: dict[str, dict[float, float]] = {}
    for number, line in enumerate(log, 1):
        place = line.get("epoch", line.get("step", number))
        for name, value in line.items():
            if name not in PLACES and isinstance(value, (int, float)) and math.isfinite(value):
                found.setdefault(name, {})[place] = value
    if not found:
        raise InputError(f"log: expected lines with numbers, got {len(log)} lines with none")
    return {
        name: Curve(tuple(sorted(points)), tuple(points[place] for place in sorted(points)))
        for name, points in found.items()
    }
