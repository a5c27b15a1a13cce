"""PointNet++ with three scales (MSG) names procedural shapes.

    geomdl fit shapes_pointnet2_msg          about 6 minutes on a quiet core

Trained on clean clouds of 256 points, turned about the vertical and thinned; tested on clean and
noisy ones, on what one view sees (half), and on a quarter and an eighth of the points. All networks
of this family train alike. EXPECT is what was measured, the mean of seeds 0 to 2.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.pointnet2 import MSG, PointNet2
from geomdl.recipes.shapes import DATA, Config, data, in_proportion, loss, metrics, predict, read
from scenes.build.shapes import KINDS

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"accuracy": 0.951}
REFERENCE = {"accuracy": Reference(0.907, "ModelNet40, positions alone: Qi et al. 2017, table 2")}


def model(config: Config) -> nn.Module:
    return PointNet2(len(KINDS), levels=in_proportion(MSG, config.points))
