"""A user's own data as the `Examples` that checks take: tensors, or a torch Dataset."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.train.recipe import Batch, Examples


class Tensors:
    """Inputs (N, C, *S) and labels (N, ...) of equal length."""

    def __init__(self, image: Tensor, label: Tensor) -> None:
        if len(image) != len(label) or len(image) == 0:
            raise InputError(f"label: expected {len(image)} of them, at least 1, got {len(label)}")
        self.image, self.label = image, label

    def __len__(self) -> int:
        return len(self.image)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        return {"image": self.image[index], "label": self.label[index]}


class Listed:
    """A torch map-style Dataset, or a list, of pairs (input, label)."""

    def __init__(self, dataset: Sequence[Any]) -> None:
        if not hasattr(dataset, "__getitem__") or len(dataset) == 0:
            raise InputError("dataset: expected one with a length and items (input, label)")
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        pairs = [self.dataset[i] for i in index.tolist()]
        image, label = zip(*pairs, strict=True)
        return {"image": torch.stack([torch.as_tensor(x) for x in image]), "label": stacked(label)}


class Some:
    """Those of a set that `index` (n,) names, in its order."""

    def __init__(self, examples: Examples, index: Tensor) -> None:
        self.examples, self.index = examples, index

    def __len__(self) -> int:
        return len(self.index)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        return self.examples.batch(self.index[index], generator)


def stacked(labels: Sequence[Any]) -> Tensor:
    """Labels of single examples as one tensor."""
    return torch.stack([torch.as_tensor(y) for y in labels])
