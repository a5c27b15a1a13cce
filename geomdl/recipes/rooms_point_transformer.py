"""Point Transformer labels rooms.

    geomdl fit rooms_point_transformer          about 22 minutes on a busy core

EXPECT is what was measured, seed 0: the mean IoU of the classes over all points of rooms that were
never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.point_transformer import PointTransformerEncoder, PointTransformerSegmenter
from geomdl.recipes.rooms import CLASSES, DATA, LIMITS, Config, data, loss, metrics, predict, read

__all__ = [
    "DATA", "EXPECT", "LIMITS", "REFERENCE", "Config",
    "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"miou": 0.19}
REFERENCE: dict[str, Reference] = {
    "miou": Reference(0.704, "S3DIS area 5: Zhao et al. 2021, table 1")
}


def model(config: Config) -> nn.Module:
    return PointTransformerSegmenter(len(CLASSES), encoder=PointTransformerEncoder(3))
