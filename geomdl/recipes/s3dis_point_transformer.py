"""Point Transformer labels the rooms of S3DIS; area 5 tests.

    geomdl fit s3dis_point_transformer          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.s3dis` says in which layouts). Measured on one
point of each cell, where others measure on all. Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.models.point_transformer import PointTransformerEncoder, PointTransformerSegmenter
from geomdl.recipes.rooms import augmented, loss, metrics, predict, prepared, read
from scenes.datasets.s3dis import CLASSES, s3dis

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

DATA = "S3DIS, area 5 tests"
EXPECT: dict[str, float] = {}
REFERENCE = {
    "miou": Reference(0.704, "area 5: Zhao et al. 2021, table 1"),
    "accuracy": Reference(0.908, "area 5: Zhao et al. 2021, table 1"),
    "class_accuracy": Reference(0.765, "area 5: Zhao et al. 2021, table 1"),
}


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at.

    window: side of the columns that train, metres. most: points of a scan that train at once.
    """

    train: Train = Train(
        epochs=100,
        batch=16,
        rate=5e-4,
        optimiser="adamw",
        decay=0.05,
        schedule="one-cycle",
        warmup=0.05,
    )
    cell: float = 0.04
    window: float = 6.0
    most: int = 80_000


def data(config: Config) -> Data:
    """Area 5 tests, a tenth of the other areas' rooms validates. Raises InputError."""
    return s3dis(
        prepare=partial(prepared, cell=config.cell),
        augment=partial(augmented, window=config.window, most=config.most),
    )


def model(config: Config) -> nn.Module:
    return PointTransformerSegmenter(len(CLASSES), encoder=PointTransformerEncoder(3))
