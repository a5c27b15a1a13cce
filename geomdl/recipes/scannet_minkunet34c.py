"""MinkUNet34C labels the rooms of ScanNet; its validation scans test.

    geomdl fit scannet_minkunet34c          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.scannet` says in which layout). Measured on one
point of each cell, where others measure on all. Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass, replace

from torch import nn

from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.models.minkunet import minkunet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes import published_rooms
from geomdl.recipes.rooms import loss, metrics, predict, read, ways
from scenes.datasets.scannet import CLASSES, scannet

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

DATA = "ScanNet v2, the published validation scans test"
EXPECT: dict[str, float] = {}
REFERENCE = {"miou": Reference(0.722, "cells of 2 cm: chrischoy/SpatioTemporalSegmentation README")}


@dataclass(frozen=True)
class Config(published_rooms.Config):
    """As of all, at the published size of cells.

    cell: metres of the cubes of which one point each is looked at. window: side of the columns that
    train, metres. most: points of a scan that train at once.
    """

    train: Train = replace(published_rooms.Config().train, batch=8)
    cell: float = 0.02
    most: int = 150_000


def data(config: Config) -> Data:
    """The published validation scans test, a tenth of the rooms validates. Raises InputError."""
    prepare, augment = ways(config.cell, config.window, config.most)
    return scannet(prepare=prepare, augment=augment)


def model(config: Config) -> nn.Module:
    return OnVoxels(minkunet("34C", classes=len(CLASSES)), config.cell)
