"""MinkUNet34C labels the rooms of ScanNet; its validation scans test.

    geomdl fit scannet_minkunet34c          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.scannet` says in which layout). Measured on one
point of each cell, where others measure on all. Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.models.minkunet import minkunet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.rooms import augmented, loss, metrics, predict, prepared, read
from scenes.datasets.scannet import CLASSES, scannet

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

DATA = "ScanNet v2, the published validation scans test"
EXPECT: dict[str, float] = {}
REFERENCE = {"miou": Reference(0.722, "cells of 2 cm: chrischoy/SpatioTemporalSegmentation README")}


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at.

    window: side of the columns that train, metres. most: points of a scan that train at once.
    """

    train: Train = Train(
        epochs=100,
        batch=8,
        rate=1e-3,
        optimiser="adamw",
        decay=0.01,
        schedule="one-cycle",
        warmup=0.05,
    )
    cell: float = 0.02
    window: float = 8.0
    most: int = 150_000


def data(config: Config) -> Data:
    """The published validation scans test, a tenth of the rooms validates. Raises InputError."""
    return scannet(
        prepare=partial(prepared, cell=config.cell),
        augment=partial(augmented, window=config.window, most=config.most),
    )


def model(config: Config) -> nn.Module:
    return OnVoxels(minkunet("34C", classes=len(CLASSES)), config.cell)
