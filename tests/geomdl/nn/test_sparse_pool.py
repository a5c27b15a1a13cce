import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.sparse_pool import largest_rows, over_items, values_at, window_means
from tests.geomdl.nn.scattered import grid

TABLE = torch.tensor([[0, 2, -1], [-1, -1, -1], [1, -1, 3], [2, 0, 1]], dtype=torch.int32)


def test_largest_and_mean_by_hand():
    values = torch.tensor([[1.0, -5], [2, -6], [3, -4], [2, -6]])
    rows = largest_rows(values, TABLE)
    assert rows.tolist() == [[2, 2], [-1, -1], [1, 1], [2, 2]]  # the first of equals
    assert values_at(values, rows).tolist() == [[3, -4], [0, 0], [2, -6], [3, -4]]
    assert window_means(values, TABLE).tolist() == [[2, -4.5], [0, 0], [2, -6], [2, -5]]


def test_infinite_and_broken_values_win_as_on_grids():
    values = torch.tensor([[-torch.inf], [torch.nan], [1.0]])
    table = torch.tensor([[0, -1], [2, 1], [1, 2]], dtype=torch.int32)
    assert largest_rows(values, table).tolist() == [[0], [1], [1]]


def test_gradients():
    values = grid(4, 3).requires_grad_()
    for pool in (
        window_means,
        lambda v, table: values_at(v, largest_rows(v, table)),
    ):
        assert torch.autograd.gradcheck(lambda v, pool=pool: pool(v, TABLE), values)


def test_over_items_of_any_length():
    values = grid(5, 2).requires_grad_()
    parts = [values[:2], values[2:2], values[2:]]
    for kind, by_hand in (("mean", torch.mean), ("sum", torch.sum), ("max", torch.amax)):
        wanted = [by_hand(part, 0) if len(part) else torch.zeros(2) for part in parts]
        found = over_items(values, [2, 0, 3], kind)
        torch.testing.assert_close(found, torch.stack([w.double() for w in wanted]))
        assert torch.autograd.gradcheck(lambda v, k=kind: over_items(v, [2, 0, 3], k), values)
    with pytest.raises(GeometryError, match="kind: expected one of max, mean, sum"):
        over_items(values, [5], "median")  # type: ignore[arg-type]


def test_nothing_to_pool():
    none = torch.zeros(0, 3)
    assert values_at(none, torch.full((2, 3), -1)).tolist() == [[0] * 3] * 2
    assert over_items(none, [], "sum").shape == (0, 3)
    assert over_items(none, [0, 0], "max").shape == (2, 3)
