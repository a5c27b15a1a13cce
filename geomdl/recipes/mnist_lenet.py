"""LeNet-5 on MNIST: 61,706 parameters, ten handwritten digits.

    geomdl fit mnist_lenet          about 90 seconds on two cores

One cycle of AdamW over 12 passes, digits shifted by up to 2 pixels. EXPECT is what is asked of the
mean test accuracy over seeds 0 to 2.
"""

from dataclasses import dataclass
from functools import partial

from torch import nn

from core2d.models.lenet import LeNet
from core2d.train.augment import crop
from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.classification import loss, metrics, predict
from scenes.datasets.mnist import mnist

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.991}
REFERENCE = {"accuracy": Reference(0.9905, "LeCun et al. 1998, LeNet-5 without distortions")}
DATA = "MNIST"


@dataclass(frozen=True)
class Config:
    """widths: channels of the three convolutions and features of the hidden layer.

    validation: pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=12,
        batch=128,
        rate=4e-3,
        optimiser="adamw",
        decay=0.01,
        schedule="one-cycle",
        warmup=0.2,
        channels_last=True,
    )
    widths: tuple[int, int, int, int] = (6, 16, 120, 84)
    validation: int = 5000


def data(config: Config) -> Data:
    return mnist(validation=config.validation, augment=partial(crop, padding=2))


def model(config: Config) -> nn.Module:
    return LeNet(config.widths)
