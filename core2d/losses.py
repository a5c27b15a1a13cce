"""Losses: what training makes small. Each is its formula; torch computes it where torch has it.

Shapes: scores (B, C, *S) before any softmax, labels (B, *S) int64; or (N, C) and (N,) where a
space packs its sites. Every loss is a mean: over labels, pixels or numbers.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution

from core2d.errors import InputError, describe, expect_number, expect_tensor

VOID = 255  # the label of pixels that segmentation data sets leave open


def cross_entropy(
    scores: Tensor,
    label: Tensor,
    *,
    weight: Tensor | None = None,
    smoothing: float = 0.0,
    ignore: int | None = None,
) -> Tensor:
    """Scores (B, C, *S), label (B, *S) -> mean of -log softmax(scores)[label], in nats.

    Positive, and 0 only in the limit of infinitely sure scores. weight (C,): the mean is weighted
    by each label's class (`class_weights`). smoothing e: the target is 1 - e for the label plus
    e / C for every class (Szegedy et al. 2016). Labels equal to `ignore` do not count; where none
    is left, the loss is 0. Raises InputError.
    """
    expect_labels(scores, label, ignore)
    skip = -100 if ignore is None else ignore
    total = F.cross_entropy(
        scores, label, weight, ignore_index=skip, reduction="sum", label_smoothing=smoothing
    )
    kept = label != skip
    if weight is None:
        return total / kept.sum().clamp(min=1)
    mass = weight[torch.where(kept, label, 0)].where(kept, weight.new_zeros(()))
    return total / mass.sum().clamp(min=torch.finfo(weight.dtype).tiny)


def lovasz(scores: Tensor, label: Tensor, *, ignore: int | None = None) -> Tensor:
    """Scores (B, C, *S), label (B, *S) -> 1 - IoU made smooth, mean of the classes that occur.

    Lovasz-softmax (Berman, Triki and Blaschko 2018, eq. 11) over the whole batch: 0 for sure and
    right scores, and for sure scores exactly 1 - IoU of each class. Rare classes weigh like common
    ones; the papers add it to the cross entropy. Labels equal to `ignore` do not count; where none
    is left, the loss is 0. Raises InputError.
    """
    expect_labels(scores, label, ignore)
    chances = scores.softmax(1).movedim(1, 0).flatten(1)
    flat = label.flatten()
    kept = flat != (-100 if ignore is None else ignore)
    own = F.one_hot(flat[kept], scores.shape[1]).T.to(chances)
    errors, order = (own - chances[:, kept]).abs().sort(1, descending=True)
    own = own.gather(1, order)
    count = own.sum(1, keepdim=True)
    union = count + (1 - own).cumsum(1)
    missed = 1 - (count - own.cumsum(1)) / union  # 1 - IoU with all errors so far
    steps = torch.diff(missed, dim=1, prepend=missed.new_zeros(len(missed), 1))
    occurs = (count[:, 0] > 0).to(chances)
    return ((errors * steps).sum(1) * occurs).sum() / occurs.sum().clamp(min=1)


def hinge(scores: Tensor, label: Tensor, *, margin: float = 1.0) -> Tensor:
    """Scores (B, C), label (B,) -> mean over B of sum over k != y of max(0, s_k - s_y + margin).

    The loss of the multiclass support vector machine (Weston and Watkins 1999). It is exactly 0,
    and so is its gradient, as soon as every label wins by the margin.
    """
    expect_tensor("scores", scores, "B C", dtypes="float")
    expect_labels(scores, label, None)
    gaps = scores - scores.gather(1, label[:, None]) + margin  # (B, C)
    others = torch.ones_like(gaps).scatter(1, label[:, None], 0)
    return (gaps.clamp(min=0) * others).sum(1).mean()


def bce(scores: Tensor, target: Tensor, *, positive: float | Tensor = 1.0) -> Tensor:
    """Scores and targets in 0..1 of equal shape -> -mean(y log p + (1 - y) log(1 - p)).

    p = sigmoid(scores). `positive` weighs the first term, for classes that are rare.
    """
    _expect_equal(scores, target)
    factor = torch.as_tensor(positive, dtype=scores.dtype, device=scores.device)
    return F.binary_cross_entropy_with_logits(scores, target.to(scores.dtype), pos_weight=factor)


def nll(distribution: Distribution, value: Tensor) -> Tensor:
    """Maximum likelihood: -mean log p(value), in nats.

    Write down a distribution with parameters from the network, take each example's probability,
    make this small. A Bernoulli gives `bce`, a categorical `cross_entropy`, a normal of variance
    1/2 `l2` and a Laplacian of scale 1 `l1`, each but for a constant.
    """
    return -distribution.log_prob(value).mean()


def l1(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of |prediction - target|; the best constant is the median."""
    _expect_equal(prediction, target)
    return (prediction - target).abs().mean()


def l2(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean of (prediction - target)^2; the best constant is the mean, hence blurry pictures."""
    _expect_equal(prediction, target)
    return (prediction - target).square().mean()


def huber(prediction: Tensor, target: Tensor, *, delta: float = 1.0) -> Tensor:
    """Mean of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber 1964)."""
    _expect_equal(prediction, target)
    expect_number("delta", delta, above=0)
    return F.huber_loss(prediction, target, delta=delta)


def class_weights(counts: Tensor, *, power: float = 1.0) -> Tensor:
    """Examples per class (C,) -> weights (C,) ~ counts^-power whose mean over examples is 1.

    Power 1 lets every class weigh the same in total, 0.5 is milder, 0 changes nothing. Classes
    without examples get 0. Raises InputError.
    """
    expect_tensor("counts", counts, "C")
    if bool((counts < 0).any()) or not bool((counts > 0).any()):
        raise InputError(f"counts: expected counts >= 0, not all 0, got {counts.tolist()}")
    number = counts.double()
    raw = torch.where(number > 0, number.clamp(min=1e-300) ** -power, 0.0)
    return (raw * number.sum() / (raw * number).sum()).float()


def expect_labels(scores: Tensor, label: Tensor, ignore: int | None) -> None:
    """Scores (B, C, *S) and label (B, *S) int64 fit together. Raises InputError."""
    if scores.ndim < 2:
        raise InputError(f"scores: expected (B, C, *S), got {describe(scores)}")
    wanted = (scores.shape[0], *scores.shape[2:])
    if tuple(label.shape) != wanted or label.dtype != torch.int64:
        raise InputError(f"label: expected an int64 tensor {wanted}, got {describe(label)}")
    if label.is_cuda or not label.numel():  # looking at values would wait for the device
        return
    outside = (label < 0) | (label >= scores.shape[1])
    if ignore is not None:
        outside &= label != ignore
    if bool(outside.any()):
        one = int(label[outside][0])
        raise InputError(f"label: expected 0 to {scores.shape[1] - 1}, got {one}")


def _expect_equal(prediction: Tensor, target: Tensor) -> None:
    """torch would broadcast (B,) against (B, 1) to (B, B), a common silent fault."""
    if prediction.shape != target.shape:
        raise InputError(
            f"target: expected shape {tuple(prediction.shape)}, got {describe(target)}"
        )
