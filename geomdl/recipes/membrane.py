"""What the recipes on electron-microscopy slices share: crops that are mirrored and turned."""

from dataclasses import replace
from functools import partial

from torch import Generator

from core2d.train.augment import flip, turn
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
    return turn(flip(cut(batch, generator, size), generator), generator)
