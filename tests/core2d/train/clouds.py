"""Packed examples of unequal size and networks for them: a recipe for tests.

A cloud is 3 to 9 points (N, 2); its class is the sign of its mean. `Config.inside` labels points
instead, by the sign of their first number.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core2d.losses import VOID
from core2d.train.evaluate import batches
from core2d.train.packed import rows_of
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.record import Reference
from core2d.train.settings import Train

EXPECT = {"accuracy": 0.9}
REFERENCE: dict[str, Reference] = {}
DATA = "packed noise"


@dataclass(frozen=True)
class Config:
    train: Train = Train(epochs=4, batch=10, rate=0.03)
    inside: bool = False


class Clouds:
    def __init__(self, count: int, seed: int, inside: bool = False) -> None:
        generator = torch.Generator().manual_seed(seed)
        sizes = torch.randint(3, 10, (count,), generator=generator)
        self.offsets = F.pad(sizes.cumsum(0), (1, 0))
        self.points = torch.randn(int(self.offsets[-1]), 2, generator=generator)
        label = torch.arange(count) % 2
        self.points[:, 0] += (2.0 * label - 1).repeat_interleave(sizes)
        self.label = (self.points[:, 0] > 0).long() if inside else label
        if inside:
            self.label[::11] = VOID
        self.inside = inside

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        rows, offsets = rows_of(self.offsets, index)
        label = self.label[rows if self.inside else index]
        return {"points": self.points[rows], "offsets": offsets, "label": label}


class Net(nn.Module):
    """A perceptron on every point and, unless `inside`, the mean over each cloud."""

    def __init__(self, inside: bool = False, leaking: bool = False) -> None:
        super().__init__()
        self.inside, self.leaking = inside, leaking
        self.first, self.last = nn.Linear(2, 16), nn.Linear(16, 2)

    def forward(self, points: Tensor, offsets: Tensor) -> Tensor:
        x = torch.relu(self.first(points))
        if self.leaking:
            x = x - x.mean(0)
        if not self.inside:
            x = torch.segment_reduce(x, "mean", offsets=offsets)
        return self.last(x)


def data(config: Config) -> Data:
    sets = (
        Clouds(60, 0, config.inside),
        Clouds(31, 1, config.inside),
        Clouds(30, 2, config.inside),
    )
    return Data(*sets, classes=("left", "right"))


def model(config: Config) -> nn.Module:
    return Net(config.inside)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    scores = model(batch["points"], batch["offsets"])
    return F.cross_entropy(scores, batch["label"], ignore_index=VOID)


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    right = total = 0
    for batch in batches(examples, 7):
        kept = batch["label"] != VOID
        found = model(batch["points"], batch["offsets"]).argmax(1)
        right += int((found == batch["label"])[kept].sum())
        total += int(kept.sum())
    return {"accuracy": right / total}


def predict(model: nn.Module, x: Tensor) -> Tensor:
    return model(x, torch.tensor([0, len(x)])).softmax(1)
