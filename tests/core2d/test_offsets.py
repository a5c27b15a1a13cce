"""Rows and items of a packed tensor, with empty items."""

import torch

from core2d.offsets import items_of, slices_of

OFFSETS = torch.tensor([0, 2, 2, 5, 6])


def test_every_row_has_its_item():
    assert items_of(OFFSETS).tolist() == [0, 0, 2, 2, 2, 3]
    assert items_of(OFFSETS, 6).tolist() == [0, 0, 2, 2, 2, 3]
    assert items_of(torch.tensor([0])).tolist() == []


def test_every_item_has_its_rows():
    rows = torch.arange(6)
    assert [rows[s].tolist() for s in slices_of(OFFSETS)] == [[0, 1], [], [2, 3, 4], [5]]
