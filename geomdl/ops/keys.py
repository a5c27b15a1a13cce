"""Morton codes: integer cells to one sortable key that keeps neighbours close."""

import torch
from torch import Tensor

from geomdl.errors import expect_tensor
from geomdl.ops.dispatch import op


def _check(cells: Tensor) -> None:
    expect_tensor("cells", cells, "N 3", dtypes=(torch.int32, torch.int64))


@op(fake=lambda cells: cells.new_empty(cells.shape[0], dtype=torch.int64), check=_check)
def morton_keys(cells: Tensor) -> Tensor:
    """Cells (N, 3) int -> keys (N,) int64: the bits of x, y, z interleaved."""
    keys = torch.zeros(cells.shape[0], dtype=torch.int64, device=cells.device)
    for bit in range(21):
        for axis in range(3):
            keys |= ((cells[:, axis].long() >> bit) & 1) << (3 * bit + axis)
    return keys
