"""What the recipes on S3DIS and ScanNet share: settings, and how rooms are cut to train."""

from dataclasses import dataclass

from core2d.train.recipe import Data
from core2d.train.settings import Train
from geomdl.recipes.rooms import ways
from scenes.datasets.s3dis import s3dis

DATA = "S3DIS, area 5 tests"


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at.

    window: side of the columns that train, metres. most: points of a scan that train at once.
    """

    train: Train = Train(
        epochs=100,
        batch=16,
        rate=1e-3,
        optimiser="adamw",
        decay=0.01,
        schedule="one-cycle",
        warmup=0.05,
    )
    cell: float = 0.05
    window: float = 8.0
    most: int = 80_000


def data(config: Config) -> Data:
    """S3DIS: area 5 tests, a tenth of the other areas' rooms validates. Raises InputError."""
    prepare, augment = ways(config.cell, config.window, config.most)
    return s3dis(prepare=prepare, augment=augment)
