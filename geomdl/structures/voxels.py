"""VoxelGrid: a dense grid of a named kind, and the conversions between kinds that are defined.

occupancy  1 where the surface passes through the cell (or where it is solid: see the method)
ternary    0 known empty, 1 surface, 2 unknown
distance   metres to the closest surface, never negative
sdf        metres to the closest surface, negative inside
tsdf       sdf along the line of sight in units of the truncation, cut to [-1, 1], with weights:
           + in front of the surface (known empty), 0 on it, - behind it (not known to be solid)
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal, cast, get_args

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.structures import tensors

Kind = Literal["occupancy", "ternary", "distance", "sdf", "tsdf"]
KINDS: tuple[str, ...] = get_args(Kind)
EMPTY, SURFACE, UNKNOWN = 0, 1, 2


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class VoxelGrid:
    """Values (X, Y, Z) or (C, X, Y, Z) at cell centres; origin (3,) and cell in metres.

    origin is the corner of cell (0, 0, 0), so the centre of cell (i, j, k) is
    origin + (i + 0.5, j + 0.5, k + 0.5) * cell. A tsdf carries weights (X, Y, Z), 0 where nothing
    was seen, and the truncation in metres where it is known. Raises GeometryError.
    """

    values: Tensor
    kind: str
    origin: Tensor = None  # type: ignore[assignment]
    cell: float = 1.0
    weights: Tensor | None = None
    truncation: float | None = None

    def __post_init__(self) -> None:
        values = expect_tensor("values", self.values, "*S X Y Z")
        if values.ndim > 4:
            raise GeometryError(f"values: expected 3 or 4 axes, got {values.ndim}")
        if self.kind not in KINDS:
            raise GeometryError(f"kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        like = values if values.is_floating_point() else values.new_zeros((), dtype=torch.float32)
        origin = like.new_zeros(3) if self.origin is None else self.origin
        expect_tensor("origin", origin, "3", dtypes="float", finite=True, like=values)
        object.__setattr__(self, "origin", origin)
        expect_number("cell", self.cell, above=0)
        if self.truncation is not None:
            expect_number("truncation", self.truncation, above=0)
        self._check_values()

    def _check_values(self) -> None:
        name = f"values of kind {self.kind}"
        still = self.values.detach()
        if self.kind in ("distance", "sdf", "tsdf"):
            expect_tensor(name, still, "*S X Y Z", dtypes="float", finite=True)
        low, high = {"occupancy": (0, 1), "ternary": (0, 2), "distance": (0, math.inf)}.get(
            self.kind, (-1 - 1e-5, 1 + 1e-5) if self.kind == "tsdf" else (-math.inf, math.inf)
        )
        if still.numel() and not (float(still.min()) >= low and float(still.max()) <= high):
            least, most = float(still.min()), float(still.max())
            raise GeometryError(f"{name}: expected {low:g}..{high:g}, got {least:g}..{most:g}")
        if self.weights is not None:
            expect_tensor("weights", self.weights, "X Y Z", finite=True, like=self.values)
            if self.weights.shape != self.shape or bool((self.weights < 0).any()):
                raise GeometryError(
                    f"weights: expected {tuple(self.shape)} numbers >= 0, got shape "
                    f"{tuple(self.weights.shape)}"
                )

    @staticmethod
    def occupancy_from_points(
        points: Tensor,
        cell: float,
        *,
        origin: Tensor | None = None,
        shape: Sequence[int] | None = None,
    ) -> "VoxelGrid":
        """Points (N, 3) -> occupancy grid, uint8: 1 in cells that hold a point.

        Without origin and shape the grid covers the points; with them, points outside are left
        out. Raises GeometryError on no points without a shape, or on over 2^31 cells.
        """
        expect_tensor("points", points, "N 3", dtypes="float", finite=True)
        expect_number("cell", cell, above=0)
        start = tensors.bounds_of("points", points)[0].detach() if origin is None else origin
        index = ((points.detach() - start) / cell).floor().long()
        if shape is None:
            size = [max(int(n) + 1, 1) for n in tensors.bounds_of("points", index)[1]]
        else:
            size = list(shape)
        if len(size) != 3 or min(size) < 1 or math.prod(size) > 2**31:
            raise GeometryError(
                f"shape: expected 3 positive numbers, at most 2^31 cells, got {size}"
            )
        index = index[((index >= 0) & (index < index.new_tensor(size))).all(1)]
        values = torch.zeros(size, dtype=torch.uint8, device=points.device)
        values[index.unbind(1)] = 1
        return VoxelGrid(values, "occupancy", start, float(cell))

    @property
    def shape(self) -> torch.Size:
        """Cells along x, y, z."""
        return self.values.shape[-3:]

    @property
    def device(self) -> torch.device:
        """Where the values are."""
        return self.values.device

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The corners (3,) of the box that the cells fill."""
        extent = torch.tensor(list(self.shape), dtype=self.origin.dtype, device=self.device)
        return self.origin, self.origin + extent * self.cell

    def centres(self) -> Tensor:
        """Centres (X, Y, Z, 3) of the cells in metres."""
        place = {"dtype": self.origin.dtype, "device": self.device}
        axes = [torch.arange(n, **place) + 0.5 for n in self.shape]  # type: ignore[call-overload]
        return self.to_world(torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1))

    def to_grid(self, points: Tensor) -> Tensor:
        """Points (..., 3) metres -> grid coordinates (..., 3): cell i covers i to i + 1."""
        return (points - self.origin) / self.cell

    def to_world(self, coordinates: Tensor) -> Tensor:
        """Grid coordinates (..., 3), i + 0.5 in the middle of cell i -> points (..., 3) metres."""
        return coordinates * self.cell + self.origin

    def cells(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Points (..., 3) -> their cells (..., 3) int64, and (...,) true where inside the grid."""
        index = self.to_grid(points).floor().long()
        size = torch.tensor(list(self.shape), device=self.device)
        return index, ((index >= 0) & (index < size)).all(-1)

    def surface(self) -> Tensor:
        """True (X, Y, Z) in every cell that the surface may touch.

        A surface in a cell is at most half the diagonal from its centre; cells that no frame saw
        (weight 0) are left out. Raises GeometryError for a tsdf without its truncation.
        """
        values = self._one_channel()
        if self.kind == "occupancy":
            return values > 0.5 if values.is_floating_point() else values != 0
        if self.kind == "ternary":
            return values == SURFACE
        near = values.abs() * self._metres() <= self.cell * math.sqrt(3) / 2
        return near if self.weights is None else near & (self.weights > 0)

    def to_occupancy(self, *, solid: bool = False) -> "VoxelGrid":
        """uint8 occupancy: 1 on the surface, and with `solid` also inside (sdf <= 0).

        Only an sdf knows an inside: behind a tsdf lies the unknown. Raises GeometryError.
        """
        occupied = self.surface()
        if solid:
            if self.kind != "sdf":
                raise GeometryError(f"solid: a {self.kind} grid does not know its inside")
            occupied = occupied | (self._one_channel() <= 0)
        return self._as("occupancy", occupied.to(torch.uint8))

    def to_ternary(self) -> "VoxelGrid":
        """uint8 ternary: 0 known empty, 1 surface, 2 unknown.

        sdf and tsdf: + is empty, 0 surface, - unknown, as a camera cannot see behind a surface;
        a tsdf cell of weight 0 is unknown. An occupancy or distance grid knows everything.
        """
        if self.kind == "ternary":
            return self
        surface = self.surface()
        values = torch.where(surface, SURFACE, EMPTY).to(torch.uint8)
        if self.kind in ("sdf", "tsdf"):
            hidden = ~surface & (self._one_channel() < 0)
            if self.weights is not None:
                hidden |= self.weights == 0
            values = values.masked_fill(hidden, UNKNOWN)
        return self._as("ternary", values)

    def to_distance(self) -> "VoxelGrid":
        """Metres to the surface: |sdf|, or the way to the closest occupied cell's centre.

        Raises GeometryError for a tsdf (it is cut off), and where no cell is surface.
        """
        if self.kind == "distance":
            return self
        if self.kind == "sdf":
            return self._as("distance", self._one_channel().abs())
        if self.kind == "tsdf":
            raise GeometryError("kind: a tsdf is cut at its truncation and has no distances beyond")
        surface = self.surface()
        if not bool(surface.any()):
            raise GeometryError("values: no cell is surface, so there is no distance to it")
        from scipy.ndimage import distance_transform_edt

        steps = torch.from_numpy(distance_transform_edt(~surface.cpu().numpy()))
        return self._as("distance", steps.to(self.origin) * self.cell)

    def to_tsdf(self, truncation: float) -> "VoxelGrid":
        """sdf -> tsdf with all weights 1; truncation in metres. Raises GeometryError."""
        if self.kind != "sdf":
            raise GeometryError(f"kind: expected sdf, got {self.kind}")
        expect_number("truncation", truncation, above=0)
        values = (self._one_channel() / truncation).clamp(-1, 1)
        weights = torch.ones_like(values.detach())
        return VoxelGrid(values, "tsdf", self.origin, self.cell, weights, float(truncation))

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "VoxelGrid":
        """On another device; floating-point fields in another dtype."""
        return tensors.move(self, device, dtype)

    def _metres(self) -> float:
        if self.kind != "tsdf":
            return 1.0
        if self.truncation is None:
            raise GeometryError("truncation: this tsdf does not say it, so it has no metres")
        return self.truncation

    def _one_channel(self) -> Tensor:
        if self.values.ndim == 4 and self.values.shape[0] != 1:
            raise GeometryError(f"values: expected one channel, got {self.values.shape[0]}")
        return self.values.reshape(self.shape)

    def _as(self, kind: Kind, values: Tensor) -> "VoxelGrid":
        return VoxelGrid(values, kind, self.origin, self.cell)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __repr__(self) -> str:
        x, y, z = self.shape
        at = " ".join(f"{v:.4g}" for v in cast(list[float], self.origin.tolist()))
        known = self.kind in ("occupancy", "ternary") and self.values.ndim == 3 and len(self) > 0
        seen = None if self.weights is None else float((self.weights > 0).float().mean())
        parts = [
            f"{x} x {y} x {z} {self.kind}",
            f"{self.values.shape[0]} channels" if self.values.ndim == 4 else "",
            f"{float(self.surface().float().mean()):.2%} surface" if known else "",
            f"{seen:.2%} seen" if seen is not None else "",
            f"cells of {self.cell:g} m from [{at}]",
            tensors.describe_place(self.values),
        ]
        return tensors.sentence("VoxelGrid", parts)
