"""LeNet-5 on Fashion-MNIST: 61,706 parameters, ten garments.

    geomdl fit fashion_lenet          about two minutes on two cores

One cycle of AdamW over 16 passes, pictures mirrored by chance; a network of this size does not get
through fitting shifted ones, too. EXPECT is what is asked of the mean test accuracy over seeds 0 to
2.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.lenet import LeNet
from core2d.train.augment import flip
from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.classification import loss, metrics, predict
from scenes.datasets.mnist import fashion_mnist

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.905}
REFERENCE = {"accuracy": Reference(0.916, "zalandoresearch/fashion-mnist README, two convolutions")}
DATA = "Fashion-MNIST"


@dataclass(frozen=True)
class Config:
    """widths: channels of the three convolutions and features of the hidden layer.

    validation: pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=16,
        batch=128,
        rate=4e-3,
        optimiser="adamw",
        decay=0.02,
        schedule="one-cycle",
        warmup=0.2,
        channels_last=True,
    )
    widths: tuple[int, int, int, int] = (6, 16, 120, 84)
    validation: int = 5000


def data(config: Config) -> Data:
    return fashion_mnist(validation=config.validation, augment=flip)


def model(config: Config) -> nn.Module:
    return LeNet(config.widths)
