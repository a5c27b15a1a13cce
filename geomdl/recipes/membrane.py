"""What the recipes on electron-microscopy slices share: settings, crops mirrored and turned."""

from dataclasses import dataclass, replace
from functools import partial

from torch import Generator, Tensor, nn

from core2d.decision import iou_threshold, tilt
from core2d.train.augment import colour, flip, turn
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.recipes import segmentation
from geomdl.recipes.segmentation import Repeated, cut, oriented
from scenes.datasets.membrane import membrane

DATA = "EM membrane (ISBI 2012, the labelled slices alone)"


@dataclass(frozen=True)
class Config:
    """width: channels of the first stage (published: 64). crop: side of the windows that train.

    crops: windows from every picture in an epoch. validation: slices that do not train.
    """

    train: Train = Train(
        epochs=16,
        batch=2,
        rate=3e-3,
        schedule="one-cycle",
        warmup=0.15,
        precision="bf16",
        channels_last=True,
        ema=0.999,
    )
    width: int = 16
    crop: int = 256
    crops: int = 20
    validation: int = 3


def data(config: Config) -> Data:
    """Training gives `crops` windows of every slice per epoch; the rest is whole."""
    found = membrane(validation=config.validation, augment=partial(augmented, size=config.crop))
    return replace(found, train=Repeated(found.train, config.crops))


def augmented(batch: Batch, generator: Generator, size: int) -> Batch:
    """A crop in one of its eight orientations, in other light: slices have no up and no left."""
    batch = turn(flip(cut(batch, generator, size), generator), generator)
    return colour(batch, generator, brightness=0.15, contrast=0.15)


def predict(model: nn.Module, x: Tensor) -> Tensor:
    """Pictures (B, 1, H, W) -> (B, 2, H, W): what eight orientations at two shifts say together.

    The odds are tilted until the larger one is the decision of the largest expected mean IoU, which
    names more membranes than the likelier class would.
    """
    found = oriented(model, x)
    return tilt(found, iou_threshold(found[:, 1]))


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Mean IoU, accuracy and mean recall of `predict`'s decisions."""
    return segmentation.metrics(model, examples, predict)
