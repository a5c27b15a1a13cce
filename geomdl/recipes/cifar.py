"""What the recipes on CIFAR-10 share: pictures mirrored and shifted by up to 4 pixels."""

from typing import Protocol

from torch import Generator

from core2d.train.augment import crop, flip
from core2d.train.recipe import Batch, Data
from scenes.datasets.cifar import cifar10

DATA = "CIFAR-10 (JPEG)"


class Settings(Protocol):
    """validation: pictures of the training set that are set aside."""

    @property
    def validation(self) -> int: ...


def data(config: Settings) -> Data:
    """Training pictures are mirrored and shifted; the rest are as they are."""
    return cifar10(validation=config.validation, augment=shifted)


def shifted(batch: Batch, generator: Generator) -> Batch:
    """Mirrored or not, and moved by up to 4 pixels along each axis."""
    return crop(flip(batch, generator), generator, padding=4)
