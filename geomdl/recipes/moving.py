"""What the recipes on moving rooms share: sequences, loss, metrics; frames alone, or all in 4D."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import jitter, mirror, recolour, scale, turn
from geomdl.recipes.rooms import centred, labelled, middle
from geomdl.recipes.segmentation import measured
from scenes.datasets.moving_scans import MOVING, frame_offsets, moving_scans
from scenes.datasets.room_scans import LIKE_SCANNET

DATA = "simulated scans of moving rooms"
Vocabulary = Literal["moving", "scannet"]


@dataclass(frozen=True)
class Config:
    """frames: of a sequence. cell: metres of a voxel. rooms: in the three sets.

    vocabulary: "moving" asks of each point whether it belongs to what moves at some time, "scannet"
    what it belongs to.
    """

    train: Train = Train(
        epochs=10,
        batch=2,
        rate=3e-3,
        decay=1e-3,
        schedule="one-cycle",
        warmup=0.1,
    )
    frames: int = 4
    cell: float = 0.08
    rooms: tuple[int, int, int] = (60, 6, 16)
    vocabulary: Vocabulary = "moving"


def data(config: Config) -> Data:
    """Sequences in rooms that no other set has; one point of each voxel and frame."""
    return moving_scans(
        sizes=config.rooms,
        frames=config.frames,
        vocabulary=config.vocabulary,
        cell=config.cell,
        prepare=middle,
        augment=augmented,
    )


def classes(config: Config) -> int:
    """How many classes a vocabulary has."""
    return len(MOVING if config.vocabulary == "moving" else LIKE_SCANNET)


def augmented(batch: Batch, generator: Generator) -> Batch:
    """All frames of a sequence turned, mirrored and scaled alike; jittered, in other light."""
    batch = mirror(turn(batch, generator), generator)
    batch = scale(batch, generator, low=0.9, high=1.1)
    return recolour(jitter(batch, generator, sigma=0.003, limit=0.01), generator)


class EachFrame(nn.Module):
    """A network on points that sees each frame alone: points, offsets, time, features -> logits."""

    def __init__(self, network: nn.Module, frames: int) -> None:
        super().__init__()
        self.network, self.frames = network, frames

    def forward(self, points: Tensor, offsets: Tensor, time: Tensor, features: Tensor) -> Tensor:
        return self.network(points, frame_offsets(offsets, time, self.frames), features)


class AllFrames(nn.Module):
    """A network on points of four axes that sees a whole sequence; a frame is a step of `cell`."""

    def __init__(self, network: nn.Module, cell: float) -> None:
        super().__init__()
        self.network, self.cell = network, cell

    def forward(self, points: Tensor, offsets: Tensor, time: Tensor, features: Tensor) -> Tensor:
        moments = (time[:, None] + 0.5) * self.cell
        return self.network(torch.cat([points, moments.to(points)], 1), offsets, features)


def scores(model: nn.Module, batch: Batch) -> Tensor:
    """A packed batch -> logits (N, classes) of all points."""
    parts = (batch["points"], batch["offsets"], batch["time"])
    return model(*parts, centred(batch["features"])).float()


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """As of rooms: cross entropy and Lovasz loss, since few points move."""
    return labelled(scores(model, batch), batch["label"])


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Over all labelled points of all frames: mean IoU, accuracy, mean recall."""
    return measured(partial(scores, model), examples, 1)


def predict(model: nn.Module, x: Batch) -> Tensor:
    """A packed batch with "time" -> probabilities (N, classes) of its points."""
    return torch.softmax(scores(model, x), 1)
