"""The threshold of largest expected mean IoU against all decisions on small pictures."""

import itertools

import pytest
import torch

from core2d.decision import iou_threshold, tilt
from core2d.errors import InputError


def quotient(p: list[float], labels: tuple[int, ...]) -> float:
    """Expected hits over expected union, mean of the two classes, in plain loops."""
    total = 0.0
    for wanted in (0, 1):
        right = [q if wanted else 1 - q for q in p]
        hits = sum(r for r, label in zip(right, labels, strict=True) if label == wanted)
        union = sum(label == wanted for label in labels) + sum(right) - hits
        total += hits / union
    return total / 2


def test_no_labelling_of_a_small_picture_is_better() -> None:
    g = torch.Generator().manual_seed(0)
    for _ in range(20):
        p = torch.rand(1, 2, 4, generator=g).double() ** 2
        flat = p.flatten().tolist()
        best = max(itertools.product((0, 1), repeat=8), key=lambda labels: quotient(flat, labels))
        found = (p > iou_threshold(p)).long().flatten().tolist()
        assert found == list(best)


def test_a_rare_class_is_named_below_one_half() -> None:
    g = torch.Generator().manual_seed(1)
    p = torch.rand(1, 20_000, generator=g).double() ** 3
    truth = torch.rand(1, 20_000, generator=g) < p  # so the probabilities are right

    def score(threshold: float) -> float:
        named = p > threshold
        return float(
            (named & truth).sum() / (named | truth).sum()
            + (~named & ~truth).sum() / (~named | ~truth).sum()
        )

    threshold = float(iou_threshold(p))
    assert 0.3 < threshold < 0.45
    assert score(threshold) > score(0.5)
    assert score(threshold) > max(score(t / 100) for t in range(5, 95, 5)) - 0.004


def test_tilt_moves_the_decision_to_the_threshold_of_each_picture() -> None:
    p = torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(2))
    both = torch.cat((1 - p, p), 1)
    at = torch.tensor([0.2, 0.5, 0.8])
    tilted = tilt(both, at)
    assert torch.equal(tilted.argmax(1), (p[:, 0] > at.view(3, 1, 1)).long())
    torch.testing.assert_close(tilted.sum(1), torch.ones(3, 5, 7))
    torch.testing.assert_close(tilted[1], both[1])


def test_no_pixels() -> None:
    with pytest.raises(InputError, match="probability: expected pixels"):
        iou_threshold(torch.zeros(2, 0))
