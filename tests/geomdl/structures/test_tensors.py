import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import tensors


def test_move_reaches_every_tensor_and_leaves_integers_alone() -> None:
    nest = (torch.ones(2), {"a": torch.arange(3)}, None, "text")
    floats, named, nothing, text = tensors.move(nest, None, torch.float64)
    assert floats.dtype == torch.float64
    assert named["a"].dtype == torch.int64
    assert nothing is None
    assert text == "text"
    with pytest.raises(GeometryError, match="dtype"):
        tensors.move(nest, None, torch.int32)


def test_join_offsets_with_empty_items() -> None:
    offsets = torch.tensor([0, 2, 2, 5])
    assert tensors.join_offsets([offsets, torch.tensor([0, 0, 1])]).tolist() == [0, 2, 2, 5, 5, 6]


@pytest.mark.parametrize(
    "chosen",
    [
        torch.tensor([True, False, False, True, True]),
        torch.tensor([0, 3, 4]),
        torch.tensor([0, 3, 4], dtype=torch.int32),
    ],
)
def test_chosen_rows_counts_per_item(chosen: torch.Tensor) -> None:
    index, offsets = tensors.chosen_rows("x", chosen, torch.tensor([0, 2, 2, 5]))
    assert index.tolist() == [0, 3, 4]
    assert offsets.tolist() == [0, 1, 1, 3]


def test_chosen_rows_refuses_what_it_cannot_pack() -> None:
    offsets = torch.tensor([0, 2, 4])
    with pytest.raises(GeometryError, match="item by item"):
        tensors.chosen_rows("x", torch.tensor([3, 0]), offsets)
    with pytest.raises(GeometryError, match=r"indices in 0\.\.3"):
        tensors.chosen_rows("x", torch.tensor([4]), offsets)
    with pytest.raises(GeometryError, match="x: expected shape"):
        tensors.chosen_rows("x", torch.ones(3, dtype=torch.bool), offsets)


def test_join_demands_all_or_none() -> None:
    assert tensors.join("normals", [None, None]) is None
    with pytest.raises(GeometryError, match="normals: 1 of 2"):
        tensors.join("normals", [None, torch.ones(1, 3)])
    with pytest.raises(GeometryError, match="attributes"):
        tensors.join_all("attributes", [{"a": torch.ones(1)}, {}])


def test_plural() -> None:
    assert tensors.plural(1, "vertex") == "1 vertex"
    assert tensors.plural(12000, "vertex") == "12,000 vertices"
    assert tensors.plural(0, "face") == "0 faces"
