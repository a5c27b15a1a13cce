"""Ragged: items of different lengths in one tensor, the batching rule of the whole package."""

import dataclasses
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from core2d.offsets import items_of
from geomdl.errors import GeometryError, expect_offsets, expect_tensor
from geomdl.structures import tensors


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Ragged:
    """Values (N, ...) packed item after item; offsets (B+1,) int64 from 0 to N.

    Item b is values[offsets[b] : offsets[b + 1]]; it may be empty.

    >>> ragged = Ragged.from_items([torch.zeros(2, 3), torch.ones(0, 3), torch.ones(4, 3)])
    >>> ragged
    Ragged(3 items of 2, 0, 4 rows, (3,) each, float32 on cpu)
    >>> ragged[2].shape
    torch.Size([4, 3])
    """

    values: Tensor
    offsets: Tensor

    def __post_init__(self) -> None:
        expect_tensor("values", self.values, "*S")
        if self.values.ndim == 0:
            raise GeometryError("values: expected at least one axis, got a single number")
        expect_offsets("offsets", self.offsets, self.values.shape[0], self.values)

    @staticmethod
    def from_items(items: Sequence[Tensor]) -> "Ragged":
        """Tensors (N_b, ...) -> Ragged. Raises GeometryError when there are none."""
        if not items:
            raise GeometryError("items: expected at least one tensor, got none")
        counts = torch.tensor([0] + [item.shape[0] for item in items], device=items[0].device)
        return Ragged(torch.cat(list(items)), counts.cumsum(0))

    @staticmethod
    def concatenate(batches: Sequence["Ragged"]) -> "Ragged":
        """Batches end to end: their items follow each other."""
        if not batches:
            raise GeometryError("batches: expected at least one, got none")
        values = torch.cat([batch.values for batch in batches])
        return Ragged(values, tensors.join_offsets([batch.offsets for batch in batches]))

    @property
    def counts(self) -> Tensor:
        """Rows of every item (B,) int64."""
        return self.offsets[1:] - self.offsets[:-1]

    @property
    def items(self) -> Tensor:
        """The item (N,) int64 of every row."""
        return items_of(self.offsets)

    def padded(self, fill: float = 0.0) -> tuple[Tensor, Tensor]:
        """Values (B, M, ...) filled up to the longest item, mask (B, M) true on real rows."""
        counts = self.counts
        longest = int(counts.max()) if len(self) else 0
        mask = torch.arange(longest, device=counts.device) < counts[:, None]
        dense = self.values.new_full((*mask.shape, *self.values.shape[1:]), fill)
        return dense.masked_scatter(_as(mask, dense), self.values), mask

    def split(self) -> list[Tensor]:
        """The items as views (N_b, ...)."""
        return list(self.values.split(self.counts.tolist()))

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Ragged":
        """On another device; floating-point values in another dtype."""
        return tensors.move(self, device, dtype)

    def __len__(self) -> int:
        return self.offsets.numel() - 1

    def __getitem__(self, item: int) -> Tensor:
        if not -len(self) <= item < len(self):  # IndexError ends a for loop, so no GeometryError
            raise IndexError(f"item {item} of a Ragged with {len(self)} items")
        item %= len(self)
        return self.values[int(self.offsets[item]) : int(self.offsets[item + 1])]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.split())

    def __repr__(self) -> str:
        counts = self.counts.tolist()
        shown = ", ".join(map(str, counts[:6])) + (", ..." if len(counts) > 6 else "")
        each = f"{tuple(self.values.shape[1:])} each" if self.values.ndim > 1 else ""
        head = tensors.plural(len(self), "item") + (f" of {shown} rows" if counts else "")
        return tensors.sentence("Ragged", [head, each, tensors.describe_place(self.values)])


def _as(mask: Tensor, dense: Tensor) -> Tensor:
    return mask.reshape(mask.shape + (1,) * (dense.ndim - 2)).expand(dense.shape)
