"""Labelled pictures in memory or in a memory map, handed out in whole batches."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, describe, expect_tensor
from core2d.train.recipe import Batch

Augment: TypeAlias = Callable[[Batch, Generator], Batch]


@dataclass(frozen=True)
class Channels:
    """Mean and standard deviation of each channel of a training set, in 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def normalised(self, image: Tensor) -> Tensor:
        """Pictures (B, C, *S) in 0..1 -> (image - mean) / std. Raises InputError."""
        expect_tensor("image", image, f"B {len(self.mean)} H W", dtypes="float")
        shape = (1, -1, 1, 1)
        scale = 1 / torch.tensor(self.std, device=image.device).view(shape)
        return image * scale - torch.tensor(self.mean, device=image.device).view(shape) * scale


@dataclass(frozen=True)
class Images:
    """Pictures (N, C, H, W) uint8, labels (N,) or (N, H, W), and which `rows` of them are meant.

    A batch is gathered, brought to 0..1, augmented where a generator is given, and normalised.
    Raises InputError for shapes that do not fit.
    """

    image: Tensor
    label: Tensor
    rows: Tensor
    channels: Channels
    augment: Augment | None = None

    def __post_init__(self) -> None:
        expect_tensor("image", self.image, "N C H W", dtypes=(torch.uint8,))
        expect_tensor("rows", self.rows, "M", dtypes="int")
        fitting = [self.image.shape[:1], (len(self.image), *self.image.shape[2:])]
        if self.label.shape not in fitting:
            raise InputError(f"label: expected one of {fitting}, got {describe(self.label)}")

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> "image" (B, C, H, W) float32, "label" (B,) or (B, H, W) int64."""
        rows = self.rows[index]
        batch = {"image": self.image[rows].float().div_(255), "label": self.label[rows].long()}
        if generator is not None and self.augment is not None:
            batch = self.augment(batch, generator)
        return {**batch, "image": self.channels.normalised(batch["image"])}

    def take(self, index: Tensor) -> "Images":
        """The examples `index` (M,) of this set as a set of their own."""
        return replace(self, rows=self.rows[index])

    def labels(self) -> Tensor:
        """All labels in order, (N,) or (N, H, W) int64, without touching a picture."""
        return self.label[self.rows].long()
