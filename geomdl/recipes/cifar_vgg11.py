"""VGG-11 with batch norm on CIFAR-10: 9.2 M parameters, one linear layer as its head.

    geomdl fit cifar_vgg11          about 20 minutes on two cores with bfloat16

The form for 32 x 32 pictures, whose five poolings end in one site. One cycle of SGD with momentum
over 7 passes, pictures mirrored and shifted by up to 4 pixels. On a GPU:

    geomdl fit cifar_vgg11 --epochs 60

EXPECT is what is asked of the test accuracy.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.vgg import vgg
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.cifar import DATA, data
from geomdl.recipes.classification import loss, metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.80}
REFERENCE = {
    "accuracy": Reference(0.9264, "kuangliu/pytorch-cifar README: VGG-16, on the original pictures")
}


@dataclass(frozen=True)
class Config:
    """depth: 11, 13, 16 or 19 layers. validation: training pictures that are set aside."""

    train: Train = Train(
        epochs=7,
        batch=128,
        rate=0.05,
        optimiser="sgd",
        nesterov=True,
        decay=5e-4,
        schedule="one-cycle",
        warmup=0.25,
        precision="bf16",
        channels_last=True,
    )
    depth: int = 11
    validation: int = 5000


def model(config: Config) -> nn.Module:
    return vgg(config.depth, norm=True, classes=10, hidden=0)
