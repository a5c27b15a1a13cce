"""GoogLeNet on CIFAR-10, with its two auxiliary heads, at a stem of stride 1.

    geomdl fit cifar_googlenet --width 32 --epochs 4          about an hour on one core
    geomdl fit cifar_googlenet --epochs 60                    on a GPU, at the published width

The heads' losses count 0.3 each (Szegedy et al. 2015, section 5). One cycle of SGD with momentum,
pictures mirrored and shifted by up to 4 pixels. EXPECT is what is asked of the test accuracy of the
second line, which nobody has run here; the first line is recorded.
"""

from dataclasses import dataclass

from torch import Generator, Tensor, nn

from core2d.models.googlenet import GoogLeNet, heads_loss
from core2d.train.recipe import Batch
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.cifar import DATA, data
from geomdl.recipes.classification import metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.88}
REFERENCE = {
    "accuracy": Reference(
        0.9302, "kuangliu/pytorch-cifar README: ResNet-18, on the original pictures"
    )
}


@dataclass(frozen=True)
class Config:
    """width: of the stem, 64 as published; all channels in proportion. aux: auxiliary heads.

    validation: pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=60,
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
    width: int = 64
    aux: bool = True
    validation: int = 5000


def model(config: Config) -> nn.Module:
    return GoogLeNet(classes=10, width=config.width, small=True, aux=config.aux)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Cross entropy of the last head plus 0.3 times that of the two others."""
    return heads_loss(model(batch["image"]), batch["label"])
