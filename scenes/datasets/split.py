"""Training, validation and test that share no picture."""

from collections.abc import Mapping

import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets.images import Augment, Channels, Images


def three_sets(
    found: Mapping[str, Tensor],
    classes: tuple[str, ...],
    channels: Channels,
    *,
    validation: int,
    seed: int,
    augment: Augment | None,
) -> Data:
    """{train,test}_{image, label, key} -> sets; validation carved from train, test as published."""
    image, label = found["train_image"], found["train_label"]
    kept, held = carve(label, found["train_key"], found["test_key"], validation, seed)
    every = torch.arange(len(found["test_label"]))
    return Data(
        Images(image, label, kept, channels, augment),
        Images(image, label, held, channels),
        Images(found["test_image"], found["test_label"], every, channels),
        classes,
    )


def carve(
    label: Tensor, key: Tensor, test_key: Tensor, validation: int, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Labels and content keys (N,) of the published training set -> rows to train and validate on.

    About `validation` rows are set aside, in every class the same share (stratified), by a seeded
    shuffle. No picture is on two sides: one whose key is in `test_key` is left out, and equal
    pictures go to one side together. Both results are in ascending order. Raises InputError where
    `validation` is not less than N.
    """
    if not 0 <= validation < len(label):
        raise InputError(f"validation: expected 0 to {len(label) - 1} examples, got {validation}")
    generator = torch.Generator().manual_seed(seed)
    fresh = torch.where(~torch.isin(key, test_key))[0]
    held = torch.zeros(len(label), dtype=torch.bool)
    for kind in label[fresh].unique():
        rows = fresh[label[fresh] == kind]
        rows = rows[torch.randperm(len(rows), generator=generator)]
        held[rows[: round(validation * len(rows) / len(fresh))]] = True
    held = torch.isin(key, key[held])  # twins follow, even those of another label
    return fresh[~held[fresh]], fresh[held[fresh]]
