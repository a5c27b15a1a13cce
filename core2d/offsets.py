"""Offsets: what tells items apart that lie end to end in one tensor.

Offsets (B+1,) int64 go from 0 to the number of rows; item b has rows offsets[b] : offsets[b + 1].
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor


def items_of(offsets: Tensor, count: int | None = None) -> Tensor:
    """Offsets (B+1,) -> the item (N,) int64 of every row.

    count: N, where it is known: then nobody waits for a GPU to tell it.

    >>> items_of(torch.tensor([0, 2, 2, 3]))
    tensor([0, 0, 2])
    """
    items = torch.arange(len(offsets) - 1, device=offsets.device)
    return items.repeat_interleave(offsets.diff(), output_size=count)


def slices_of(offsets: Tensor) -> Iterator[slice]:
    """Offsets (B+1,) -> the rows of each item."""
    for low, high in itertools.pairwise(offsets.tolist()):
        yield slice(low, high)
