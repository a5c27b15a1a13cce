"""PointNet labels the parts of procedural shapes.

    geomdl fit parts_pointnet          about 5 minutes on a quiet core

The kind of the shape is known, as in ShapeNetPart; the 29 kinds have 94 parts in all. EXPECT is
what was measured, the mean of seeds 0 to 2: the mean over test shapes of the mean IoU of their
parts.
"""

from torch import Generator, Tensor, nn

from core2d.losses import cross_entropy
from core2d.train.recipe import Batch
from core2d.train.record import Reference
from geomdl.models.pointnet import PointNetParts
from geomdl.recipes.parts import DATA, Config, data, metrics, predict
from scenes.datasets.shapes import PART_NAMES, PARTS_OF

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"miou": 0.421}
REFERENCE = {"miou": Reference(0.837, "ShapeNetPart: Qi et al. 2017, table 2")}
PENALTY = 0.001


def model(config: Config) -> nn.Module:
    return PointNetParts(len(PART_NAMES), categories=len(PARTS_OF))


def loss(model: PointNetParts, batch: Batch, step: int, generator: Generator) -> Tensor:
    """As of all, and the penalty on the feature transform (0.001, as published)."""
    scores, penalty = model.penalised(batch["points"], batch["offsets"], batch["category"])
    return cross_entropy(scores, batch["label"]) + PENALTY * penalty
