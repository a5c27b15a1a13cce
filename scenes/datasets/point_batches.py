"""Labelled point clouds, handed out in packed batches: "points" (N, 3), "offsets" (B+1,) and more.

`Clouds` keeps small ones together in memory or in a memory map; `Scans` reads large ones when
they are asked for; `Tiles` cuts a floor into columns, as PointNet does with rooms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, describe, expect_number, expect_tensor
from core2d.offsets import items_of
from core2d.train.packed import kept, of_places, rows_of
from core2d.train.recipe import Batch, Examples
from geomdl.ops import voxelize

Augment: TypeAlias = Callable[[Batch, Generator], Batch]
Prepare: TypeAlias = Callable[[Batch], Batch]
Read: TypeAlias = Callable[[str], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Clouds:
    """Clouds end to end, and which `rows` (M,) of them are meant.

    values: "points" (N, 3) float32, "label" (B,) of clouds or (N,) of points, and where there are
    some "features" (N, C), "category" (B,) and others, by the name that a batch gives them.
    count: so many points of each cloud, drawn where a generator is given and else the first; all
    of them for 0. Clouds with fewer give some points twice. Raises InputError.
    """

    values: Mapping[str, Tensor]
    offsets: Tensor
    rows: Tensor
    count: int = 0
    augment: Augment | None = None

    def __post_init__(self) -> None:
        points = expect_tensor("points", self.values.get("points"), "N 3", dtypes="float")
        expect_tensor("rows", self.rows, "M", dtypes="int")
        expect_number("count", self.count, low=0)
        if len(self.offsets) < 1 or int(self.offsets[-1]) != len(points):
            raise InputError(
                f"offsets: expected to end at {len(points)} points, got {describe(self.offsets)}"
            )
        held = len(self.offsets) - 1
        if len(self.rows) and not 0 <= int(self.rows.min()) <= int(self.rows.max()) < held:
            raise InputError(f"rows: expected clouds 0 to {held - 1}, got {self.rows.tolist()[:8]}")
        for name, value in self.values.items():
            if len(value) not in (len(points), held):
                raise InputError(
                    f"{name}: expected {len(points)} rows, one per point, or {held}, one per "
                    f"cloud, got {describe(value)}"
                )

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a packed batch, augmented where a generator is given."""
        items = self.rows[index]
        rows, offsets = rows_of(self.offsets, items)
        if self.count:
            rows, offsets = chosen(rows, offsets, self.count, generator)
        batch = {"points": self.values["points"][rows].float(), "offsets": offsets}
        for name, value in self.values.items():
            if name != "points":
                batch[name] = ready(value[rows if self.inside(name) else items])
        if generator is not None and self.augment is not None:
            batch = self.augment(batch, generator)
        return batch

    def inside(self, name: str) -> bool:
        """Whether a value speaks of points and not of clouds."""
        points, clouds = len(self.values["points"]), len(self.offsets) - 1
        return of_places(name, self.values[name], points, clouds)

    def take(self, index: Tensor) -> "Clouds":
        """The clouds `index` (K,) of this set as a set of their own."""
        return replace(self, rows=self.rows[index])

    def labels(self) -> Tensor:
        """The labels of the clouds in order, (M,) int64. Raises InputError for those of points."""
        if self.inside("label"):
            raise InputError("label: expected one per cloud, got one per point")
        return self.values["label"][self.rows].long()


