"""The door of the models."""

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.packed import expect_packed, one_hot, spread

POINTS, OFFSETS = torch.rand(5, 3), torch.tensor([0, 2, 5])


def test_good_batches_pass() -> None:
    expect_packed(POINTS, OFFSETS)
    expect_packed(POINTS, OFFSETS, torch.rand(5, 2), 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.rand(5, 2), OFFSETS), r"points: expected shape \(N 3\)"),
        ((POINTS, torch.tensor([0, 4])), "offsets: expected ascending int64 from 0 to 5"),
        ((POINTS, torch.tensor([0, 5, 5])), r"items with points, got sizes \[5, 0\]"),
        ((POINTS, OFFSETS, None, 3), r"features: expected \(N, 3\), got none"),
        ((POINTS, OFFSETS, torch.rand(5, 2), 3), r"features: expected shape \(N 3\)"),
        ((POINTS, OFFSETS, torch.rand(4, 3), 3), "features: expected 5 rows, got 4"),
        ((POINTS, None), r"offsets: expected \(B\+1,\), got None"),
        ((POINTS, OFFSETS, torch.rand(5, 3).double(), 3), "features: expected dtype float32"),
    ],
)
def test_bad_batches_are_named(arguments: tuple, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        expect_packed(*arguments)


def test_from_items_to_rows() -> None:
    rows = spread(torch.tensor([[1.0], [2.0]]), OFFSETS)
    assert rows[:, 0].tolist() == [1, 1, 2, 2, 2]


def test_categories() -> None:
    assert one_hot(torch.tensor([2, 0]), 3, 2, POINTS).tolist() == [[0, 0, 1], [1, 0, 0]]
    for wrong in (torch.tensor([2]), torch.tensor([3, 0]), torch.tensor([-1, 0])):
        with pytest.raises(GeometryError, match="category: expected 2 numbers from 0 to 2"):
            one_hot(wrong, 3, 2, POINTS)
