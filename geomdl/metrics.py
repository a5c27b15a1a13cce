"""Metrics of shapes: shares in 0..1, larger is better.

Confusion matrices, their mean IoU and mean class accuracy are in `core2d.metrics`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from core2d.errors import InputError, describe, expect_tensor
from core2d.offsets import items_of


def part_prediction(
    scores: Tensor, offsets: Tensor, category: Tensor, parts: Sequence[Sequence[int]]
) -> Tensor:
    """Scores (N, P), offsets (B+1,), category (B,) -> the best part (N,) that its category has.

    parts: those of each category. Restricting the choice is the protocol of ShapeNetPart (Qi et
    al. 2017, PointNet, supplement).
    """
    expect_tensor("scores", scores, "N P", dtypes="float")
    _expect_shapes(len(scores), offsets, category, parts)
    if max(max(own) for own in parts) >= scores.shape[1]:
        raise InputError(f"scores: expected a column for every part, got {describe(scores)}")
    allowed = torch.zeros(len(parts), scores.shape[1], dtype=torch.bool, device=scores.device)
    for number, own in enumerate(parts):
        allowed[number, list(own)] = True
    open_ = allowed[category][items_of(offsets)]
    return scores.masked_fill(~open_, -torch.inf).argmax(1)


def part_iou(
    prediction: Tensor,
    label: Tensor,
    offsets: Tensor,
    category: Tensor,
    parts: Sequence[Sequence[int]],
) -> Tensor:
    """Predicted and true parts (N,) int64, offsets (B+1,), category (B,) -> IoU of shapes (B,).

    Of each shape the mean over all parts that its category has, where a part that is neither
    there nor predicted counts 1 (Yi et al. 2016). NaN for a shape without points. The mean over
    shapes is the published "instance" mIoU, `category_miou` the other one. Raises InputError.
    """
    if prediction.shape != label.shape or prediction.is_floating_point():
        raise InputError(
            f"prediction: expected an int tensor {tuple(label.shape)}, got {describe(prediction)}"
        )
    _expect_shapes(len(label), offsets, category, parts)
    items, count = items_of(offsets), 1 + max(max(own) for own in parts)
    for name, values in (("prediction", prediction), ("label", label)):
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < count:
            low, high = int(values.min()), int(values.max())
            raise InputError(f"{name}: expected 0 to {count - 1}, got {low} to {high}")
    shape = (len(offsets) - 1, count)

    def counted(rows: Tensor, values: Tensor) -> Tensor:
        flat = torch.bincount(rows * count + values, minlength=shape[0] * count)
        return flat.view(shape).double()

    right = prediction == label
    both = counted(items[right], label[right])
    either = counted(items, label) + counted(items, prediction) - both
    iou = torch.where(either > 0, both / either.clamp(min=1), 1.0)
    own = torch.zeros(len(parts), count, device=label.device, dtype=torch.float64)
    for number, some in enumerate(parts):
        own[number, list(some)] = 1
    chosen = own[category]
    mean = (iou * chosen).sum(1) / chosen.sum(1)
    return mean.masked_fill(offsets.diff() == 0, torch.nan)


def category_miou(iou: Tensor, category: Tensor) -> float:
    """IoU (B,) and category (B,) of shapes -> the mean over categories of their shapes' means."""
    if not len(category):
        raise InputError("category: expected one shape or more, got none")
    means = [iou[category == kind].nanmean() for kind in category.unique()]
    return float(torch.stack(means).nanmean())


def _expect_shapes(
    rows: int, offsets: Tensor, category: Tensor, parts: Sequence[Sequence[int]]
) -> None:
    """Offsets of that many rows, and a category that has parts for each shape. InputError."""
    expect_tensor("category", category, str(len(offsets) - 1), dtypes="int")
    if int(offsets[-1]) != rows:
        raise InputError(f"offsets: expected to end at {rows}, got {describe(offsets)}")
    low, high = (int(bound) for bound in category.aminmax()) if len(category) else (0, 0)
    if low < 0 or high >= len(parts):
        raise InputError(f"category: expected 0 to {len(parts) - 1}, got {low} to {high}")
