"""U-Net on street pictures: eleven classes, 120 pictures.

    geomdl fit camvid_unet          minutes to be measured

The three networks of this data set are trained alike: the same crops, steps and rates, a quarter
of the published width, weights from scratch, and batch norm.
EXPECT is a guess, since no run is recorded yet:
the mean IoU of the eleven classes over the test pictures, seeds 0 to 2.
"""

from torch import nn

from core2d.layers.norm import BatchNorm
from core2d.models.unet import UNet
from core2d.train.record import Reference
from geomdl.recipes.camvid import DATA, Config, data, loss
from geomdl.recipes.segmentation import metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"miou": 0.4}
REFERENCE: dict[str, Reference] = {}


def model(config: Config) -> nn.Module:
    return UNet(classes=11, inputs=3, width=config.width, norm=BatchNorm)
