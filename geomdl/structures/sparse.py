"""SparseVoxels: features at the few cells of a grid that hold something."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from core2d.offsets import items_of
from geomdl.errors import GeometryError, expect_number, expect_offsets, expect_tensor
from geomdl.structures import tensors

BITS = {1: 31, 2: 31, 3: 21, 4: 15}  # per axis, as in geomdl.ops.keys


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SparseVoxels:
    """Coordinates (N, D) int32 in level-0 cells divided by stride, features (N, C), D = 1..4.

    Rows are sorted by item, then by Morton key, and no cell occurs twice in an item:
    `SparseVoxels.sorted` brings rows into this order. A site at stride s covers s^D cells of
    level 0; coordinates are not negative. offsets (B+1,) int64 packs several items. Raises
    GeometryError.
    """

    coordinates: Tensor
    features: Tensor
    stride: int = 1
    offsets: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        cells = expect_tensor("coordinates", self.coordinates, "N D", dtypes=(torch.int32,))
        _expect_axes(cells)
        bits = BITS[cells.shape[1]]
        low, high = (int(cells.min()), int(cells.max())) if cells.numel() else (0, 0)
        if low < 0 or high >> bits:
            raise GeometryError(
                f"coordinates: run from {low} to {high}, expected 0 to 2^{bits} - 1 "
                f"on {cells.shape[1]} axes; subtract the smallest first"
            )
        tensors.expect_rows("features", self.features, "N C", cells.shape[0], cells)
        if isinstance(self.stride, bool) or not isinstance(self.stride, int):
            raise GeometryError(f"stride: expected an int, got {self.stride!r}")
        expect_number("stride", self.stride, low=1)
        offsets = expect_offsets("offsets", self.offsets, cells.shape[0], cells)
        object.__setattr__(self, "offsets", offsets)
        keys, items = morton_order(cells), items_of(offsets)
        later = (items[1:] > items[:-1]) | (keys[1:] > keys[:-1])
        if not bool(later.all()):
            row = int((~later).nonzero()[0]) + 1
            raise GeometryError(
                f"coordinates: row {row} is not after row {row - 1} in Morton order (or repeats "
                "it); SparseVoxels.sorted(...) sorts rows"
            )

    @staticmethod
    def sorted(
        coordinates: Tensor, features: Tensor, stride: int = 1, offsets: Tensor | None = None
    ) -> "SparseVoxels":
        """Rows in any order within their items -> SparseVoxels. Raises GeometryError on repeats."""
        _expect_axes(expect_tensor("coordinates", coordinates, "N D", dtypes=(torch.int32,)))
        tensors.expect_rows("features", features, "N C", len(coordinates), coordinates)
        expect_tensor("features", features, "N C")
        offsets = expect_offsets("offsets", offsets, coordinates.shape[0], coordinates)
        order = morton_order(coordinates).argsort(stable=True)
        order = order[items_of(offsets)[order].argsort(stable=True)]
        return SparseVoxels(coordinates[order], features[order], stride, offsets)

    @staticmethod
    def concatenate(batches: Sequence["SparseVoxels"]) -> "SparseVoxels":
        """Batches -> one batch of all their items. Raises GeometryError when strides differ."""
        if not batches:
            raise GeometryError("batches: expected at least one, got none")
        strides = {batch.stride for batch in batches}
        if len(strides) != 1:
            raise GeometryError(f"stride: expected one for all, got {sorted(strides)}")
        widths = {(batch.coordinates.shape[1], batch.features.shape[1]) for batch in batches}
        if len(widths) != 1:
            raise GeometryError(
                f"batches: expected as many axes and channels in all, got {sorted(widths)}"
            )
        return SparseVoxels(
            torch.cat([batch.coordinates for batch in batches]),
            torch.cat([batch.features for batch in batches]),
            strides.pop(),
            tensors.join_offsets([batch.offsets for batch in batches]),
        )

    @property
    def device(self) -> torch.device:
        """Where the sites are."""
        return self.coordinates.device

    @property
    def batch_size(self) -> int:
        """How many items are packed here."""
        return self.offsets.numel() - 1

    @property
    def items(self) -> Tensor:
        """The item (N,) int64 of every site."""
        return items_of(self.offsets)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest coordinates (D,) int32. Raises GeometryError on none."""
        return tensors.bounds_of("coordinates", self.coordinates)

    def item(self, item: int) -> "SparseVoxels":
        """One item of the batch."""
        item = tensors.expect_item(item, self.batch_size)
        rows = slice(int(self.offsets[item]), int(self.offsets[item + 1]))
        return SparseVoxels(self.coordinates[rows], self.features[rows], self.stride)

    def split(self) -> list["SparseVoxels"]:
        """The items of the batch, one by one."""
        return [self.item(item) for item in range(self.batch_size)]

    def dense(self, shape: Sequence[int], fill: float = 0.0) -> Tensor:
        """Features as a dense grid (B, C, *shape) with `fill` elsewhere, differentiable.

        Raises GeometryError where a site lies outside 0..shape.
        """
        cells = self.coordinates.long()
        whole = tensors.expect_extent("shape", shape, cells.shape[1])
        limit = torch.tensor(whole, device=self.device)
        if bool(((cells < 0) | (cells >= limit)).any()):
            low, high = (bound.tolist() for bound in self.bounds)
            raise GeometryError(f"shape: {whole} does not hold sites from {low} to {high}")
        grid = self.features.new_full((self.batch_size, *whole, self.features.shape[1]), fill)
        grid = grid.index_put((self.items, *cells.unbind(1)), self.features)
        return grid.movedim(-1, 1)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "SparseVoxels":
        """On another device, features in another dtype."""
        return tensors.move(self, device, dtype)

    def __len__(self) -> int:
        return self.coordinates.shape[0]

    def __getitem__(self, chosen: Tensor | slice) -> "SparseVoxels":
        index, offsets = tensors.chosen_rows("chosen", chosen, self.offsets)
        return SparseVoxels(self.coordinates[index], self.features[index], self.stride, offsets)

    def __repr__(self) -> str:
        axes = self.coordinates.shape[1]
        parts = [
            f"{tensors.plural(len(self), 'site')} in {axes}D",
            tensors.plural(self.features.shape[1], "channel"),
            f"stride {self.stride}",
            f"{self.batch_size} items" if self.batch_size != 1 else "",
            tensors.describe_box(self.coordinates),
            tensors.describe_place(self.features),
        ]
        return tensors.sentence("SparseVoxels", parts)


def _expect_axes(cells: Tensor) -> None:
    if cells.shape[1] not in BITS:
        raise GeometryError(f"coordinates: expected 1 to 4 axes, got {cells.shape[1]}")


def morton_order(cells: Tensor) -> Tensor:
    """Cells (N, D) int -> keys (N,) int64 that sort them along the Morton curve."""
    axes = cells.shape[1]
    wide = cells.long()
    keys = torch.zeros(cells.shape[0], dtype=torch.int64, device=cells.device)
    for bit in range(BITS[axes]):
        for axis in range(axes):
            keys |= ((wide[:, axis] >> bit) & 1) << (axes * bit + axis)
    return keys
