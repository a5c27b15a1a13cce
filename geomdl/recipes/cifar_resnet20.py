"""ResNet-20 on CIFAR-10: 269,722 parameters, ten kinds of things and animals.

    geomdl fit cifar_resnet20          about 35 minutes on two cores with bfloat16

One cycle of SGD with momentum over 30 passes, pictures mirrored and shifted by up to 4 pixels. The
published schedule (He et al. 2016, 182 passes, the rate cut at 1/2 and 3/4) is for a GPU:

    geomdl fit cifar_resnet20 --epochs 182 --rate 0.1 --schedule step --warmup 0
        --decay 1e-4 --no-nesterov --precision 32

EXPECT is what is asked of the test accuracy. Networks trained on the JPEG copy do not compare
with those trained on the original pictures.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.cifar_resnet import CifarResNet
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.cifar import DATA, data
from geomdl.recipes.classification import loss, metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.85}
REFERENCE = {"accuracy": Reference(0.9125, "He et al. 2016, table 6, on the original pictures")}


@dataclass(frozen=True)
class Config:
    """depth: 6n+2 layers. width: channels of the first stage. residual: False for the plain twin.

    validation: pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=30,
        batch=128,
        rate=0.2,
        optimiser="sgd",
        nesterov=True,
        decay=5e-4,
        schedule="one-cycle",
        warmup=0.2,
        precision="bf16",
        channels_last=True,
    )
    depth: int = 20
    width: int = 16
    residual: bool = True
    validation: int = 5000


def model(config: Config) -> nn.Module:
    return CifarResNet(config.depth, width=config.width, residual=config.residual)
