"""Batches whose examples have unequal sizes."""

import pytest
import torch

from core2d.errors import InputError
from core2d.train import packed

BATCH = {
    "points": torch.arange(12.0).view(6, 2),
    "offsets": torch.tensor([0, 1, 1, 4, 6]),
    "label": torch.tensor([3, 2, 1, 0]),
}


def test_examples_are_counted_by_offsets_or_by_rows() -> None:
    assert packed.count_of(BATCH) == 4
    assert packed.count_of({"image": torch.zeros(5, 1, 2, 2), "label": torch.zeros(5)}) == 5


def test_labels_of_places_are_told_from_labels_of_examples() -> None:
    assert not packed.places_labelled(BATCH)
    assert packed.places_labelled({**BATCH, "label": torch.zeros(6)})
    assert packed.places_labelled({"image": torch.zeros(2, 1, 3), "label": torch.zeros(2, 3)})
    assert not packed.places_labelled({"image": torch.zeros(2, 1, 3)})


def test_split_gives_every_example_its_own() -> None:
    points = packed.split(BATCH, "points")
    assert [p.tolist() for p in points] == [
        [[0, 1]], [], [[2, 3], [4, 5], [6, 7]], [[8, 9], [10, 11]],
    ]  # fmt: skip
    assert [int(y) for y in packed.split(BATCH, "label")] == [3, 2, 1, 0]
    images = {"image": torch.arange(4.0).view(2, 2)}
    assert [x.tolist() for x in packed.split(images, "image")] == [[0, 1], [2, 3]]
    with pytest.raises(InputError, match=r"label: expected a row per example \(4\), got"):
        packed.split({**BATCH, "label": torch.zeros(5)}, "label")


def test_rows_of_items_in_any_order_and_twice() -> None:
    rows, offsets = packed.rows_of(BATCH["offsets"], torch.tensor([3, 1, 0, 3, 2]))
    assert rows.tolist() == [4, 5, 0, 4, 5, 1, 2, 3]
    assert offsets.tolist() == [0, 2, 2, 3, 5, 8]
    rows, offsets = packed.rows_of(BATCH["offsets"], torch.tensor([], dtype=torch.int64))
    assert rows.tolist() == []
    assert offsets.tolist() == [0]


def test_kept_places_keep_what_goes_with_them() -> None:
    found = packed.kept({**BATCH, "place": torch.arange(6)}, torch.tensor([0, 2, 3, 5]))
    assert found["place"].tolist() == [0, 2, 3, 5]
    assert found["points"].tolist() == [[0, 1], [4, 5], [6, 7], [10, 11]]
    assert found["offsets"].tolist() == [0, 1, 1, 3, 4]
    assert found["label"].tolist() == [3, 2, 1, 0]
    assert list(found) == [*BATCH, "place"]
    single = {
        "points": torch.arange(2.0),
        "offsets": torch.arange(3),
        "label": torch.tensor([5, 6]),
    }
    found = packed.kept(single, torch.tensor([1]))
    assert (found["label"].tolist(), found["points"].tolist()) == ([5, 6], [1.0])
