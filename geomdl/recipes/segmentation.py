"""What the recipes that label every pixel share: crops, loss, metrics, prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core2d.losses import VOID, cross_entropy
from core2d.metrics import confusion, label_metrics
from core2d.train.augment import crop
from core2d.train.evaluate import batches
from core2d.train.recipe import Batch, Examples

Predict = Callable[[nn.Module, Tensor], Tensor]
STRIDE = 32  # the largest total stride of these networks


@dataclass(frozen=True)
class Repeated:
    """Each of a few large pictures `times` in an epoch, every time cut and turned anew."""

    examples: Examples
    times: int

    def __len__(self) -> int:
        return len(self.examples) * self.times

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a batch of pictures index % count."""
        return self.examples.batch(index % len(self.examples), generator)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross-entropy over the labelled pixels, in nats."""
    return cross_entropy(scores(model, batch["image"]), batch["label"], ignore=VOID)


def predict(model: nn.Module, x: Tensor) -> Tensor:
    """Pictures (B, C, H, W), normalised as in a batch -> probabilities (B, classes, H, W)."""
    return torch.softmax(scores(model, x), 1)


def oriented(model: nn.Module, x: Tensor, shifts: Sequence[int] = (0, 8)) -> Tensor:
    """`predict` averaged over the eight orientations of pictures without an up, at each shift.

    Ronneberger et al. 2015, table 1: membranes are found in seven turned copies. shifts: pixels by
    which the picture is moved down and right, so that the grids of the poolings lie otherwise.
    """
    total = torch.zeros(())
    for shift in shifts:
        moved = F.pad(x, (shift, 0, shift, 0), mode="replicate")
        for side in (moved, moved.mT):
            for quarters in range(4):
                turned = predict(model, side.rot90(quarters, (-2, -1)))
                found = turned.rot90(-quarters, (-2, -1))
                found = found if side is moved else found.mT
                total = total + found[..., shift:, shift:]
    return total / (8 * len(shifts))


def metrics(model: nn.Module, examples: Examples, predict: Predict = predict) -> dict[str, float]:
    """Over all labelled pixels of the set: mean IoU of the classes, accuracy, mean recall.

    predict: what gives the probabilities.
    """
    return measured(lambda batch: predict(model, batch["image"]), examples, 2)


def measured(ask: Callable[[Batch], Tensor], examples: Examples, size: int) -> dict[str, float]:
    """Scores (B, C, *S) that `ask` gives of batches of `size` -> metrics of all their labels."""
    matrix: Tensor | None = None
    for batch in batches(examples, size):
        found = ask(batch)
        part = confusion(found.argmax(1), batch["label"], found.shape[1], ignore=VOID)
        matrix = part if matrix is None else matrix + part
    assert matrix is not None
    return label_metrics(matrix)


def scores(model: nn.Module, x: Tensor) -> Tensor:
    """Pictures (B, C, H, W) of any size -> logits (B, classes, H, W), float32.

    Pictures are continued to the right and below by their last pixels up to a multiple of the
    networks' stride, and the scores cut again.
    """
    height, width = x.shape[-2:]
    padded = F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
    return model(padded)[..., :height, :width].float()


def cut(batch: Batch, generator: Generator, size: int) -> Batch:
    """A square window of each picture, at most the picture itself."""
    height, width = batch["image"].shape[-2:]
    return crop(batch, generator, size=(min(size, height), min(size, width)))