@dataclass(frozen=True)
class Scans:
    """Scans that `read(name)` gives when they are asked for, as dictionaries of tensors.

    Each holds "points" (N, 3) and values with a row per point. prepare: what is done to every
    batch, with or without a generator, before it is augmented. Raises what `read` raises.
    """

    names: tuple[str, ...]
    read: Read
    prepare: Prepare | None = None
    augment: Augment | None = None

    def __len__(self) -> int:
        return len(self.names)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a packed batch, augmented where a generator is given."""
        batch = packed([self.read(self.names[i]) for i in index.tolist()])
        if self.prepare is not None:
            batch = self.prepare(batch)
        if generator is not None and self.augment is not None:
            batch = self.augment(batch, generator)
        return batch

    def take(self, index: Tensor) -> "Scans":
        """The scans `index` (K,) of this set as a set of their own."""
        return replace(self, names=tuple(self.names[i] for i in index.tolist()))


class Tiles:
    """Columns of `size` x `size` metres of the scans of a set, each one an example.

    The columns of a scan begin at its lowest x and y and at every `stride` from there; those with
    fewer than `least` points are left out. Within a batch x and y are counted from the middle of
    the column, and "place" (N, 3) says where in the scan a point lies, from 0 to 1 (Qi et al. 2017,
    PointNet, section 5.1). `whose` (M,) names the scan of each column. The scans stay in memory.
    """

    def __init__(
        self,
        scans: Examples,
        size: float = 1.0,
        *,
        stride: float | None = None,
        least: int = 100,
        count: int = 0,
        augment: Augment | None = None,
    ) -> None:
        expect_number("size", size, above=0)
        stride = size if stride is None else expect_number("stride", stride, above=0)
        parts: list[dict[str, Tensor]] = []
        self.whose: list[int] = []
        self.sources: list[Tensor] = []
        for number in range(len(scans)):
            scan = scans.batch(torch.tensor([number]))
            scan.pop("offsets")
            low, high = scan["points"].amin(0), scan["points"].amax(0)
            place = (scan["points"] - low) / (high - low).clamp(min=1e-6)
            for corner, rows in columns(scan["points"], size, stride, least):
                middle = torch.tensor([corner[0] + size / 2, corner[1] + size / 2, float(low[2])])
                part = {name: value[rows] for name, value in scan.items()}
                parts.append({**part, "points": part["points"] - middle, "place": place[rows]})
                self.whose.append(number)
                self.sources.append(rows)
        if not parts:
            raise InputError(f"least: no column of {size:g} m holds {least} points")
        batch = packed(parts)
        offsets = batch.pop("offsets")
        self.clouds = Clouds(batch, offsets, torch.arange(len(parts)), count, augment)

    def __len__(self) -> int:
        return len(self.clouds)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a packed batch, augmented where a generator is given."""
        return self.clouds.batch(index, generator)


def columns(
    points: Tensor, size: float, stride: float, least: int = 1
) -> list[tuple[tuple[float, float], Tensor]]:
    """Points (N, 3) -> lower corner (x, y) and rows (K,) of every column with `least` points."""
    low, high = points[:, :2].amin(0).tolist(), points[:, :2].amax(0).tolist()
    found = []
    for i in range(max(1, -int((low[0] - high[0]) // stride))):
        x = low[0] + i * stride
        across = ((points[:, 0] >= x) & (points[:, 0] <= x + size)).nonzero()[:, 0]
        for j in range(max(1, -int((low[1] - high[1]) // stride))):
            y = low[1] + j * stride
            along = points[across, 1]
            rows = across[(along >= y) & (along <= y + size)]
            if len(rows) >= least:
                found.append(((x, y), rows))
    return found


def packed(items: Sequence[Mapping[str, Tensor]]) -> Batch:
    """Dictionaries with a row per point, all of the same names -> one packed batch."""
    if not items:
        raise InputError("index: expected at least one, got none")
    names = list(items[0])
    if other := next((set(item) ^ set(names) for item in items if set(item) != set(names)), None):
        raise InputError(f"read: expected the same values of all scans, differ in {sorted(other)}")
    counts = torch.tensor([0] + [len(item["points"]) for item in items])
    batch = {name: ready(torch.cat([item[name] for item in items])) for name in names}
    return {"points": batch.pop("points"), "offsets": counts.cumsum(0), **batch}


def ready(value: Tensor) -> Tensor:
    """Values as a network takes them: float32 or int64."""
    return value.float() if value.is_floating_point() else value.long()


def chosen(
    rows: Tensor, offsets: Tensor, count: int, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Rows (N,) packed by offsets (B+1,) -> `count` of each item, offsets (B+1,).

    At random without repetition where a generator is given, else the first. Items with fewer
    points are gone through again and again; those without any give none.
    """
    counts = offsets.diff()
    if generator is not None:
        items = torch.arange(len(counts)).repeat_interleave(counts)
        draws = torch.rand(len(rows), generator=generator, dtype=torch.float64)
        rows = rows[(items + draws).argsort()]
    filled = counts > 0
    ahead = torch.arange(count) % counts.clamp(min=1)[:, None]  # (B, count)
    rows = rows[(offsets[:-1, None] + ahead)[filled].flatten()]
    return rows, torch.nn.functional.pad((filled * count).cumsum(0), (1, 0))


def thinned(batch: Batch, cell: float, generator: Generator | None = None) -> Batch:
    """One point of every cube of `cell` metres that holds some: drawn, or the first.

    Cubes count from 0, so that the same point falls into the same cube in any scan.
    """
    points, offsets = batch["points"], batch["offsets"]
    place = torch.arange(len(points))
    if generator is not None:
        items = items_of(offsets)
        draws = torch.rand(len(points), generator=generator, dtype=torch.float64)
        place = (items + draws).argsort()
    first = voxelize(points[place], cell, offsets=offsets).first
    return kept(batch, place[first].sort().values)
