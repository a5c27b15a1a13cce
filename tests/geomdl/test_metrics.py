"""Part IoU, against loops that import nothing of ours."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl import metrics

PARTS = ((0, 1), (2, 3, 4), (5,))


def made(seed: int = 0):
    rng = np.random.default_rng(seed)
    sizes = [30, 12, 0, 7, 25, 1]
    category = np.array([0, 1, 1, 2, 1, 0])
    offsets = np.cumsum([0, *sizes])
    label, found = (
        np.concatenate([rng.choice(PARTS[c], n) for c, n in zip(category, sizes, strict=True)])
        for _ in range(2)
    )
    label[30:42] = 2  # one part of three alone
    found[30:42] = np.where(found[30:42] == 4, 2, found[30:42])
    return (torch.from_numpy(x) for x in (found, label, offsets, category))


def looped(found, label, offsets, category):
    result = []
    for b, c in enumerate(category):
        f, y = found[offsets[b] : offsets[b + 1]], label[offsets[b] : offsets[b + 1]]
        shares = []
        for part in PARTS[c]:
            union = ((f == part) | (y == part)).sum()
            shares.append(1.0 if union == 0 else ((f == part) & (y == part)).sum() / union)
        result.append(np.mean(shares) if len(y) else np.nan)
    return np.array(result)


def test_part_iou_is_what_loops_count() -> None:
    found, label, offsets, category = made()
    iou = metrics.part_iou(found, label, offsets, category, PARTS)
    wanted = looped(*(x.numpy() for x in (found, label, offsets, category)))
    np.testing.assert_allclose(iou.numpy(), wanted)
    assert torch.equal(
        metrics.part_iou(label, label, offsets, category, PARTS).nan_to_num(1),
        torch.ones(6).double(),
    )
    kinds = [np.nanmean(wanted[category.numpy() == c]) for c in range(3)]
    assert metrics.category_miou(iou, category) == pytest.approx(np.mean(kinds))


def test_known_answer() -> None:
    found, label = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1])
    iou = metrics.part_iou(found, label, torch.tensor([0, 4]), torch.tensor([0]), PARTS)
    assert float(iou) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_parts_are_chosen_among_those_of_the_category() -> None:
    scores = torch.randn(75, 6, generator=torch.Generator().manual_seed(0))
    _, _, offsets, category = made()
    found = metrics.part_prediction(scores, offsets, category, PARTS)
    for b, c in enumerate(category.tolist()):
        for row in range(*offsets[b : b + 2].tolist()):
            assert int(found[row]) == max(PARTS[c], key=lambda part: float(scores[row, part]))


def test_what_does_not_fit_is_named() -> None:
    found, label, offsets, category = made()
    with pytest.raises(InputError, match="prediction: expected an int tensor"):
        metrics.part_iou(found.float(), label, offsets, category, PARTS)
    with pytest.raises(InputError, match="label: expected 0 to 5, got 1 to 9"):
        metrics.part_iou(
            found, label.clamp(min=1) * 0 + 9 - 8 * (label == 0), offsets, category, PARTS
        )
    with pytest.raises(InputError, match="category"):
        metrics.part_iou(found, label, offsets, category[:2], PARTS)
    for ask in (
        metrics.part_iou,
        lambda _, *rest: metrics.part_prediction(torch.rand(len(label), 6), *rest[1:]),
    ):
        with pytest.raises(InputError, match=f"category: expected 0 to {len(PARTS) - 1}, got"):
            ask(found, label, offsets, category + len(PARTS), PARTS)
        with pytest.raises(InputError, match="offsets: expected to end at"):
            ask(found, label, offsets.clamp(max=2), category, PARTS)
    with pytest.raises(InputError, match="scores: expected a column for every part"):
        metrics.part_prediction(torch.rand(len(label), 5), offsets, category, PARTS)
    with pytest.raises(InputError, match="category: expected one shape or more"):
        metrics.category_miou(torch.zeros(0), category[:0])
