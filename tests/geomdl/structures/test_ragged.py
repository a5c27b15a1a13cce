import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Ragged


def items() -> list[torch.Tensor]:
    return [torch.arange(6.0).reshape(2, 3), torch.zeros(0, 3), torch.ones(3, 3)]


def test_items_come_back() -> None:
    ragged = Ragged.from_items(items())
    assert len(ragged) == 3
    assert ragged.counts.tolist() == [2, 0, 3]
    assert ragged.items.tolist() == [0, 0, 2, 2, 2]
    for got, wanted in zip(ragged, items(), strict=True):
        assert torch.equal(got, wanted)
    assert torch.equal(ragged[-1], items()[2])
    assert [row.shape[0] for row in ragged.split()] == [2, 0, 3]


def test_iteration_by_index_ends() -> None:
    ragged = Ragged.from_items(items())
    with pytest.raises(IndexError):
        ragged[3]


def test_padded_fills_and_masks_and_lets_gradients_through() -> None:
    values = torch.arange(15.0).reshape(5, 3).requires_grad_()
    ragged = Ragged(values, torch.tensor([0, 2, 2, 5]))
    dense, mask = ragged.padded(-1.0)
    assert dense.shape == (3, 3, 3)
    assert torch.equal(dense[mask], values)
    assert bool((dense[~mask] == -1).all())
    dense[mask].sum().backward()
    assert torch.equal(values.grad, torch.ones(5, 3))


def test_concatenate_joins_batches() -> None:
    ragged = Ragged.from_items(items())
    both = Ragged.concatenate([ragged, ragged])
    assert both.offsets.tolist() == [0, 2, 2, 5, 7, 7, 10]
    assert torch.equal(both[5], ragged[2])


def test_values_without_further_axes() -> None:
    ragged = Ragged(torch.arange(4), torch.tensor([0, 1, 4]))
    assert ragged[1].tolist() == [1, 2, 3]
    assert repr(ragged) == "Ragged(2 items of 1, 3 rows, int64 on cpu)"


@pytest.mark.parametrize("offsets", [[0, 3], [1, 5], [0, 4, 2, 5]])
def test_bad_offsets_are_refused(offsets: list[int]) -> None:
    with pytest.raises(GeometryError, match="offsets: expected ascending int64 from 0 to 5"):
        Ragged(torch.zeros(5, 3), torch.tensor(offsets))
    with pytest.raises(GeometryError, match="items"):
        Ragged.from_items([])


def test_dtype() -> None:
    assert Ragged.from_items(items()).to(dtype=torch.float64).values.dtype == torch.float64
