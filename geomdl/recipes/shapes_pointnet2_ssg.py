"""PointNet++ with one scale (SSG) names procedural shapes.

    geomdl fit shapes_pointnet2_ssg          about 2 minutes on a quiet core

Trained on clean clouds of 256 points, turned about the vertical and thinned; tested on clean and
noisy ones, on what one view sees (half), and on a quarter and an eighth of the points. All networks
of this family train alike. EXPECT is what was measured, the mean of seeds 0 to 2.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.pointnet2 import SSG, PointNet2
from geomdl.recipes.shapes import DATA, Config, data, in_proportion, loss, metrics, predict, read
from scenes.build.shapes import KINDS

__all__ = [
    "DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict", "read",
]  # fmt: skip

EXPECT = {"accuracy": 0.801}
REFERENCE = {"accuracy": Reference(0.922, "ModelNet40: yanx27/Pointnet_Pointnet2_pytorch README")}


def model(config: Config) -> nn.Module:
    return PointNet2(len(KINDS), levels=in_proportion(SSG, config.points))
