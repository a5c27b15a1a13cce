"""SegNet on membranes of nerve cells: two classes, 30 slices.

    geomdl fit membrane_segnet          about 12 minutes on two cores with bfloat16

The three networks of this data set are trained alike: the same crops, steps and rates, a quarter
of the published width, weights from scratch, and batch norm.
EXPECT is the mean IoU of the two classes over the test slices, seeds 0 to 2.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.segnet import SegNet
from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.membrane import DATA, crops
from geomdl.recipes.segmentation import loss, metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"miou": 0.78}
REFERENCE: dict[str, Reference] = {}


@dataclass(frozen=True)
class Config:
    """width: channels of the first stage (published: 64). crop: side of the windows that train.

    crops: windows from every picture in an epoch.
    """

    train: Train = Train(
        epochs=20,
        batch=4,
        rate=3e-3,
        schedule="one-cycle",
        warmup=0.15,
        precision="bf16",
        channels_last=True,
    )
    width: int = 16
    crop: int = 256
    crops: int = 20


def data(config: Config) -> Data:
    return crops(config.crop, config.crops)


def model(config: Config) -> nn.Module:
    return SegNet(classes=2, inputs=1, width=config.width)
