"""What the recipes on street pictures share: settings, mirrored crops, a loss for rare classes."""

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Generator, Tensor, nn

from core2d.losses import VOID, class_weights, cross_entropy
from core2d.train.augment import colour, flip
from core2d.train.recipe import Batch, Data
from core2d.train.settings import Train
from geomdl.recipes.segmentation import Repeated, cut, scores
from scenes.datasets.camvid import camvid

DATA = "CamVid (a subset of 120, 30 and 50 pictures)"
# Labelled pixels per class of the 120 training pictures, in thousands.
COUNTS = (3527, 4860, 207, 6542, 916, 1997, 244, 231, 1236, 137, 49)


@dataclass(frozen=True)
class Config:
    """width: channels of the first stage (published: 64). crop: side of the windows that train.

    crops: windows from every picture in an epoch.
    """

    train: Train = Train(
        epochs=6,
        batch=2,
        rate=3e-3,
        schedule="one-cycle",
        warmup=0.15,
        ema=0.99,
        precision="bf16",
        channels_last=True,
    )
    width: int = 16
    crop: int = 256
    crops: int = 4


def data(config: Config) -> Data:
    """Training gives `crops` windows of every picture per epoch; the rest is whole."""
    found = camvid(augment=partial(augmented, size=config.crop))
    return replace(found, train=Repeated(found.train, config.crops))


def augmented(batch: Batch, generator: Generator, size: int) -> Batch:
    """A crop, mirrored or not, in other light."""
    batch = flip(cut(batch, generator, size), generator)
    return colour(batch, generator, brightness=0.2, contrast=0.2, saturation=0.2)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross-entropy over the labelled pixels, weighted by class frequency^-1/2."""
    logits = scores(model, batch["image"])
    weight = class_weights(torch.tensor(COUNTS), power=0.5).to(logits.device)
    return cross_entropy(logits, batch["label"], weight=weight, ignore=VOID)
