"""Labelled pictures in memory or in a memory map, handed out in whole batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_tensor
from core2d.train.recipe import Batch

Augment: TypeAlias = Callable[[Batch, Generator], Batch]


@dataclass(frozen=True)
class Images:
    """Pictures (N, C, H, W) uint8 and labels (N,) or (N, H, W) int -> batches for a network.

    A batch is gathered by `rows`, brought to 0..1, augmented where a generator is given, and
    normalised per channel with `mean` and `std`. Raises InputError for unequal lengths.
    """

    image: Tensor
    label: Tensor
    rows: Tensor
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augment: Augment | None = None

    def __post_init__(self) -> None:
        expect_tensor("image", self.image, "N C H W", dtypes=(torch.uint8,))
        if len(self.image) != len(self.label):
            raise InputError(f"label: expected {len(self.image)} of them, got {len(self.label)}")
        if not len(self.mean) == len(self.std) == self.image.shape[1]:
            raise InputError(f"mean, std: expected {self.image.shape[1]} channels each")

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> "image" (B, C, H, W) float32, "label" (B,) or (B, H, W) int64."""
        rows = self.rows[index]
        batch = {"image": self.image[rows].float().div_(255), "label": self.label[rows].long()}
        if generator is not None and self.augment is not None:
            batch = self.augment(batch, generator)
        return {**batch, "image": normalised(batch["image"], self.mean, self.std)}

    def take(self, index: Tensor) -> "Images":
        """The examples `index` (M,) of this set as a set, for subsets and small trials."""
        return replace(self, rows=self.rows[index])

    def labels(self) -> Tensor:
        """All labels in order, (N,) or (N, H, W) int64, without touching a picture."""
        return self.label[self.rows].long()

    def keys(self) -> Tensor:
        """Rows of the pictures that this set holds, for checks that sets share none."""
        return self.rows


def normalised(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Pictures (B, C, *S), 0..1 -> the same with each channel shifted by mean and divided by std."""
    shape = (1, -1, *(1,) * (image.ndim - 2))
    low = torch.tensor(mean, dtype=image.dtype, device=image.device).view(shape)
    scale = torch.tensor(std, dtype=image.dtype, device=image.device).view(shape)
    return (image - low) / scale
