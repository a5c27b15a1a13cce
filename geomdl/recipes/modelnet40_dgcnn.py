"""DGCNN names the things of ModelNet40, as published.

    geomdl fit modelnet40_dgcnn          hours on a GPU

Wants the data: `geomdl download modelnet40`. Not run here: what was published stands in REFERENCE,
and EXPECT is empty.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.dgcnn import DGCNN
from geomdl.recipes.modelnet40 import CLASSES, DATA, Config, data, metrics
from geomdl.recipes.shapes import loss, predict, read

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT: dict[str, float] = {}
REFERENCE = {
    "accuracy": Reference(0.929, "Wang et al. 2019, table 2"),
    "class_accuracy": Reference(0.902, "Wang et al. 2019, table 2"),
}


def model(config: Config) -> nn.Module:
    return DGCNN(len(CLASSES))
