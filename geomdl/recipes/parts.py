"""What the recipes that label the parts of procedural shapes share: clouds, loss, part IoU."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from core2d.losses import cross_entropy
from core2d.metrics import hits
from core2d.train.evaluate import batches
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import jitter, scale, shift, turn
from geomdl.metrics import category_miou, part_iou, part_prediction
from scenes.datasets.shapes import PARTS_OF, shapes

DATA = "procedural shapes"


@dataclass(frozen=True)
class Config:
    """points: of every cloud. kinds: shapes of each kind that train, validate and test."""

    train: Train = Train(
        epochs=2.5,
        batch=16,
        rate=1e-3,
        decay=1e-4,
        schedule="one-cycle",
        warmup=0.1,
    )
    points: int = 256
    kinds: tuple[int, int, int] = (40, 3, 8)


def data(config: Config) -> Data:
    """Clean shapes whose kind is known and whose parts are asked for."""
    return shapes(sizes=config.kinds, count=config.points, parts=True, augment=augmented)


def augmented(batch: Batch, generator: Generator) -> Batch:
    """Turned about the vertical, scaled, shifted, jittered."""
    batch = scale(turn(batch, generator), generator)
    return jitter(shift(batch, generator), generator)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross entropy over all points, in nats."""
    scores = model(batch["points"], batch["offsets"], batch["category"])
    return cross_entropy(scores, batch["label"])


def metrics(
    model: nn.Module, examples: Examples, parts_of: Sequence[Sequence[int]] = PARTS_OF
) -> dict[str, float]:
    """miou: mean over shapes of the mean IoU of their parts. Per category, and share of points."""
    right, count = 0, 0
    iou, category = [], []
    for batch in batches(examples, 16):
        scores = model(batch["points"], batch["offsets"], batch["category"]).float()
        found = part_prediction(scores, batch["offsets"], batch["category"], parts_of)
        label, offsets, kind = batch["label"], batch["offsets"], batch["category"]
        iou.append(part_iou(found, label, offsets, kind, parts_of))
        category.append(kind)
        right, count = right + hits(scores, label)[0], count + len(label)
    every = torch.cat(iou)
    return {
        "miou": float(every.nanmean()),
        "category_miou": category_miou(every, torch.cat(category)),
        "accuracy": right / count,
    }


def predict(model: nn.Module, x: Batch) -> Tensor:
    """A packed batch with "category" -> probabilities (N, parts) of its points."""
    return torch.softmax(model(x["points"], x["offsets"], x["category"]).float(), 1)
