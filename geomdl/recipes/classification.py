"""What the recipes that classify pictures share: loss, metrics, prediction."""

import torch
from torch import Generator, Tensor, nn

from core2d.losses import cross_entropy
from core2d.metrics import hits
from core2d.train.evaluate import batches
from core2d.train.recipe import Batch, Examples


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross entropy, in nats; of pictures that `mixup` mixed, by the share of each label."""
    scores = model(batch["image"])
    if "share" not in batch:
        return cross_entropy(scores, batch["label"])
    log_p, share = torch.log_softmax(scores.float(), 1), batch["share"]
    own, other = (log_p.gather(1, batch[name][:, None])[:, 0] for name in ("label", "other"))
    return -(share * own + (1 - share) * other).mean()


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Share of pictures whose class has the largest score, and the mean cross entropy."""
    right, total = 0, 0.0
    for batch in batches(examples):
        scores, label = model(batch["image"]).float(), batch["label"]
        right += hits(scores, label)[0]
        total += float(cross_entropy(scores, label)) * len(label)
    return {"accuracy": right / len(examples), "loss": total / len(examples)}


def predict(model: nn.Module, x: Tensor) -> Tensor:
    """Pictures (B, C, H, W), normalised as in a batch -> probabilities (B, classes)."""
    return torch.softmax(model(x).float(), 1)
