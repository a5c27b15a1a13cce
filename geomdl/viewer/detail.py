"""Which chunks of a cloud a camera needs: fine ones near it, coarse ones far, within a budget."""

import math
import threading
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.viewer.levels import Levels

BUDGET = 1_000_000  # points on the screen of one visitor
FINE = 1.25  # pixels between points at which no more are sent
KEEP = 0.75  # chunks on the screen stay until their points would be this much closer
BEHIND = 0.1  # weight of what is outside the picture
SLOW, FAST = 12.0, 40.0  # frames per second at which the budget shrinks and grows
LEAST = 150_000  # points of the smallest budget


@dataclass(frozen=True)
class View:
    """Where a camera stands and looks: unit direction, vertical fov in radians, aspect, pixels."""

    position: tuple[float, float, float]
    direction: tuple[float, float, float]
    fov: float
    aspect: float
    height: int

    @property
    def focal(self) -> float:
        """Pixels of a metre that is a metre away."""
        return self.height / (2 * math.tan(self.fov / 2))


class Budget:
    """Points that all clouds of one visitor may show together; each has a share by its size."""

    def __init__(self, points: int = BUDGET) -> None:
        self.points = points
        self._most = points
        self._sizes: dict[object, int] = {}
        self._lock = threading.Lock()

    def share(self, cloud: object, size: int) -> int:
        """Points for a cloud of `size` points; 0 takes it from the list."""
        with self._lock:
            self._sizes[cloud] = size
            if size == 0:
                del self._sizes[cloud]
            total = sum(self._sizes.values())
        return size if total <= self.points else self.points * size // total

    def paced(self, rate: float) -> None:
        """Take the frames per second of a moving page: fewer points where it is slow, and back.

        Clouds follow with their next camera or update.
        """
        with self._lock:
            if rate < SLOW:
                self.points = max(min(LEAST, self._most), int(self.points * max(rate / SLOW, 0.5)))
            elif rate > FAST:
                self.points = min(self._most, int(self.points * 1.5))


def coarseness(levels: Levels, view: View | None) -> Tensor:
    """Pixels (C,) between points where a chunk is nearest, were it left out; inf for level 0.

    Without a view the order of the levels alone.
    """
    gap = torch.where(levels.level > 0, levels.spacing[levels.level - 1], torch.inf)
    if view is None:
        return gap
    eye = torch.tensor(view.position, dtype=torch.float64)
    ahead = torch.tensor(view.direction, dtype=torch.float64)
    beyond = torch.maximum(levels.low - eye, eye - levels.high).clamp(min=0).norm(dim=1)
    pixels = gap * view.focal / beyond.clamp(min=1e-12)
    return torch.where(_in_sight(levels, eye, ahead, view), pixels, BEHIND * pixels)


def _in_sight(levels: Levels, eye: Tensor, ahead: Tensor, view: View) -> Tensor:
    """Whether (C,) the ball around a chunk touches the cone around the picture."""
    half = math.atan(math.tan(view.fov / 2) * math.hypot(1, view.aspect))
    offset = (levels.low + levels.high) / 2 - eye
    radius = (levels.high - levels.low).norm(dim=1) / 2
    along = offset @ ahead
    across = (offset.square().sum(1) - along.square()).clamp(min=0).sqrt()
    outside = across * math.cos(half) - along * math.sin(half)
    return outside <= radius


def choose(
    levels: Levels, view: View | None, budget: int, kept: Tensor, shown: set[int]
) -> list[int]:
    """The chunks to show, the most needed first; `kept` (C,) counts their points after clipping.

    All of them where the budget has room. Level 0 is always there. Chunks that are shown already
    stay a little longer (hysteresis).
    """
    pixels = coarseness(levels, view)
    wanted = kept > 0
    if int(kept.sum()) > budget and view is not None:
        here = torch.zeros(len(levels), dtype=torch.bool)
        here[list(shown)] = True
        pixels = torch.where(here, pixels / KEEP, pixels)
        wanted &= pixels > FINE
    order = pixels.argsort(descending=True, stable=True)
    order = order[wanted[order]]
    enough = (kept[order].cumsum(0) <= budget) | (levels.level[order] == 0)
    return order[enough].tolist()


def gaps(levels: Levels, kept: Tensor, chosen: list[int]) -> dict[int, float]:
    """The metres between points at each of the chosen chunks, with what is chosen on top of it.

    0 where nothing is left out.
    """
    index = torch.tensor(sorted(chosen), dtype=torch.int64)
    if len(index) == 0:
        return {}
    there = kept == 0  # what is clipped is not missed
    there[index] = True
    low, high = levels.low[index, None], levels.high[index, None]
    over = ((low <= levels.high) & (high >= levels.low)).all(-1)  # (n, C)
    deepest = levels.level[index].clone()
    for level in range(1, len(levels.spacing)):
        whole = (there | ~over | (levels.level != level)).all(1)
        deepest = torch.where(whole & (deepest == level - 1), level, deepest)
    gap = levels.spacing[deepest]
    gap[deepest == len(levels.spacing) - 1] = 0.0
    return dict(zip(index.tolist(), gap.tolist(), strict=True))
