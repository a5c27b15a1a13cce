"""PointNet++ labels rooms.

    geomdl fit rooms_pointnet2          about 5 minutes on a quiet core

Four levels of ever larger balls, up to 80 cm. EXPECT is what was measured, seed 0: the mean IoU of
the classes over all points of rooms that were never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.pointnet2 import PointNet2Segmenter
from geomdl.recipes.rooms import CLASSES, DATA, LIMITS, Config, data, loss, metrics, predict, read

__all__ = [
    "DATA", "EXPECT", "LIMITS", "REFERENCE", "Config",
    "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"miou": 0.082}
REFERENCE: dict[str, Reference] = {
    "miou": Reference(0.535, "S3DIS area 5: yanx27/Pointnet_Pointnet2_pytorch README")
}


def model(config: Config) -> nn.Module:
    return PointNet2Segmenter(len(CLASSES), inputs=3)
