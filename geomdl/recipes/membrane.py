"""What the recipes on electron-microscopy slices share: crops that are mirrored and turned."""

from dataclasses import replace
from functools import partial

import torch
from torch import Generator

from core2d.train.augment import flip
from core2d.train.recipe import Batch, Data
from geomdl.recipes.segmentation import Repeated, cut
from scenes.datasets.membrane import membrane

DATA = "EM membrane (ISBI 2012, the labelled slices alone)"


def crops(size: int, times: int) -> Data:
    """Training gives `times` crops of size x size from every slice per epoch; the rest is whole."""
    data = membrane(augment=partial(augmented, size=size))
    return replace(data, train=Repeated(data.train, times))


def augmented(batch: Batch, generator: Generator, size: int) -> Batch:
    """A crop in one of its eight orientations: slices have no up and no left."""
    batch = flip(cut(batch, generator, size), generator)
    return transposed(flip(batch, generator, axis=-2), generator)


def transposed(batch: Batch, generator: Generator) -> Batch:
    """Rows and columns of every second example exchanged, on average. Square pictures."""
    image, label = batch["image"], batch["label"]
    chosen = torch.rand(len(image), generator=generator) < 0.5
    return {
        **batch,
        "image": torch.where(chosen.view(-1, 1, 1, 1), image.mT, image),
        "label": torch.where(chosen.view(-1, 1, 1), label.mT, label),
    }
