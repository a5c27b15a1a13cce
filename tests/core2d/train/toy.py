"""Points in two classes and a network with every source of randomness: a recipe for tests.

TOY_DIE_AT=n in the environment kills the process without warning after step n.
"""

import os
import signal
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core2d.layers.conv import Conv
from core2d.layers.norm import BatchNorm, GroupNorm
from core2d.train.evaluate import batches
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.record import Reference
from core2d.train.settings import Train

EXPECT = {"accuracy": 0.9}
REFERENCE: dict[str, Reference] = {}
DATA = "two classes of noise"


@dataclass(frozen=True)
class Config:
    """noise: of the augmentation and in the loss. poison: NaN after that step."""

    train: Train = Train(epochs=3, batch=20, rate=0.01)
    norm: Literal["batch", "group"] = "batch"
    noise: float = 0.1
    dropout: float = 0.1
    poison: int = -1


class Points:
    """Images (N, 2, 4, 4) whose class is the sign of their first channel's mean."""

    def __init__(self, count: int, noise: float, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.label = torch.arange(count) % 2
        self.image = torch.randn(count, 2, 4, 4, generator=generator)
        self.image[:, 0] += (2.0 * self.label - 1).view(-1, 1, 1)
        self.noise = noise

    def __len__(self) -> int:
        return len(self.label)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        image = self.image[index]
        if generator is not None:
            image = image + self.noise * torch.randn(image.shape, generator=generator)
        return {"image": image, "label": self.label[index]}


class Net(nn.Module):
    def __init__(self, norm: str, dropout: float, noise: float) -> None:
        super().__init__()
        self.noise = noise
        self.conv = Conv(2, 2, 8, bias=False)
        self.norm = BatchNorm(2, 8) if norm == "batch" else GroupNorm(2, 8, 2)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.dropout(F.relu(self.norm(self.conv(x))).mean((2, 3))))


def data(config: Config) -> Data:
    train = Points(90, config.noise, 0)
    return Data(train, Points(30, 0, 1), Points(50, 0, 2), ("low", "high"))


def model(config: Config) -> nn.Module:
    return Net(config.norm, config.dropout, config.noise)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    shift = model.noise * torch.randn((), generator=generator)
    return F.cross_entropy(model(batch["image"] + shift), batch["label"])


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    right = sum(
        int((model(b["image"]).argmax(1) == b["label"]).sum()) for b in batches(examples, 32)
    )
    return {"accuracy": right / len(examples)}


def predict(model: nn.Module, x: Tensor) -> Tensor:
    return model(x).softmax(1)


def after_step(state: "object") -> None:
    if state.step == int(os.environ.get("TOY_DIE_AT", "-1")):  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGKILL)
    if state.step == state.config.poison:  # type: ignore[attr-defined]
        state.model.fc.bias.data.fill_(float("nan"))  # type: ignore[attr-defined]
