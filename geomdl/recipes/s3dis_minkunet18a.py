"""MinkUNet18A labels the rooms of S3DIS; area 5 tests.

    geomdl fit s3dis_minkunet18a          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.s3dis` says in which layouts). Measured on one
point of each cell, where others measure on all. Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.minkunet import minkunet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.published_rooms import DATA, Config, data
from geomdl.recipes.rooms import loss, metrics, predict, read
from scenes.datasets.s3dis import CLASSES

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT: dict[str, float] = {}
REFERENCE = {
    "miou": Reference(0.658, "area 5, MinkUNet18: chrischoy/SpatioTemporalSegmentation README")
}


def model(config: Config) -> nn.Module:
    return OnVoxels(minkunet("18A", classes=len(CLASSES)), config.cell)
