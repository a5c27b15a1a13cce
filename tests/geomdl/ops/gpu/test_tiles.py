"""Row order and tiles of a table: each against what it means, and the plan's life."""

import gc

import pytest
import torch
from torch import Tensor

from tests.geomdl.ops.gpu.interpreter import Interpreter

pytestmark = pytest.mark.xdist_group("triton")


def some_table(rows: int, width: int, seed: int = 0) -> Tensor:
    """A table whose rows have one of a few masks, more or less: (M, K) of rows below 50."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(6, width, generator=generator) < torch.linspace(0.05, 0.9, width)
    kept = masks[torch.randint(0, 6, (rows,), generator=generator)]
    kept &= torch.rand(rows, width, generator=generator) < 0.97
    read = torch.randint(0, 50, (rows, width), generator=generator)
    return torch.where(kept, read, -1).int()


def planned(table: Tensor, tile: int) -> tuple[Tensor, ...]:
    from geomdl.ops.gpu.tiles import plan_of

    plan = plan_of(table)
    return plan.order, *plan.tiles(table, tile), *plan.pairs(table)


@pytest.mark.parametrize(("rows", "width", "tile"), [(150, 27, 32), (70, 81, 64), (20, 1, 64)])
def test_tiles_list_what_their_rows_read(
    interpreted: Interpreter, rows: int, width: int, tile: int
) -> None:
    table = some_table(rows, width)
    order, entries, counts, _, _, _ = interpreted(planned, table, tile)
    assert order.sort().values.tolist() == list(range(rows))
    here = (table >= 0)[order.long()]
    assert len(counts) == -(-rows // tile)
    for at, (listed, count) in enumerate(zip(entries, counts.tolist(), strict=True)):
        needed = here[at * tile : (at + 1) * tile].any(0).nonzero()[:, 0]
        assert listed[:count].tolist() == needed.tolist()


def test_sorted_rows_waste_less(interpreted: Interpreter) -> None:
    table = some_table(400, 27)
    _, _, counts, *_ = interpreted(planned, table, 32)
    unsorted = sum(int((part >= 0).any(0).sum()) for part in table.split(32))
    needed = int((table >= 0).sum()) / 32
    assert needed < int(counts.sum()) < 0.8 * unsorted


def test_rows_follow_the_gray_code(interpreted: Interpreter) -> None:
    kept = torch.tensor([[0, 0], [1, 1], [0, 1], [0, 1], [1, 0], [0, 1]])  # entry 0 is rarer
    order, *_ = interpreted(planned, torch.where(kept > 0, 0, -1).int(), 16)
    # 00 01 11 10 is the code's order, and equal rows keep theirs.
    assert order.tolist() == [0, 2, 3, 5, 1, 4]


def test_pairs_are_the_table(interpreted: Interpreter) -> None:
    table = some_table(60, 9)
    *_, sources, readers, starts = interpreted(planned, table, 32)
    found = []
    for entry in range(9):
        part = slice(int(starts[entry]), int(starts[entry + 1]))
        assert (readers[part].diff() > 0).all()
        found += [
            (entry, *pair)
            for pair in zip(readers[part].tolist(), sources[part].tolist(), strict=True)
        ]
    expected = [
        (entry, row, int(table[row, entry]))
        for entry in range(9)
        for row in range(60)
        if table[row, entry] >= 0
    ]
    assert found == expected


def lives_of_a_plan() -> list[bool]:
    from geomdl.ops.gpu import tiles

    table = some_table(40, 9)
    first = tiles.plan_of(table)
    facts = [tiles.plan_of(table.detach()) is first, tiles.plan_of(table.view_as(table)) is first]
    facts += [tiles.plan_of(table[1:]) is not first, tiles.plan_of(table.clone()) is not first]
    kept = tiles.plan_of(table)
    facts.append(kept is first)
    table[0, 0] = -1
    renewed = tiles.plan_of(table)
    facts += [renewed is not kept, tiles.plan_of(table) is renewed]
    del table
    gc.collect()  # the interpreter leaves its arguments in cycles
    other = some_table(5, 3)
    tiles.plan_of(other)
    facts.append(len(tiles._kept) == 1)
    with torch.inference_mode():
        asked = other.clone()
        facts.append(tiles.plan_of(asked) is not tiles.plan_of(asked))
    return facts


def test_a_plan_is_kept_until_its_table_is_written_or_gone(interpreted: Interpreter) -> None:
    assert interpreted(lives_of_a_plan) == [True] * 9
