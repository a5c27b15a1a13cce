"""Kernel maps in Triton's interpreter, against loops over a dictionary of sites."""

import itertools
from typing import Optional

import pytest
import torch
from torch import Tensor

from tests.geomdl.ops.gpu.interpreter import Interpreter, run_op

pytestmark = pytest.mark.xdist_group("triton")


def some_sites(axes: int, extent: int, counts: list[int], seed: int) -> tuple[Tensor, Tensor]:
    """Distinct sites of items with about these counts, in no order, and offsets."""
    generator = torch.Generator().manual_seed(seed)
    items = []
    for count in counts:
        drawn = torch.randint(0, extent, (count, axes), generator=generator).unique(dim=0)
        items.append(drawn[torch.randperm(len(drawn), generator=generator)])
    ends = list(itertools.accumulate((len(i) for i in items), initial=0))
    return torch.cat(items).int(), torch.tensor(ends)


def table_by_loops(
    fine: tuple[Tensor, Tensor],
    coarse: tuple[Tensor, Tensor],
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: Optional[list[int]],
) -> list[list[int]]:
    rows = {}
    for item, (low, high) in enumerate(itertools.pairwise(fine[1].tolist())):
        for row in range(low, high):
            rows[item, tuple(fine[0][row].tolist())] = row
    starts = [-((k - 1) // 2) * d if k % 2 else 0 for k, d in zip(kernel, dilation, strict=True)]
    if padding is not None:
        starts = [-p for p in padding]
    table = []
    for item, (low, high) in enumerate(itertools.pairwise(coarse[1].tolist())):
        for cell in coarse[0][low:high].tolist():
            line = []
            for entry in itertools.product(*map(range, kernel)):
                parts = zip(cell, stride, starts, dilation, entry, strict=True)
                site = tuple(c * s + b + d * e for c, s, b, d, e in parts)
                line.append(rows.get((item, site), -1))
            table.append(line)
    return table


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "padding"),
    [
        ([5], [1], [1], None),
        ([3, 2], [2, 1], [1, 2], None),
        ([3, 3, 3], [1, 1, 1], [1, 1, 1], None),
        ([2, 3, 3], [2, 2, 2], [1, 2, 1], [1, 0, 1]),
        ([2, 2, 2, 3], [2, 2, 2, 1], [1, 1, 1, 1], None),
    ],
)
def test_kernel_map_against_loops(
    interpreted: Interpreter,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: Optional[list[int]],
) -> None:
    axes = len(kernel)
    extent = [60, 9, 5, 4][axes - 1]
    fine = some_sites(axes, extent, [40, 0, 50], axes)
    coarse = some_sites(axes, max(2, extent // stride[0]), [30, 9, 30], axes + 9)
    ready = (*fine, *coarse, kernel, stride, dilation, padding)
    table = interpreted(run_op, "sites", "kernel_map", *ready)
    expected = torch.tensor(table_by_loops(fine, coarse, kernel, stride, dilation, padding))
    assert (expected >= 0).sum() > 20
    assert table.dtype == torch.int32
    assert torch.equal(table.long(), expected)
    transposed = interpreted(run_op, "sites", "transposed_map", table, len(fine[0]))
    readers = torch.full((len(fine[0]), table.shape[1]), -1)
    for row, entry in (expected >= 0).nonzero().tolist():
        readers[expected[row, entry], entry] = row
    assert torch.equal(transposed.long(), readers)


def test_sites_at_the_end_of_int32(interpreted: Interpreter) -> None:
    fine = torch.tensor([[0], [2**31 - 2], [2**31 - 1]], dtype=torch.int32), torch.tensor([0, 3])
    ready = (*fine, *fine, [3], [1], [1], None)
    table = interpreted(run_op, "sites", "kernel_map", *ready)
    assert table.tolist() == [[-1, 0, -1], [-1, 1, 2], [1, 2, -1]]


def test_nothing_to_find(interpreted: Interpreter) -> None:
    sites, ends = some_sites(2, 5, [8], 0)
    none, empty = sites[:0], torch.tensor([0, 0])
    step = ([3, 3], [1, 1], [1, 1], None)
    assert interpreted(run_op, "sites", "kernel_map", none, empty, none, empty, *step).shape == (
        0,
        9,
    )
    table = interpreted(run_op, "sites", "kernel_map", none, empty, sites, ends, *step)
    assert (table == -1).all()
    assert table.shape == (len(sites), 9)
    assert interpreted(run_op, "sites", "transposed_map", table, 0).shape == (0, 9)
    assert (interpreted(run_op, "sites", "transposed_map", table[:0], 4) == -1).all()
