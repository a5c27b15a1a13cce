"""MinkUNet18A labels rooms, at its published size.

    geomdl fit rooms_minkunet18a          about 15 minutes on a busy core

EXPECT is what was measured, seed 0: the mean IoU of the classes over all points of
rooms that were never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.minkunet import minkunet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.rooms import CLASSES, DATA, LIMITS, Config, data, loss, metrics, predict, read

__all__ = [
    "DATA", "EXPECT", "LIMITS", "REFERENCE", "Config",
    "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"miou": 0.225}
REFERENCE: dict[str, Reference] = {
    "miou": Reference(0.68, "ScanNet validation, a sparse U-Net: Open3D-ML model zoo")
}


def model(config: Config) -> nn.Module:
    return OnVoxels(minkunet("18A", classes=len(CLASSES)), config.cell)
