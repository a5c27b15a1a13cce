"""From probabilities to labels: the threshold of largest expected mean IoU.

Probability above one half is the decision with the fewest wrong pixels, not that with the largest
intersection over union: where a class is rare and hard to tell, more of its pixels must be named.
"""

import torch
from torch import Tensor

from core2d.errors import InputError

__all__ = ["iou_threshold", "tilt"]


def iou_threshold(probability: Tensor) -> Tensor:
    """Probabilities (B, *S) of the second of two classes -> thresholds (B,), float64.

    Labels are not asked: if the probabilities are right, naming the k likeliest pixels of a picture
    gives on average sum p hits among them, and so an IoU of either class; the k with the largest
    mean of the two is taken, and the threshold lies halfway to the next pixel. Nowozin, "Optimal
    Decisions from Probabilistic Models: the Intersection-over-Union Case", CVPR 2014, section 4:
    the quotient of expectations stands for the expectation of the quotient. Raises InputError for
    pictures without pixels.
    """
    flat = probability.flatten(1).double()
    if not flat.shape[1]:
        raise InputError(f"probability: expected pixels, got shape {tuple(probability.shape)}")
    ordered = flat.sort(1, descending=True).values
    ends = torch.cat(
        (torch.ones_like(ordered[:, :1]), ordered, torch.zeros_like(ordered[:, :1])), 1
    )
    named = torch.arange(flat.shape[1] + 1, device=flat.device)  # k pixels are named, 0 to n
    hits = torch.cat((torch.zeros_like(ordered[:, :1]), ordered.cumsum(1)), 1)  # (B, n + 1)
    total, count = hits[:, -1:], flat.shape[1]
    others = (count - total) - (named - hits)  # hits of the first class among the rest
    second = hits / (named + total - hits).clamp(min=1e-12)
    first = others / ((count - named) + (count - total) - others).clamp(min=1e-12)
    best = (first + second).argmax(1, keepdim=True)
    return (ends.gather(1, best) + ends.gather(1, best + 1)).squeeze(1) / 2


def tilt(probabilities: Tensor, threshold: Tensor) -> Tensor:
    """Probabilities (B, 2, *S), thresholds (B,) -> (B, 2, *S) with odds 1 at the threshold.

    The odds p / (1 - p) are divided by those of the threshold, as if the second class had been that
    much rarer: the larger of the two is the decision then.
    """
    at = threshold.to(probabilities).clamp(1e-6, 1 - 1e-6)
    weights = torch.stack((at, 1 - at), 1)  # (B, 2)
    tilted = probabilities * weights.view(*weights.shape, *[1] * (probabilities.ndim - 2))
    return tilted / tilted.sum(1, keepdim=True)
