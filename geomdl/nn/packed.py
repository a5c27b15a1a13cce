"""Packed batches of points: what models check at their door, and steps from item to item."""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_offsets, expect_tensor


def expect_count(name: str, value: int, low: int = 1) -> int:
    """A whole number of at least `low`. Raises GeometryError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise GeometryError(f"{name}: expected a whole number >= {low}, got {value!r}")
    return value


def expect_packed(
    points: Tensor, offsets: Tensor, features: Tensor | None = None, channels: int = 0
) -> None:
    """Points (N, 3), offsets (B+1,), features (N, channels) or none where channels is 0.

    Raises GeometryError, also for items without points.
    """
    expect_tensor("points", points, "N 3", dtypes="float")
    if offsets is None:
        raise GeometryError("offsets: expected (B+1,), got None; one cloud has [0, N]")
    offsets = expect_offsets("offsets", offsets, len(points), points)
    sizes = offsets.diff()
    if len(sizes) == 0 or int(sizes.min()) == 0:
        raise GeometryError(f"offsets: expected items with points, got sizes {sizes.tolist()[:8]}")
    if features is None:
        if channels:
            raise GeometryError(f"features: expected (N, {channels}), got none")
        return
    expect_tensor("features", features, f"N {channels}", dtypes=(points.dtype,), like=points)
    if len(features) != len(points):
        raise GeometryError(f"features: expected {len(points)} rows, got {len(features)}")


def spread(values: Tensor, offsets: Tensor) -> Tensor:
    """Values (B, C) of items, offsets (B+1,) -> (N, C): every row has its item's."""
    return torch.repeat_interleave(values, offsets.diff(), dim=0)


def one_hot(category: Tensor, count: int, items: int, like: Tensor) -> Tensor:
    """Category (B,) of integers below `count` -> (B, count) of 0 and 1. Raises GeometryError."""
    expect_tensor("category", category, "B", dtypes="int", like=like)
    low, high = (int(category.min()), int(category.max())) if len(category) else (0, 0)
    if len(category) != items or low < 0 or high >= count:
        raise GeometryError(
            f"category: expected {items} numbers from 0 to {count - 1}, got {len(category)} "
            f"from {low} to {high}"
        )
    return torch.nn.functional.one_hot(category.long(), count).to(like.dtype)
