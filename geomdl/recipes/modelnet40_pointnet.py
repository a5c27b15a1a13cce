"""PointNet names the things of ModelNet40, as published.

    geomdl fit modelnet40_pointnet          hours on a GPU

Wants the data: `geomdl download modelnet40`. Not run here: what was published stands in REFERENCE,
and EXPECT is empty.
"""

from torch import Generator, Tensor, nn

from core2d.losses import cross_entropy
from core2d.train.recipe import Batch
from core2d.train.record import Reference
from geomdl.models.pointnet import PointNet
from geomdl.recipes.modelnet40 import CLASSES, DATA, Config, data, metrics
from geomdl.recipes.shapes import predict, read

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT: dict[str, float] = {}
REFERENCE = {
    "accuracy": Reference(0.892, "Qi et al. 2017, table 1"),
    "class_accuracy": Reference(0.862, "Qi et al. 2017, table 1"),
}


def model(config: Config) -> nn.Module:
    return PointNet(len(CLASSES))


def loss(model: PointNet, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross entropy in nats, and 0.001 of the penalty on the feature transform."""
    logits, penalty = model.penalised(batch["points"], batch["offsets"])
    return cross_entropy(logits, batch["label"]) + 0.001 * penalty
