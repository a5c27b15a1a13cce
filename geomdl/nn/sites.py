"""Sites: where the values of a sparse field stand, and every map from them that was ever asked for.

Maps are kept with the finer sites, under all arguments that they were made from, and never point
back: when the last field of a level is gone its maps are gone too, without the garbage collector.
"""

import dataclasses
from collections.abc import Callable, Hashable
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from core2d.offsets import items_of
from core2d.padding import same_sides
from geomdl.ops.keys import BITS, morton_keys
from geomdl.ops.sites import children, kernel_map, parents, reached, transposed_map

Steps: TypeAlias = tuple[int, ...]  # one number per axis
T = TypeVar("T")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Sites:
    """Coordinates (N, D) int32, offsets (B+1,) int64, sorted by item, then Morton key.

    stride: cells of level 0 per step of the coordinates, on each axis; below 1 where a decoder
    went finer than its input. extent: cells per axis of the grid around the sites, if it has an
    end; only `reached` asks for it. Nothing is checked here: fields come in by `SparseVoxels`.
    """

    coordinates: Tensor
    offsets: Tensor
    stride: tuple[Fraction, ...]
    extent: Steps | None = None
    kept: dict[Hashable, Any] = dataclasses.field(default_factory=dict, init=False)

    @property
    def axes(self) -> int:
        """How many axes the grid has."""
        return self.coordinates.shape[1]

    @property
    def counts(self) -> list[int]:
        """Sites of each item."""
        return self._keep("counts", lambda: self.offsets.diff().tolist())

    @property
    def items(self) -> Tensor:
        """The item (N,) int64 of each site."""
        return self._keep("items", lambda: items_of(self.offsets, len(self)))

    def same(self, other: "Sites") -> bool:
        """Whether both list the same places in the same order."""
        if self is other:
            return True
        return (
            self.stride == other.stride
            and torch.equal(self.offsets, other.offsets)
            and torch.equal(self.coordinates, other.coordinates)
        )

    def parents(self, step: Steps) -> tuple["Sites", Tensor]:
        """Sites at floor(site / step), and the row (N,) int64 of each site's parent among them."""
        if max(step) == 1:
            return self, torch.arange(len(self), device=self.coordinates.device)
        return self._keep(("parents", step), lambda: self._parents(step))

    def children(self, step: Steps) -> tuple["Sites", Tensor]:
        """All prod(step) sites whose parents these are, and the row (N prod(step),) of each."""
        if max(step) == 1:
            return self, torch.arange(len(self), device=self.coordinates.device)
        cells, offsets, row = children(self.coordinates, self.offsets, list(step))
        extent = None if self.extent is None else _each(lambda e, s: e * s, self.extent, step)
        return Sites(cells, offsets, _each(lambda a, s: a / s, self.stride, step), extent), row

    def chosen(self, mask: Tensor) -> "Sites":
        """Those where mask (N,) bool holds."""
        offsets = F.pad(mask.cumsum(0), (1, 0))[self.offsets]
        return Sites(self.coordinates[mask], offsets, self.stride, self.extent)

    def reached(
        self, kernel: Steps, step: Steps, dilation: Steps, padding: Steps | None = None
    ) -> "Sites":
        """Every site under whose kernel one of these lies, of the grid of `step`.

        padding: where the kernel starts, before the site; None for the site rule of `Space`.
        """
        if padding is None and max(kernel) == max(step) == 1:
            return self
        key = ("reached", kernel, step, dilation, padding)
        return self._keep(key, lambda: self._reached(kernel, step, dilation, padding))

    def table(
        self,
        coarse: "Sites",
        kernel: Steps,
        step: Steps,
        dilation: Steps,
        padding: Steps | None = None,
    ) -> Tensor:
        """(M, K) int32: the row here that each site of `coarse` reads by each kernel entry, -1."""

        def made() -> Tensor:
            places = (self.coordinates, self.offsets, coarse.coordinates, coarse.offsets)
            steps = (list(kernel), list(step), list(dilation))
            return kernel_map(*places, *steps, None if padding is None else list(padding))

        return self._keep(("table", *self._key(coarse, kernel, step, dilation, padding)), made)

    def transposed(
        self,
        coarse: "Sites",
        kernel: Steps,
        step: Steps,
        dilation: Steps,
        padding: Steps | None = None,
    ) -> Tensor:
        """(N, K) int32: the row of `coarse` that reads each site here by each kernel entry, -1."""
        key = self._key(coarse, kernel, step, dilation, padding)

        def made() -> Tensor:
            table = self.table(coarse, kernel, step, dilation, padding)
            if coarse is self and padding is None and all(k % 2 for k in kernel):
                return table.flip(1)  # centred kernels: who reads me is whom the mirror entry reads
            return transposed_map(table, len(self))

        return self._keep(("transposed", *key), made)

    def rows_at(self, cells: Tensor, offsets: Tensor) -> Tensor:
        """Cells (M, D) int of each item, packed by offsets (B+1,) -> rows (M,) int64, -1 for none.

        Cells are of this level, in any order within their item, also where no site can be.
        """
        inside = ((cells >= 0) & (cells >> min(31, BITS[self.axes]) == 0)).all(1)
        wanted = morton_keys(torch.where(inside[:, None], cells, 0))
        rows = torch.full_like(wanted, -1)
        keys = self._keep("keys", lambda: morton_keys(self.coordinates))
        starts, edges = self.offsets.tolist(), offsets.tolist()
        for item, start in enumerate(starts[:-1]):
            own, there = keys[start : starts[item + 1]], slice(edges[item], edges[item + 1])
            if len(own):
                at = torch.searchsorted(own, wanted[there]).clamp(max=len(own) - 1)
                rows[there] = torch.where(own[at] == wanted[there], at + start, -1)
        return torch.where(inside, rows, -1)

    def __len__(self) -> int:
        return self.coordinates.shape[0]

    def __repr__(self) -> str:
        steps = " x ".join(map(str, dict.fromkeys(self.stride)))
        return f"Sites({len(self):,} in {self.axes}D, {len(self.counts)} items, stride {steps})"

    def _keep(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def _key(self, coarse: "Sites", *how: Steps | None) -> tuple[Hashable, ...]:
        # None for itself, or the sites would hold themselves for ever.
        return (None if coarse is self else coarse, *how)

    def _parents(self, step: Steps) -> tuple["Sites", Tensor]:
        cells, offsets, row = parents(self.coordinates, self.offsets, list(step))
        extent = None if self.extent is None else _each(lambda e, s: -(-e // s), self.extent, step)
        return Sites(cells, offsets, _each(lambda a, s: a * s, self.stride, step), extent), row

    def _reached(
        self, kernel: Steps, step: Steps, dilation: Steps, padding: Steps | None
    ) -> "Sites":
        if padding is None:
            sides = [same_sides(*each) for each in zip(kernel, step, dilation, strict=True)]
        else:
            sides = [(p, p) for p in padding]
        low = [a for a, _ in sides]
        whole = room = None
        if self.extent is not None:
            # The op pads both ends by `low`; even kernels at stride 1 have their margin behind.
            whole = [e + b - a for e, (a, b) in zip(self.extent, sides, strict=True)]
            spans = zip(whole, low, dilation, kernel, step, strict=True)
            room = tuple((e + 2 * a - d * (k - 1) - 1) // s + 1 for e, a, d, k, s in spans)
        cells, offsets = reached(
            self.coordinates, self.offsets, list(kernel), list(step), list(dilation), low, whole
        )
        return Sites(cells, offsets, _each(lambda a, s: a * s, self.stride, step), room)


def _each(function: Callable[[Any, int], T], values: tuple[Any, ...], step: Steps) -> tuple[T, ...]:
    return tuple(function(value, s) for value, s in zip(values, step, strict=True))
