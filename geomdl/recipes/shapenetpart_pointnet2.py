"""PointNet++ (SSG) labels the parts of ShapeNetPart's things, as published but for the normals.

    geomdl fit shapenetpart_pointnet2          hours on a GPU

16 categories, 50 parts; the category is known. Wants the data under GEOMDL_DATA
(`scenes.datasets.shapenet_part` says in which layouts). Not run here: what was published stands in
REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass

from torch import Generator, nn

from core2d.train.recipe import Batch, Data, Examples
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.augment import jitter, scale, shift
from geomdl.models.pointnet2 import PointNet2Parts
from geomdl.recipes import parts
from geomdl.recipes.parts import loss, predict
from scenes.datasets.shapenet_part import PARTS, PARTS_OF, shapenet_part

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

DATA = "ShapeNetPart"
EXPECT: dict[str, float] = {}
REFERENCE = {"miou": Reference(0.851, "with normals: Qi, Yi, Su, Guibas 2017, table 4")}


@dataclass(frozen=True)
class Config:
    """points: of every cloud."""

    train: Train = Train(
        epochs=200,
        batch=16,
        rate=1e-3,
        decay=1e-4,
        schedule="cosine",
    )
    points: int = 2048


def data(config: Config) -> Data:
    """The published three sets. Raises InputError."""
    return shapenet_part(count=config.points, augment=augmented)


def augmented(batch: Batch, generator: Generator) -> Batch:
    """Scaled, shifted, jittered; the things stand as they stand in the test set."""
    return jitter(shift(scale(batch, generator), generator), generator)


def model(config: Config) -> nn.Module:
    return PointNet2Parts(len(PARTS), categories=len(PARTS_OF))


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """miou: mean over things of the mean IoU of their parts. Per category, and share of points."""
    return parts.metrics(model, examples, PARTS_OF)
