"""A small sparse U-Net labels rooms.

    geomdl fit rooms_sparse_unet          time as measured

A quarter of MinkUNet18A's width, on voxels of 5 cm.

    geomdl predict runs/rooms_sparse_unet scan.ply -o labelled.ply
    geomdl view labelled.ply

EXPECT is a guess, since no run is recorded yet: the mean IoU of the classes over all points of
rooms that were never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.minkunet import LAYERS, MinkUNet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.rooms import CLASSES, DATA, Config, data, loss, metrics, predict, read

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"miou": 0.5}
PLANES = (8, 16, 32, 64, 32, 32, 24, 24)
REFERENCE: dict[str, Reference] = {}


def model(config: Config) -> nn.Module:
    return OnVoxels(MinkUNet(LAYERS[18], PLANES, classes=len(CLASSES), width=8), config.cell)
