"""A small vision transformer on CIFAR-10: patches of 4 x 4, 6 layers, 2.7 M parameters.

    geomdl fit cifar_vit                                      about an hour on one core
    geomdl fit cifar_vit --epochs 200 --mixup 0.2 --cutout 8  on a GPU

Pictures mirrored, shifted by up to 4 pixels, their colours varied; AdamW, a warm-up and a cosine.
A transformer knows nothing of neighbourhood, so it needs many more passes than a convolution.
EXPECT is the test accuracy of one run of seven passes, which are the beginning of a curve; 0.84
is asked of the second line, and nobody has run that here.
"""

from dataclasses import dataclass
from functools import partial

from torch import Generator, nn

from core2d.models.vit import ViT
from core2d.train.augment import colour, cutout, mixup
from core2d.train.recipe import Batch, Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.cifar import DATA, shifted
from geomdl.recipes.classification import loss, metrics, predict
from scenes.datasets.cifar import cifar10

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.605}
REFERENCE = {"accuracy": Reference(0.80, "kentaroy47/vision-transformers-cifar10: ViT patch 4")}


@dataclass(frozen=True)
class Config:
    """patch: cells per axis. width, layers, heads: of the transformer. dropout: in its layers.

    cutout: size of a square that is blanked, 0 for none. mixup: alpha, 0 for none. validation:
    pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=7,
        batch=128,
        rate=1e-3,
        optimiser="adamw",
        decay=0.05,
        schedule="cosine",
        warmup=0.1,
        clip=1.0,
        precision="bf16",
    )
    patch: int = 4
    width: int = 192
    layers: int = 6
    heads: int = 3
    dropout: float = 0.0
    cutout: int = 0
    mixup: float = 0.0
    validation: int = 5000


def data(config: Config) -> Data:
    return cifar10(validation=config.validation, augment=partial(_augmented, config=config))


def model(config: Config) -> nn.Module:
    return ViT(
        32,
        config.patch,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        classes=10,
        dropout=config.dropout,
    )


def _augmented(batch: Batch, generator: Generator, config: Config) -> Batch:
    batch = colour(
        shifted(batch, generator), generator, brightness=0.2, contrast=0.2, saturation=0.2
    )
    if config.cutout:
        batch = cutout(batch, generator, size=config.cutout)
    return mixup(batch, generator, alpha=config.mixup) if config.mixup else batch
