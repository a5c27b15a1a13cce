"""PointNet++ (SSG) labels the parts of procedural shapes.

    geomdl fit parts_pointnet2          about 1.5 minutes on a quiet core

The kind of the shape is known, as in ShapeNetPart; the 29 kinds have 94 parts in all. EXPECT is
what was measured, the mean of seeds 0 to 2: the mean over test shapes of the mean IoU of their
parts.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.pointnet2 import SSG, PointNet2Parts
from geomdl.recipes.parts import DATA, Config, data, loss, metrics, predict
from geomdl.recipes.shapes import in_proportion
from scenes.datasets.shapes import PART_NAMES, PARTS_OF

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"miou": 0.413}
REFERENCE = {"miou": Reference(0.851, "ShapeNetPart, with normals: Qi et al. 2017, table 4")}


def model(config: Config) -> nn.Module:
    levels = in_proportion(SSG, config.points)
    return PointNet2Parts(len(PART_NAMES), categories=len(PARTS_OF), levels=levels)
