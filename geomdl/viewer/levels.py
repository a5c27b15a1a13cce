"""Levels of detail of a cloud: a few points first, then more and more between them.

Points are sorted along the Morton curve. Level 0 has one point in each occupied cell of a coarse
grid, every next level one more in each cell of half the size that has none yet, the last level the
rest; so drawing levels 0 to n shows evenly spread points, and no point is sent twice (Schuetz,
"Potree", 2016). Levels are cut into chunks of neighbours that a page can load one by one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import expect_tensor
from geomdl.ops.keys import BITS, morton_keys

FIRST = 32_768  # points of level 0 at most
CHUNK = 65_536  # points of a chunk at most, at least half where there are more
FULL = 0.75  # share of points with a cell of their own at which levels end
SAMPLE = 4096
SIDE = (1 << BITS[3]) - 1  # the last cell along an axis
FLIP = 0x155555  # turns every second level around: the first of a cell is then near its middle


@dataclass(frozen=True, eq=False)
class Levels:
    """The rows of a cloud in an order that starts coarse, cut into C chunks.

    order (N,) int32 rows of the cloud; chunk c is order[starts[c] : starts[c + 1]]. level (C,)
    ascends; low and high (C, 3) float64 are the boxes of the chunks; spacing (L,) is the side of
    the cells of each level in metres.
    """

    order: Tensor
    starts: Tensor
    level: Tensor
    low: Tensor
    high: Tensor
    spacing: Tensor

    @property
    def counts(self) -> Tensor:
        """Points (C,) int64 of the chunks."""
        return self.starts.diff()

    def rows(self, chunk: int) -> Tensor:
        """Rows (n,) int64 of the cloud in a chunk."""
        return self.order[int(self.starts[chunk]) : int(self.starts[chunk + 1])].long()

    def __len__(self) -> int:
        return len(self.level)


def build_levels(points: Tensor, first: int = FIRST, most: int = CHUNK) -> Levels:
    """Points (N, 3) metres -> Levels with at most `first` points in level 0, `most` in a chunk.

    Raises GeometryError for what is not points.
    """
    expect_tensor("points", points, "N 3", dtypes="float")
    points = points.detach().cpu()
    if len(points) == 0:
        none = torch.zeros(0, dtype=torch.int64)
        box = torch.zeros(0, 3, dtype=torch.float64)
        return Levels(none.int(), torch.zeros(1).long(), none, box, box, box[:, 0])
    cells, side = _cells(points)
    keys, rows = morton_keys(cells ^ FLIP).sort()
    of_points, coarse, depth = _level_of(keys, first)
    order, level, starts = [], [], [0]
    for number in range(depth):
        mine = (of_points == number).nonzero()[:, 0]
        order.append(rows[mine])
        sizes = _cuts(keys[mine], most)
        level += [number] * len(sizes)
        starts += sizes
    chosen = torch.cat(order)
    bounds = torch.tensor(starts).cumsum(0)
    low, high = _boxes(points, chosen, bounds)
    spacing = side * 2.0 ** (coarse - torch.arange(depth, dtype=torch.float64))
    return Levels(chosen.int(), bounds, torch.tensor(level), low, high, spacing)


def _cells(points: Tensor) -> tuple[Tensor, float]:
    """Points (N, 3) -> cells (N, 3) int32 of the finest grid, and its side in metres.

    The grid spans three times the middle of the cloud at most: far strays share its outer cells.
    """
    low, high = points.amin(0).double(), points.amax(0).double()
    some = points[:: max(len(points) // SAMPLE, 1)].double().sort(0).values
    inner, outer = some[len(some) // 100], some[len(some) - 1 - len(some) // 100]
    reach = (outer - inner).amax()
    low = torch.maximum(low, inner - reach)
    high = torch.minimum(high, outer + reach)
    side = float((high - low).amax()) / SIDE
    if not side > 0:
        return torch.zeros_like(points, dtype=torch.int32), 0.0
    cells = (points - low.to(points)).mul_(1 / side).clamp_(0, SIDE)
    return cells.int().clamp_(max=SIDE), side


def _level_of(keys: Tensor, first: int) -> tuple[Tensor, int, int]:
    """Sorted keys (N,) -> level (N,) of each, bits of the cells of level 0, number of levels.

    A point stands first in its cell of 2^j grid steps where its key differs from the key before
    it in octal digit j or above. So the highest digit that differs says the level.
    """
    steps = 8 ** torch.arange(BITS[3])
    digit = torch.bucketize(keys[1:] ^ keys[:-1], steps, right=True, out_int32=True)  # 0: equal
    digit = torch.cat([digit.new_full((1,), BITS[3]), digit])
    counts = torch.bincount(digit, minlength=BITS[3] + 1)
    occupied = counts.flip(0).cumsum(0).flip(0)[1:].tolist()  # cells of size 2^j, by j
    coarse = next((j for j, count in enumerate(occupied) if count <= first), BITS[3] - 1)
    fine = coarse
    while fine > 0 and occupied[fine] < FULL * len(keys):
        fine -= 1
    if occupied[fine] < len(keys):
        fine -= 1  # the rest
    return (coarse + 1 - digit).clamp_(0, coarse - fine), coarse, coarse - fine + 1


def _cuts(keys: Tensor, most: int) -> list[int]:
    """Sorted keys (N,) -> sizes of runs of at most `most`, cut where the coarsest cells end."""
    jumps = keys[1:] ^ keys[:-1]
    sizes, start = [], 0
    while len(keys) - start > most:
        window = jumps[start + most // 2 - 1 : start + most - 1 + most % 2]
        sizes.append(most // 2 + int(window.argmax()))
        start += sizes[-1]
    return [*sizes, len(keys) - start] if len(keys) > start else sizes


def _boxes(points: Tensor, order: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
    """Lowest and highest corners (C, 3) float64 of the runs of `order` between `starts`."""
    low, high = [], []
    for rows in order.split(starts.diff().tolist()):
        least, greatest = torch.aminmax(points.index_select(0, rows), dim=0)
        low.append(least)
        high.append(greatest)
    return torch.stack(low).double(), torch.stack(high).double()


def near_centre(points: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, float]:
    """Points (n, 3) of a box -> float16 (n, 3) in -1..1, the centre (3,) and scale of the box.

    points = centre + scale * result, off by at most an 8192nd of the box's longest side.
    """
    centre = (low + high) / 2
    scale = float((high - low).amax()) / 2 or 1.0
    return ((points.double() - centre) / scale).half(), centre, scale
