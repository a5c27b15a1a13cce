"""Metrics against loops over numpy and known answers."""

import numpy as np
import pytest
import torch
from torch import Generator

from core2d import metrics
from core2d.errors import InputError


def example(*space: int, classes: int = 4):
    g = Generator().manual_seed(len(space))
    scores = torch.randn(3, classes, *space, generator=g)
    label = torch.randint(classes, (3, *space), generator=g)
    label.view(-1)[1] = 255
    return scores, label


@pytest.mark.parametrize("space", [(), (7,), (4, 5), (3, 2, 4)])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k_counts_labels_among_the_largest(space, k) -> None:
    scores, label = example(*space)
    best = np.argsort(-np.moveaxis(scores.numpy(), 1, -1), -1)[..., :k]
    kept = label.numpy() != 255
    wanted = (best == label.numpy()[..., None]).any(-1)[kept].mean()
    assert metrics.top_k(scores, label, k, ignore=255) == pytest.approx(wanted)


def test_accuracy_of_equal_and_of_broken_scores() -> None:
    label = torch.tensor([0, 1, 2])
    assert metrics.accuracy(torch.zeros(3, 3), label) == pytest.approx(1 / 3)  # as argmax does
    assert metrics.accuracy(torch.full((3, 3), float("nan")), label) == 0
    half = torch.tensor([[1.0, float("nan"), float("nan")]])
    assert metrics.accuracy(half, torch.tensor([0])) == 0


def test_hits_add_up_over_batches() -> None:
    scores, label = example(6)
    parts = [metrics.hits(s[None], y[None], ignore=255) for s, y in zip(scores, label, strict=True)]
    assert metrics.hits(scores, label, ignore=255) == tuple(map(sum, zip(*parts, strict=True)))


def test_confusion_counts_pairs_row_by_label() -> None:
    scores, label = example(4, 5)
    prediction = scores.argmax(1)
    wanted = np.zeros((4, 4), int)
    for p, y in zip(prediction.flatten().tolist(), label.flatten().tolist(), strict=True):
        if y != 255:
            wanted[y, p] += 1
    ours = metrics.confusion(prediction, label, 4, ignore=255)
    assert np.array_equal(ours.numpy(), wanted)
    assert ours.dtype == torch.int64


def test_iou_and_f_score_from_sets_of_pixels() -> None:
    _, label = example(4, 5)
    prediction = example(4, 5)[0].argmax(1)
    matrix = metrics.confusion(prediction, label, 4, ignore=255)
    p, y = prediction[label != 255].numpy(), label[label != 255].numpy()
    inside = [((p == k) & (y == k)).sum() / ((p == k) | (y == k)).sum() for k in range(4)]
    assert metrics.iou(matrix).numpy() == pytest.approx(np.array(inside))
    assert metrics.miou(matrix) == pytest.approx(np.mean(inside))
    dice = [2 * ((p == k) & (y == k)).sum() / ((p == k).sum() + (y == k).sum()) for k in range(4)]
    assert metrics.f_score(matrix).numpy() == pytest.approx(np.array(dice))
    told = metrics.label_metrics(matrix)
    assert told["miou"] == metrics.miou(matrix)
    assert told["accuracy"] == pytest.approx((p == y).mean())
    assert told["class_accuracy"] == metrics.class_accuracy(matrix)
    assert metrics.pixel_accuracy(matrix) == pytest.approx((p == y).mean())
    shares = [(p[y == k] == k).mean() for k in range(4)]
    assert metrics.class_accuracy(matrix) == pytest.approx(np.mean(shares))


def test_f_score_weighs_recall_by_beta() -> None:
    matrix = torch.tensor([[0, 0], [30, 10]])  # class 1: precision 1, recall 1/4
    assert float(metrics.precision(matrix)[1]) == 1
    assert float(metrics.recall(matrix)[1]) == 0.25
    for beta in (0.5, 1.0, 2.0):
        wanted = (1 + beta**2) * 0.25 / (beta**2 + 0.25)
        assert float(metrics.f_score(matrix, beta=beta)[1]) == pytest.approx(wanted)


def test_classes_that_do_not_occur_do_not_count() -> None:
    matrix = torch.zeros(3, 3, dtype=torch.int64)
    matrix[0, 0], matrix[0, 1] = 3, 1  # class 1 is only predicted, class 2 nowhere
    assert metrics.iou(matrix)[:2].tolist() == [0.75, 0.0]
    assert metrics.iou(matrix)[2].isnan()
    assert metrics.miou(matrix) == 0.375
    assert metrics.class_accuracy(matrix) == 0.75


def test_wrong_input_is_named() -> None:
    label = torch.zeros(2, 2, dtype=torch.int64)
    with pytest.raises(InputError, match="prediction: expected an int tensor"):
        metrics.confusion(torch.zeros(2, 2), label, 2)
    with pytest.raises(InputError, match="label: expected 0 to 1, got 0 to 255"):
        metrics.confusion(label, torch.tensor([[0, 255], [1, 1]]), 2)
    with pytest.raises(InputError, match="k: expected 1 to 3 classes, got 5"):
        metrics.top_k(torch.zeros(1, 3), torch.tensor([0]))
    with pytest.raises(InputError, match="at least one that is not ignored"):
        metrics.accuracy(torch.zeros(1, 3), torch.tensor([255]), ignore=255)
    with pytest.raises(InputError, match="matrix: expected a square one"):
        metrics.miou(torch.zeros(2, 3))
