"""Morton keys and the hash table in Triton's interpreter, against loops over Python's integers."""

import pytest
import torch
from torch import Tensor

from tests.geomdl.ops.gpu.interpreter import Interpreter, run_op

pytestmark = pytest.mark.xdist_group("triton")


def interleaved(cell: list[int]) -> int:
    axes = len(cell)
    return sum(
        ((value >> bit) & 1) << (axes * bit + axis)
        for axis, value in enumerate(cell)
        for bit in range(63)
    )


@pytest.mark.parametrize(("axes", "bits"), [(1, 62), (2, 31), (3, 21), (4, 15)])
def test_morton_keys_interleave_bits(interpreted: Interpreter, axes: int, bits: int) -> None:
    generator = torch.Generator().manual_seed(axes)
    cells = torch.randint(0, 1 << bits, (300, axes), generator=generator)
    cells[0], cells[1] = (1 << bits) - 1, 0
    keys = interpreted(run_op, "keys", "morton_keys", cells)
    assert keys.tolist() == [interleaved(c) for c in cells.tolist()]
    assert torch.equal(interpreted(run_op, "keys", "morton_cells", keys, axes), cells)
    short = cells.clamp(max=(1 << 30) - 1)
    keys = interpreted(run_op, "keys", "morton_keys", short.int())
    assert keys.tolist() == [interleaved(c) for c in short.tolist()]


def keys_with_repeats() -> Tensor:
    keys = torch.randint(-60, 60, (300,), generator=torch.Generator().manual_seed(2))
    keys[torch.tensor([7, 200])] = 2**63 - 1  # the number that stands for an empty slot
    keys[3] = -(2**63)
    return keys


def test_look_up_finds_the_lowest_row(interpreted: Interpreter) -> None:
    keys = keys_with_repeats()
    table = interpreted(run_op, "keys", "build_table", keys)
    assert table.shape == (1024, 2)
    asked = torch.cat([keys, torch.arange(-100, 100)])
    rows = {key: row for row, key in reversed(list(enumerate(keys.tolist())))}
    expected = [rows.get(key, -1) for key in asked.tolist()]
    assert interpreted(run_op, "keys", "look_up", table, asked).tolist() == expected


def test_the_order_of_keys_does_not_move_them(interpreted: Interpreter) -> None:
    keys = keys_with_repeats()
    shuffled = keys[torch.randperm(len(keys), generator=torch.Generator().manual_seed(3))]
    first, second = (interpreted(run_op, "keys", "build_table", k) for k in (keys, shuffled))
    assert torch.equal(first[:, 0], second[:, 0])
    assert not torch.equal(first[:, 1], second[:, 1])


def test_no_keys(interpreted: Interpreter) -> None:
    none = torch.empty(0, dtype=torch.int64)
    table = interpreted(run_op, "keys", "build_table", none)
    assert (table[:, 1] == -1).all()
    assert interpreted(run_op, "keys", "look_up", table, torch.tensor([0, 5])).tolist() == [-1, -1]
    assert interpreted(run_op, "keys", "look_up", table, none).shape == (0,)
    assert interpreted(run_op, "keys", "morton_cells", none, 3).shape == (0, 3)
