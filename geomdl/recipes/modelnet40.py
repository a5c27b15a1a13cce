"""What the recipes on ModelNet40 share: clouds of its shapes, and what is measured on them."""

from dataclasses import dataclass
from functools import partial

from torch import Generator, Tensor, nn

from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import jitter, scale, shift
from geomdl.recipes.segmentation import measured
from scenes.datasets.modelnet import CLASSES40, modelnet

DATA = "ModelNet40"
CLASSES = CLASSES40


@dataclass(frozen=True)
class Config:
    """points: of every cloud.

    The rest is as published but for the schedule: hours on a GPU.
    """

    train: Train = Train(
        epochs=200,
        batch=32,
        rate=1e-3,
        decay=1e-4,
        schedule="cosine",
    )
    points: int = 1024


def data(config: Config) -> Data:
    """The published test set; a tenth of the training shapes validates. Raises InputError."""
    return modelnet(40, count=config.points, augment=augmented)


def augmented(batch: Batch, generator: Generator) -> Batch:
    """Scaled by 2/3 to 3/2 per axis and shifted, as Wang et al. 2019 do, and jittered."""
    batch = scale(batch, generator, low=2 / 3, high=1.5, stretch=True)
    return jitter(shift(batch, generator, most=0.2), generator)


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """accuracy: share of clouds that are named rightly. class_accuracy: its mean over classes."""
    found = measured(partial(scores, model), examples, 16)
    return {name: found[name] for name in ("accuracy", "class_accuracy")}


def scores(model: nn.Module, batch: Batch) -> Tensor:
    """A packed batch -> logits (B, classes)."""
    return model(batch["points"], batch["offsets"]).float()
