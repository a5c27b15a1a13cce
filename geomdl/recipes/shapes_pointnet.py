"""PointNet names procedural shapes.

    geomdl fit shapes_pointnet          about a minute on a quiet core

Trained on clean clouds of 256 points, turned about the vertical and thinned; tested on clean and
noisy ones, on what one view sees (half), and on a quarter and an eighth of the points. All networks
of this family train alike; PointNet adds its penalty on the feature transform (weight 0.001, as
published). EXPECT is what was measured, the mean of seeds 0 to 2.
"""

from torch import Generator, Tensor, nn

from core2d.losses import cross_entropy
from core2d.train.recipe import Batch
from core2d.train.record import Reference
from geomdl.models.pointnet import PointNet
from geomdl.recipes.shapes import DATA, Config, data, metrics, predict, read
from scenes.build.shapes import KINDS

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"accuracy": 0.843}
REFERENCE = {"accuracy": Reference(0.892, "ModelNet40: Qi et al. 2017, table 1")}
PENALTY = 0.001


def model(config: Config) -> nn.Module:
    return PointNet(len(KINDS))


def loss(model: PointNet, batch: Batch, step: int, generator: Generator) -> Tensor:
    """As of all, and the penalty."""
    scores, penalty = model.penalised(batch["points"], batch["offsets"])
    return cross_entropy(scores, batch["label"], smoothing=0.2) + PENALTY * penalty
