"""SegNet on street pictures: eleven classes, 120 pictures.

    geomdl fit camvid_segnet          6 to 13 minutes on one core that others used, too

The three networks of this data set are trained alike: the same crops, steps and rates, a quarter
of the published width, weights from scratch, and batch norm. EXPECT is what was measured: the mean
IoU of the eleven classes over the test pictures, mean of seeds 0 to 2.
"""

from torch import nn

from core2d.models.segnet import SegNet
from core2d.train.record import Reference
from geomdl.recipes.camvid import DATA, Config, data, loss
from geomdl.recipes.segmentation import metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"miou": 0.221}
REFERENCE: dict[str, Reference] = {
    "miou": Reference(0.601, "Badrinarayanan et al. 2017, table 2: 3,433 pictures, VGG-16 weights")
}


def model(config: Config) -> nn.Module:
    return SegNet(classes=11, inputs=3, width=config.width)
