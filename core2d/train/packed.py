"""Examples of unequal size in one batch: rows end to end, and "offsets" that tell them apart.

A packed batch holds "offsets" (B+1,) int64, from 0 to N. Its other tensors have N rows, one for
every place of every example (points, their features and labels), or B rows, one for every
example. A batch without "offsets" has a row for every example in all of its tensors.
"""

import torch
from torch import Tensor

from core2d.errors import InputError, describe
from core2d.train.recipe import Batch

# What speaks of examples where there are as many places as examples.
OF_EXAMPLES = ("offsets", "label", "category", "share", "other")


def count_of(batch: Batch) -> int:
    """How many examples a batch holds."""
    offsets = batch.get("offsets")
    return len(next(iter(batch.values()))) if offsets is None else len(offsets) - 1


def places_labelled(batch: Batch) -> bool:
    """Whether "label" speaks of places in an example (pixels, points) and not of examples."""
    label = batch.get("label")
    return label is not None and (label.ndim > 1 or len(label) != count_of(batch))


def split(batch: Batch, name: str) -> list[Tensor]:
    """What tensor `name` holds of every example: views (N_b, ...), or (...) where it has B rows.

    Raises InputError for a tensor of another number of rows.
    """
    value, count = batch[name], count_of(batch)
    if "offsets" in batch and len(value) == int(batch["offsets"][-1]):
        return list(value.split(batch["offsets"].diff().tolist()))
    if len(value) != count:
        raise InputError(f"{name}: expected a row per example ({count}), got {describe(value)}")
    return list(value)


def rows_of(offsets: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
    """Offsets (M+1,), items (B,) int64 -> the packed rows (K,) of these items, offsets (B+1,)."""
    counts = (offsets[1:] - offsets[:-1])[items]
    packed = torch.nn.functional.pad(counts.cumsum(0), (1, 0))
    moved = (offsets[items] - packed[:-1]).repeat_interleave(counts)
    return moved + torch.arange(int(packed[-1]), device=offsets.device), packed


def of_places(name: str, value: Tensor, places: int, examples: int) -> bool:
    """Whether a packed value has a row per place; by its name where there are as many of both."""
    return name not in OF_EXAMPLES if places == examples else len(value) == places


def kept(batch: Batch, rows: Tensor) -> Batch:
    """The places `rows` (K,) of a packed batch, in ascending order, with all that goes with them.

    Values with a row per example stay as they are.
    """
    offsets = batch["offsets"]
    total, count = int(offsets[-1]), len(offsets) - 1
    found = {
        name: value[rows] if of_places(name, value, total, count) else value
        for name, value in batch.items()
    }
    return found | {"offsets": torch.searchsorted(rows, offsets)}
