"""Point Transformer labels the rooms of S3DIS; area 5 tests.

    geomdl fit s3dis_point_transformer          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.s3dis` says in which layouts). Measured on one
point of each cell, where others measure on all. Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass, replace

from torch import nn

from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.models.point_transformer import PointTransformerEncoder, PointTransformerSegmenter
from geomdl.recipes import published_rooms
from geomdl.recipes.published_rooms import DATA, data
from geomdl.recipes.rooms import loss, metrics, predict, read
from scenes.datasets.s3dis import CLASSES

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT: dict[str, float] = {}
REFERENCE = {
    "miou": Reference(0.704, "area 5: Zhao et al. 2021, table 1"),
    "accuracy": Reference(0.908, "area 5: Zhao et al. 2021, table 1"),
    "class_accuracy": Reference(0.765, "area 5: Zhao et al. 2021, table 1"),
}


@dataclass(frozen=True)
class Config(published_rooms.Config):
    """As of all, at the published size of cells.

    cell: metres of the cubes of which one point each is looked at. window: side of the columns that
    train, metres. most: points of a scan that train at once.
    """

    train: Train = replace(published_rooms.Config().train, rate=5e-4, decay=0.05)
    cell: float = 0.04
    window: float = 6.0


def model(config: Config) -> nn.Module:
    return PointTransformerSegmenter(len(CLASSES), encoder=PointTransformerEncoder(3))
