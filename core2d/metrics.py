"""Metrics of classification and segmentation: shares in 0..1, larger is better.

Those of one batch take scores and labels. Those of a whole set take its confusion matrix, the sum
of the batches' ones: a mean of batches' IoUs is not the IoU of the set.
"""

import torch
from torch import Tensor

from core2d.errors import InputError, describe, expect_number, expect_tensor
from core2d.losses import expect_labels


def accuracy(scores: Tensor, label: Tensor, *, ignore: int | None = None) -> float:
    """Scores (B, C, *S), label (B, *S) -> share of labels that have the largest score."""
    return top_k(scores, label, 1, ignore=ignore)


def top_k(scores: Tensor, label: Tensor, k: int = 5, *, ignore: int | None = None) -> float:
    """Scores (B, C, *S), label (B, *S) -> share of labels among the k largest scores."""
    found, kept = hits(scores, label, k, ignore=ignore)
    if not kept:
        raise InputError("label: expected at least one that is not ignored, got none")
    return found / kept


def hits(
    scores: Tensor, label: Tensor, k: int = 1, *, ignore: int | None = None
) -> tuple[int, int]:
    """Scores (B, C, *S), label (B, *S) -> labels among the k largest scores, labels that count.

    To be summed over batches. Of equal scores the lower class wins; NaN never does. Raises
    InputError.
    """
    expect_labels(scores, label, ignore)
    if not 1 <= k <= scores.shape[1]:
        raise InputError(f"k: expected 1 to {scores.shape[1]} classes, got {k}")
    kept = torch.ones_like(label, dtype=torch.bool) if ignore is None else label != ignore
    index = torch.where(kept, label, 0)[:, None]
    own = scores.gather(1, index)  # (B, 1, *S)
    classes = torch.arange(scores.shape[1], device=scores.device)
    earlier = classes.view(-1, *(1,) * (scores.ndim - 2)) < index
    rank = ((scores > own) | ((scores == own) & earlier)).sum(1)
    right = (rank < k) & ~scores.isnan().any(1) & kept
    return int(right.sum()), int(kept.sum())


def confusion(
    prediction: Tensor, label: Tensor, classes: int, *, ignore: int | None = None
) -> Tensor:
    """Predicted and true classes of equal shape, int64 -> counts (classes, classes) int64.

    Row: the label; column: the prediction. Raises InputError.
    """
    if prediction.shape != label.shape or prediction.is_floating_point():
        raise InputError(
            f"prediction: expected an int tensor {tuple(label.shape)}, got {describe(prediction)}"
        )
    prediction, label = prediction.flatten().long(), label.flatten().long()
    if ignore is not None:
        prediction, label = prediction[label != ignore], label[label != ignore]
    for name, values in (("prediction", prediction), ("label", label)):
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < classes:
            low, high = int(values.min()), int(values.max())
            raise InputError(f"{name}: expected 0 to {classes - 1}, got {low} to {high}")
    counts = torch.bincount(label * classes + prediction, minlength=classes * classes)
    return counts.view(classes, classes)


def iou(matrix: Tensor) -> Tensor:
    """Confusion (C, C) -> intersection over union (C,): TP / (TP + FP + FN).

    NaN for a class that is neither in the labels nor predicted.
    """
    right, labels, predicted = _marginals(matrix)
    return right / (labels + predicted - right)


def miou(matrix: Tensor) -> float:
    """Confusion (C, C) -> mean IoU over the classes that occur in labels or predictions."""
    return float(iou(matrix).nanmean())


def recall(matrix: Tensor) -> Tensor:
    """Confusion (C, C) -> TP / (TP + FN) per class (C,); NaN without labels."""
    right, labels, _ = _marginals(matrix)
    return right / labels


def precision(matrix: Tensor) -> Tensor:
    """Confusion (C, C) -> TP / (TP + FP) per class (C,); NaN without predictions."""
    right, _, predicted = _marginals(matrix)
    return right / predicted


def f_score(matrix: Tensor, *, beta: float = 1.0) -> Tensor:
    """Confusion (C, C) -> (1 + b^2) P R / (b^2 P + R) per class (C,); b = 1 is Dice's score.

    Recall counts b times as much as precision (van Rijsbergen 1979).
    """
    expect_number("beta", beta, above=0)
    right, labels, predicted = _marginals(matrix)
    return (1 + beta**2) * right / (beta**2 * labels + predicted)


def pixel_accuracy(matrix: Tensor) -> float:
    """Confusion (C, C) -> share of all labels that were predicted."""
    right, labels, _ = _marginals(matrix)
    return float(right.sum() / labels.sum())


def class_accuracy(matrix: Tensor) -> float:
    """Confusion (C, C) -> mean recall over the classes that have labels ("class average")."""
    return float(recall(matrix).nanmean())


def label_metrics(matrix: Tensor) -> dict[str, float]:
    """Confusion (C, C) -> what is told of labels of places: mean IoU, accuracy, mean recall."""
    return {
        "miou": miou(matrix),
        "accuracy": pixel_accuracy(matrix),
        "class_accuracy": class_accuracy(matrix),
    }


def _marginals(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Confusion (C, C) -> float64 (C,) each: predicted rightly, labelled, predicted."""
    expect_tensor("matrix", matrix, "C C")
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"matrix: expected a square one, got {describe(matrix)}")
    counts = matrix.double()
    return counts.diagonal(), counts.sum(1), counts.sum(0)
