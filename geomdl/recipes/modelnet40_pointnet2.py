"""PointNet++ (SSG) names the things of ModelNet40, as published.

    geomdl fit modelnet40_pointnet2          hours on a GPU

Wants the data: `geomdl download modelnet40`. Not run here: what was published stands in REFERENCE,
and EXPECT is empty.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.pointnet2 import SSG, PointNet2
from geomdl.recipes.modelnet40 import CLASSES, DATA, Config, data, metrics
from geomdl.recipes.shapes import in_proportion, loss, predict, read

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT: dict[str, float] = {}
REFERENCE = {"accuracy": Reference(0.907, "positions alone: Qi, Yi, Su, Guibas 2017, table 2")}


def model(config: Config) -> nn.Module:
    return PointNet2(len(CLASSES), levels=in_proportion(SSG, config.points))
