"""Losses against loops over numpy, against torch, and by what they are minimal at."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Categorical, Laplace, Normal

from core2d import losses
from core2d.errors import InputError


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def labels(classes: int, *shape: int, seed: int = 1) -> Tensor:
    return torch.randint(classes, shape, generator=Generator().manual_seed(seed))


def looped_cross_entropy(scores, label, weight, smoothing, ignore) -> float:
    """Every pixel alone, in numpy: the weighted mean of -sum_k target_k log softmax_k."""
    scores, label = np.moveaxis(scores, 1, -1), label.astype(int)
    classes, top, mass = scores.shape[-1], 0.0, 0.0
    for place in np.ndindex(*label.shape):
        y = label[place]
        if y == ignore:
            continue
        s = scores[place]
        log_p = s - math.log(sum(math.exp(v) for v in s))
        top -= (1 - smoothing) * weight[y] * log_p[y]
        top -= smoothing / classes * sum(weight[k] * log_p[k] for k in range(classes))
        mass += weight[y]
    return top / mass


@pytest.mark.parametrize("space", [(), (5,), (3, 2), (2, 3, 2)])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_its_formula_on_any_axes(space, smoothing) -> None:
    scores, label = draws(3, 4, *space), labels(4, 3, *space)
    label.view(-1)[0] = losses.VOID
    weight = torch.tensor([0.3, 1.0, 2.0, 0.5], dtype=torch.float64)
    ours = losses.cross_entropy(
        scores, label, weight=weight, smoothing=smoothing, ignore=losses.VOID
    )
    wanted = looped_cross_entropy(
        scores.numpy(), label.numpy(), weight.numpy(), smoothing, losses.VOID
    )
    assert float(ours) == pytest.approx(wanted, rel=1e-12)
    equal = losses.cross_entropy(scores, label, smoothing=smoothing, ignore=losses.VOID)
    wanted = looped_cross_entropy(scores.numpy(), label.numpy(), np.ones(4), smoothing, losses.VOID)
    assert float(equal) == pytest.approx(wanted, rel=1e-12)


def test_ignored_pixels_have_no_gradient_and_a_picture_of_them_has_no_loss() -> None:
    scores = draws(1, 3, 4).requires_grad_()
    label = torch.tensor([[0, 255, 2, 255]])
    losses.cross_entropy(scores, label, ignore=255).backward()
    assert scores.grad[0, :, [1, 3]].abs().max() == 0
    assert scores.grad[0, :, [0, 2]].abs().min() > 0
    empty = torch.full((1, 4), 255)
    weight = torch.ones(3, dtype=torch.float64)
    for given in (None, weight):
        scores.grad = None
        loss = losses.cross_entropy(scores, empty, weight=given, ignore=255)
        loss.backward()
        assert float(loss.detach()) == 0
        assert scores.grad.abs().max() == 0


def test_cross_entropy_tends_to_zero_and_never_reaches_it_where_hinge_does() -> None:
    label = torch.tensor([0])
    sure = [losses.cross_entropy(torch.tensor([[s, 0.0]]).double(), label) for s in (2, 8, 32)]
    assert sure[0] > sure[1] > sure[2] > 0
    scores = torch.tensor([[2.0, 0.5, 0.75]], requires_grad=True)
    loss = losses.hinge(scores, label)
    loss.backward()
    assert float(loss.detach()) == 0  # 0.75 - 2 + 1 < 0: good enough
    assert scores.grad.abs().max() == 0


def test_hinge_is_its_formula() -> None:
    scores, label = draws(6, 4), labels(4, 6)
    rows = [
        sum(max(0.0, float(s[k] - s[y]) + 1) for k in range(4) if k != y)
        for s, y in zip(scores, label.tolist(), strict=True)
    ]
    assert float(losses.hinge(scores, label)) == pytest.approx(sum(rows) / 6, rel=1e-12)
    torch_form = 4 * F.multi_margin_loss(scores, label)  # torch divides by the classes
    assert float(losses.hinge(scores, label)) == pytest.approx(float(torch_form), rel=1e-12)


def test_bce_is_its_formula_and_the_two_class_cross_entropy() -> None:
    scores, target = draws(7), labels(2, 7).double()
    p = 1 / (1 + np.exp(-scores.numpy()))
    y = target.numpy()
    wanted = -np.mean(3 * y * np.log(p) + (1 - y) * np.log(1 - p))
    assert float(losses.bce(scores, target, positive=3.0)) == pytest.approx(wanted, rel=1e-12)
    pair = torch.stack([torch.zeros_like(scores), scores], 1)
    both = losses.cross_entropy(pair, target.long())
    assert float(losses.bce(scores, target)) == pytest.approx(float(both), rel=1e-12)


def test_maximum_likelihood_gives_the_other_losses() -> None:
    scores, label = draws(5, 3), labels(3, 5)
    x, y = draws(5, seed=2), draws(5, seed=3)
    binary = labels(2, 5).double()
    pairs = [
        (losses.nll(Categorical(logits=scores), label), losses.cross_entropy(scores, label)),
        (losses.nll(Bernoulli(logits=x), binary), losses.bce(x, binary)),
        (losses.nll(Normal(x, 0.5**0.5), y) - math.log(math.pi) / 2, losses.l2(x, y)),
        (losses.nll(Laplace(x, 1.0), y) - math.log(2), losses.l1(x, y)),
    ]
    for ours, wanted in pairs:
        assert float(ours) == pytest.approx(float(wanted), rel=1e-6)


def test_maximum_likelihood_finds_the_share_of_heads() -> None:
    coins = torch.tensor([1.0, 1.0, 0.0, 1.0, 0.0])
    shares = torch.linspace(0.01, 0.99, 99)
    likelihood = [float(losses.nll(Bernoulli(share), coins)) for share in shares]
    assert float(shares[int(np.argmin(likelihood))]) == pytest.approx(0.6, abs=1e-6)


def test_l2_is_least_at_the_mean_and_l1_at_the_median() -> None:
    target = torch.tensor([0.0, 1.0, 2.0, 3.0, 14.0])
    constants = torch.linspace(-1, 15, 1601)
    squared = [float(losses.l2(c.expand(5), target)) for c in constants]
    absolute = [float(losses.l1(c.expand(5), target)) for c in constants]
    assert float(constants[int(np.argmin(squared))]) == pytest.approx(4.0, abs=0.006)
    assert float(constants[int(np.argmin(absolute))]) == pytest.approx(2.0, abs=0.006)


def test_huber_is_a_parabola_inside_and_a_line_outside() -> None:
    d = torch.tensor([-3.0, -0.5, 0.0, 0.25, 4.0])
    wanted = [2 * (3 - 1), 0.125, 0.0, 0.03125, 2 * (4 - 1)]
    ours = losses.huber(d, torch.zeros(5), delta=2.0)
    assert float(ours) == pytest.approx(sum(wanted) / 5)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_weights_keep_the_mean_and_balance_the_classes(power) -> None:
    counts = torch.tensor([900, 90, 0, 10])
    weights = losses.class_weights(counts, power=power)
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1, rel=1e-6)
    assert weights[2] == 0
    assert float(weights[3] / weights[0]) == pytest.approx(90**power, rel=1e-5)
    totals = (weights * counts)[counts > 0]
    if power == 1:
        assert torch.allclose(totals, totals[:1].expand(3))
    if power == 0:
        assert torch.allclose(weights[counts > 0], torch.ones(3))


def test_a_rare_class_is_learned_with_weights() -> None:
    """One score per class for all: the best ones are the weighted shares of the classes."""
    label = torch.tensor([0] * 9 + [1])
    weight = losses.class_weights(torch.bincount(label))
    scores = torch.zeros(2, requires_grad=True)
    for _ in range(200):
        (gradient,) = torch.autograd.grad(
            losses.cross_entropy(scores.expand(10, 2), label, weight=weight), scores
        )
        scores = (scores - gradient).detach().requires_grad_()
    assert torch.allclose(scores.softmax(0), torch.tensor([0.5, 0.5]), atol=1e-4)


def test_wrong_input_is_named() -> None:
    scores = torch.zeros(4, 3)
    with pytest.raises(InputError, match=r"label: expected an int64 tensor \(4,\).*float32"):
        losses.cross_entropy(scores, torch.zeros(4))
    with pytest.raises(InputError, match="label: expected 0 to 2, got 255"):
        losses.cross_entropy(scores, torch.tensor([0, 1, 255, 2]))
    with pytest.raises(InputError, match=r"target: expected shape \(4,\).*\(4, 1\)"):
        losses.l2(torch.zeros(4), torch.zeros(4, 1))
    with pytest.raises(InputError, match="counts: expected counts >= 0, not all 0"):
        losses.class_weights(torch.zeros(3))


def test_lovasz_of_sure_scores_is_one_minus_iou() -> None:
    label, guess = labels(3, 2, 6, 5), labels(4, 2, 6, 5, seed=2)  # class 3 does not occur
    label[0, 0] = 9
    sure = 1000 * F.one_hot(guess, 4).movedim(-1, 1).double()
    kept = label != 9
    ious = [
        ((guess == k) & (label == k))[kept].sum() / ((guess == k) | (label == k))[kept].sum()
        for k in range(3)
    ]
    want = 1 - float(torch.stack(ious).mean())
    assert float(losses.lovasz(sure, label, ignore=9)) == pytest.approx(want, abs=1e-6)


def test_lovasz_is_the_integral_of_its_set_function() -> None:
    # The Lovasz extension is the mean of 1 - IoU over thresholds t of the errors {m > t}.
    scores, label = draws(1, 3, 7), labels(3, 1, 7)
    chances = scores.softmax(1)[0]
    total, occurring = 0.0, 0
    for k in range(3):
        own = label[0] == k
        if not own.any():
            continue
        errors = torch.where(own, 1 - chances[k], chances[k])
        cuts = torch.cat([torch.zeros(1), errors.sort().values, torch.ones(1)]).double()
        for low, high in pairwise(cuts):
            wrong = errors > (low + high) / 2
            total += float((high - low) * wrong.sum() / (own | wrong).sum())
        occurring += 1
    got = float(losses.lovasz(scores, label))
    assert got == pytest.approx(total / occurring, rel=1e-9)
    assert torch.autograd.gradcheck(lambda s: losses.lovasz(s, label), scores.requires_grad_())


def test_lovasz_where_nothing_is_labelled() -> None:
    assert float(losses.lovasz(draws(1, 3, 4), torch.full((1, 4), 9), ignore=9)) == 0
