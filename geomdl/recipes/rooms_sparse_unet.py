"""A small sparse U-Net labels rooms.

    geomdl fit rooms_sparse_unet          about 25 minutes on a quiet core

A quarter of MinkUNet18A's width, on voxels of 5 cm; so cheap that it trains eight times as long as
the other networks on rooms.

    geomdl predict runs/rooms_sparse_unet scan.ply -o labelled.ply
    geomdl view labelled.ply

EXPECT is what was measured, seed 0: the mean IoU of the classes over all points of rooms that were
never seen. Thirty epochs in batches of 4, without the Lovasz loss, had given 0.277.
"""

from dataclasses import dataclass, replace

from torch import nn

from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.models.minkunet import LAYERS, MinkUNet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes import rooms
from geomdl.recipes.rooms import CLASSES, DATA, LIMITS, data, loss, metrics, predict, read

__all__ = [
    "DATA", "EXPECT", "LIMITS", "REFERENCE", "Config",
    "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"miou": 0.5}
PLANES = (1, 2, 4, 8, 4, 4, 3, 3)  # times width
REFERENCE: dict[str, Reference] = {}


@dataclass(frozen=True)
class Config(rooms.Config):
    """As of all, for more epochs.

    cell: metres of the cubes of which one point each is looked at. rooms: in the three sets.
    window: side of the columns that train, metres. most: points of a room that train at once.
    width: channels of the finest stage down; MinkUNet18A has 32.
    """

    train: Train = replace(rooms.Config().train, epochs=80)
    width: int = 8


def model(config: Config) -> nn.Module:
    planes = [times * config.width for times in PLANES]
    net = MinkUNet(LAYERS[18], planes, classes=len(CLASSES), width=config.width)
    return OnVoxels(net, config.cell)
