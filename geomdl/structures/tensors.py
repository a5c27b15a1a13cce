"""What every structure does with the tensors in its fields: move, select, describe, check.

A structure is a frozen dataclass whose fields are tensors, other structures, tuples and
dictionaries of them, and plain values. Nothing here knows which structure it is given.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from operator import index
from typing import Any, TypeVar

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor

T = TypeVar("T")


def map_tensors(value: T, change: Callable[[Tensor], Tensor]) -> T:
    """Any nest of tensors -> the same nest with `change` applied to every tensor."""
    result: Any = value
    if isinstance(value, Tensor):
        result = change(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        changed = {f.name: map_tensors(getattr(value, f.name), change) for f in fields}
        result = dataclasses.replace(value, **changed)
    elif isinstance(value, dict):
        result = {key: map_tensors(item, change) for key, item in value.items()}
    elif isinstance(value, tuple):
        result = tuple(map_tensors(item, change) for item in value)
    return result


def move(value: T, device: torch.device | str | None, dtype: torch.dtype | None) -> T:
    """The nest on `device`; floating-point tensors become `dtype`, the others keep theirs."""
    if dtype is not None and not dtype.is_floating_point:
        raise GeometryError(f"dtype: expected a floating-point dtype, got {dtype}")

    def change(tensor: Tensor) -> Tensor:
        return tensor.to(device, dtype if tensor.is_floating_point() else None)

    return map_tensors(value, change)


def expect_rows(name: str, value: Tensor | None, shape: str, count: int, like: Tensor) -> None:
    """An optional finite float tensor whose first axis has `count` rows. Raises GeometryError."""
    if value is None:
        return
    expect_tensor(name, value, shape, dtypes="float", finite=True, like=like)
    if value.shape[0] != count:
        raise GeometryError(f"{name}: expected {count} rows, got {value.shape[0]}")


def expect_colors(name: str, colors: Tensor | None, count: int, like: Tensor) -> None:
    """Optional colours (count, 3) float in 0..1. Raises GeometryError."""
    expect_rows(name, colors, "N 3", count, like)
    if colors is None or colors.numel() == 0:
        return
    low, high = float(colors.detach().min()), float(colors.detach().max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise GeometryError(f"{name}: expected values in 0..1, got {low:g}..{high:g}")


def expect_attributes(
    name: str, attributes: Mapping[str, Tensor], count: int, like: Tensor
) -> None:
    """Named tensors (count, ...) on the device of `like`. Raises GeometryError."""
    for key, value in attributes.items():
        expect_tensor(f"{name}[{key!r}]", value, "*S", like=like)
        if value.ndim == 0 or value.shape[0] != count:
            got = tuple(value.shape)
            raise GeometryError(f"{name}[{key!r}]: expected {count} rows, got shape {got}")


def expect_extent(name: str, extent: Sequence[int], axes: int) -> tuple[int, ...]:
    """How many cells a grid has on each of `axes` axes. Raises GeometryError."""
    try:
        sizes = tuple(index(size) for size in extent)
    except TypeError:
        sizes = ()
    if len(sizes) != axes or min(sizes) < 0:
        raise GeometryError(f"{name}: expected {axes} whole numbers >= 0, got {extent!r}")
    return sizes


def select(value: Tensor | None, index: Tensor) -> Tensor | None:
    """Rows of an optional tensor."""
    return None if value is None else value[index]


def select_all(attributes: Mapping[str, Tensor], index: Tensor) -> dict[str, Tensor]:
    """The same rows of every named tensor."""
    return {key: value[index] for key, value in attributes.items()}


def join(name: str, values: Sequence[Tensor | None]) -> Tensor | None:
    """Optional tensors, all or none of them there, end to end. Raises GeometryError."""
    there = [value for value in values if value is not None]
    if there and len(there) != len(values):
        raise GeometryError(f"{name}: {len(there)} of {len(values)} items have it, expected all")
    return torch.cat(there) if there else None


def join_all(name: str, values: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Named tensors with the same names in every item, end to end. Raises GeometryError."""
    names = list(values[0]) if values else []
    for other in values:
        if set(other) != set(names):
            raise GeometryError(f"{name}: expected {sorted(names)} in all, got {sorted(other)}")
    return {key: torch.cat([value[key] for value in values]) for key in names}


def join_offsets(offsets: Sequence[Tensor]) -> Tensor:
    """Offsets of batches -> the offsets of the batches end to end."""
    counts = torch.cat([o[1:] - o[:-1] for o in offsets])
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def chosen_rows(name: str, chosen: Tensor | slice, offsets: Tensor) -> tuple[Tensor, Tensor]:
    """A mask (N,), indices (K,) or slice of packed rows -> indices (K,) int64, offsets (B+1,).

    Indices keep the items apart, so they come item by item. Raises GeometryError.
    """
    count = int(offsets[-1])
    if isinstance(chosen, slice):
        index = torch.arange(count, device=offsets.device)[chosen]
    elif not isinstance(chosen, Tensor):
        raise GeometryError(f"{name}: expected a mask, indices or a slice, got {chosen!r}")
    elif chosen.dtype == torch.bool:
        expect_tensor(name, chosen, str(count), like=offsets)
        index = chosen.nonzero()[:, 0]
    else:
        index = expect_tensor(name, chosen, "K", dtypes="int", like=offsets).long()
        if index.numel() and (int(index.min()) < 0 or int(index.max()) >= count):
            low, high = int(index.min()), int(index.max())
            raise GeometryError(f"{name}: expected indices in 0..{count - 1}, got {low}..{high}")
    items = torch.bucketize(index, offsets[1:-1], right=True)
    if bool((items[1:] < items[:-1]).any()):
        raise GeometryError(f"{name}: expected indices item by item, they return to an earlier one")
    counts = torch.bincount(items, minlength=offsets.numel() - 1)
    return index, torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def expect_item(item: int, batch_size: int) -> int:
    """A position in a batch, negative ones counted from the end. Raises GeometryError."""
    if not -batch_size <= item < batch_size:
        raise GeometryError(f"item: expected a number below {batch_size}, got {item}")
    return item % batch_size


def bounds_of(name: str, points: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, D) -> lowest corner (D,), highest corner (D,). Raises GeometryError on none."""
    if points.shape[0] == 0:
        raise GeometryError(f"{name}: no points, so there are no bounds")
    return points.amin(0), points.amax(0)


def describe_box(points: Tensor) -> str:
    """'bounds [0 0 0] to [1 2 3]' for a __repr__, or nothing where there are no points."""
    if points.shape[0] == 0:
        return ""
    low, high = (" ".join(f"{x:.4g}" for x in row) for row in _corners(points))
    return f"bounds [{low}] to [{high}]"


def describe_place(tensor: Tensor) -> str:
    """'float32 on cpu'."""
    return f"{str(tensor.dtype).removeprefix('torch.')} on {tensor.device}"


def plural(count: int, word: str) -> str:
    """'1 face', '12,000 faces'."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word[:-2] + 'ices' if word.endswith('ex') else word + 's'}"


def sentence(name: str, parts: Sequence[str]) -> str:
    """A __repr__: the name, and the parts that are not empty."""
    return f"{name}({', '.join(part for part in parts if part)})"


def _corners(points: Tensor) -> tuple[list[float], list[float]]:
    still = points.detach()
    return still.amin(0).tolist(), still.amax(0).tolist()
