"""Splits: no picture on two sides, classes in equal shares, the same for the same seed."""

import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from scenes.datasets.images import Channels
from scenes.datasets.split import carve, three_sets

NONE = torch.empty(0, dtype=torch.int64)


def sorted_by_class(counts: list[int]) -> tuple[Tensor, Tensor]:
    label = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return label, torch.randperm(len(label), generator=Generator().manual_seed(1)) - 50


def test_every_row_is_on_one_side_and_classes_have_their_share() -> None:
    label, key = sorted_by_class([100, 300, 50])
    kept, held = carve(label, key, NONE, 90)
    assert sorted(torch.cat([kept, held]).tolist()) == list(range(450))
    assert label[held].bincount().tolist() == [20, 60, 10]
    assert kept.tolist() == sorted(kept.tolist())


def test_the_seed_decides_and_order_does_not() -> None:
    label, key = sorted_by_class([100, 100])
    first, again, other = (carve(label, key, NONE, 50, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(set(first.tolist()) - set(range(25)) - set(range(100, 125))) > 20, "shuffled"


def test_twins_stay_together_and_what_is_in_the_test_set_is_left_out() -> None:
    label, key = sorted_by_class([200, 200])
    key[150:200] = key[:50]  # twins within a class
    key[200:220] = key[50:70]  # and across classes
    seen = key[torch.tensor([100, 101, 300])]
    kept, held = carve(label, key, seen, 100)
    assert not set(key[kept].tolist()) & set(key[held].tolist())
    assert not {100, 101, 300} & {*kept.tolist(), *held.tolist()}
    assert len(kept) + len(held) == 397


@pytest.mark.parametrize("validation", [-1, 4])
def test_a_share_that_is_none_is_refused(validation: int) -> None:
    with pytest.raises(InputError, match="validation: expected 0 to 3 examples"):
        carve(torch.zeros(4), torch.arange(4), NONE, validation)


def test_three_sets_augment_the_training_set_alone() -> None:
    found = {
        "train_image": torch.arange(40, dtype=torch.uint8).view(40, 1, 1, 1),
        "train_label": torch.arange(40) % 2,
        "train_key": torch.arange(40),
        "test_image": torch.arange(100, 110, dtype=torch.uint8).view(10, 1, 1, 1),
        "test_label": torch.arange(10) % 2,
        "test_key": torch.arange(5, 15),
    }
    data = three_sets(
        found,
        ("even", "odd"),
        Channels((0.0,), (1 / 255,)),
        validation=8,
        seed=0,
        augment=lambda batch, generator: {**batch, "image": batch["image"] + 1},
    )
    sets = {"train": data.train, "validation": data.validation, "test": data.test}
    seen = {}
    for name, examples in sets.items():
        every = torch.arange(len(examples))
        plain = examples.batch(every)
        seen[name] = set(plain["image"].flatten().round().int().tolist())
        assert torch.equal(plain["image"].flatten().round().int() % 2, plain["label"].int())
        shift = examples.batch(every, Generator())["image"] - plain["image"]
        assert bool((shift.round() == (255 if name == "train" else 0)).all())
    assert seen["test"] == set(range(100, 110))
    assert seen["train"] | seen["validation"] == set(range(40)) - set(range(5, 15))
    assert not seen["train"] & seen["validation"]
