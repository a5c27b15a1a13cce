"""Closed forms against scipy and normal equations; steps of gradient descent come to the same."""

import numpy as np
import pytest
import scipy.optimize
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.losses import bce, l2
from core2d.models.linear import LinearScore, linear_regression, logistic_regression


def cloud(count: int = 60, axes: int = 3, seed: int = 0) -> Tensor:
    g = Generator().manual_seed(seed)
    return torch.randn(count, axes, generator=g, dtype=torch.float64) * 2 + 1


def test_scores_are_w_x_plus_b_on_any_axes() -> None:
    model = LinearScore(2 * 3 * 4, classes=5).double()
    x = cloud(7, 24)
    wanted = x.numpy() @ model.fc.weight.detach().numpy().T + model.fc.bias.detach().numpy()
    assert np.allclose(model(x).detach().numpy(), wanted)
    assert torch.equal(model(x), model(x.view(7, 2, 3, 4)))
    assert model(x[:0]).shape == (0, 5)
    assert sum(p.numel() for p in model.parameters()) == 24 * 5 + 5
    with pytest.raises(InputError, match="x: expected 24 numbers per example"):
        model(x[:, :23])


@pytest.mark.parametrize("decay", [0.0, 7.0])
def test_linear_regression_solves_the_normal_equations(decay) -> None:
    x = cloud()
    y = x @ torch.tensor([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]]).double() + cloud(60, 2, 1)
    weight, bias = linear_regression(x, y, decay=decay)
    rows = np.concatenate([x.numpy(), np.ones((60, 1))], 1)
    ridge = decay * np.diag([1.0, 1.0, 1.0, 0.0])
    wanted = np.linalg.solve(rows.T @ rows + ridge, rows.T @ y.numpy())
    assert np.allclose(weight.numpy().T, wanted[:3])
    assert np.allclose(bias.numpy(), wanted[3])


def test_decay_costs_on_the_training_points_and_helps_on_others() -> None:
    """What regularisation is: a higher error where one learns, a lower one where it counts."""
    slopes = cloud(12, 1, 7) - 1
    decays = [0.0, 0.3, 3.0, 30.0, 1e4]
    learned, unseen = [torch.zeros(len(decays)).double() for _ in range(2)]
    for seed in range(20):  # 20 noisy points of a plane in 12 axes are too few
        train, other = cloud(20, 12, 10 + seed), cloud(400, 12, 50 + seed)
        target, truth = train @ slopes + 6 * (cloud(20, 1, 90 + seed) - 1), other @ slopes
        for place, decay in enumerate(decays):
            weight, bias = linear_regression(train, target, decay=decay)
            learned[place] += l2(train @ weight.T + bias, target) / 20
            unseen[place] += l2(other @ weight.T + bias, truth) / 20
    assert bool((learned.diff() > 0).all())  # a theorem
    assert unseen[2] < 0.7 * unseen[0]
    assert unseen[-1] > unseen[2]  # too much of it


def test_linear_regression_of_too_few_points_is_the_smallest_exact_one() -> None:
    x, y = cloud(2, 5), cloud(2, 1, 1)
    weight, bias = linear_regression(x, y)
    assert torch.allclose(x @ weight.T + bias, y)
    centred = np.linalg.pinv((x - x.mean(0)).numpy()) @ (y - y.mean(0)).numpy()
    assert np.allclose(weight.numpy(), centred.T)


def logistic_data(count: int = 200) -> tuple[Tensor, Tensor]:
    x = cloud(count)
    slope = torch.tensor([1.0, -1.0, 0.5]).double()
    g = Generator().manual_seed(5)
    heads = torch.rand(count, generator=g, dtype=torch.float64)
    return x, (heads < torch.sigmoid(x @ slope - 0.3)).long()


@pytest.mark.parametrize("decay", [1e-6, 0.1])
def test_logistic_regression_finds_scipys_minimum(decay) -> None:
    x, y = logistic_data()
    weight, bias = logistic_regression(x, y, decay=decay)
    points, sign = x.numpy(), 2 * y.numpy() - 1

    def objective(w: np.ndarray) -> float:
        loss = np.logaddexp(0, -sign * (points @ w[:3] + w[3])).mean()
        return loss + decay / 2 * (w[:3] ** 2).sum()

    best = scipy.optimize.minimize(objective, np.zeros(4), options={"gtol": 1e-8}).x
    assert np.allclose(np.append(weight.numpy(), bias.numpy()), best, atol=1e-5)


def test_separable_labels_without_decay_have_no_minimum() -> None:
    x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    y = torch.tensor([0, 0, 1, 1])
    with pytest.raises(InputError, match="separable"):
        logistic_regression(x, y, decay=0.0, steps=5)
    weight, _ = logistic_regression(x, y, decay=0.1)
    assert 0 < float(weight) < 10


@pytest.mark.parametrize("logistic", [False, True])
def test_gradient_descent_comes_to_the_closed_form(logistic) -> None:
    x, y = logistic_data()
    x = (x - x.mean(0)) / x.std(0)  # equal curvatures: 500 steps suffice
    target = y[:, None].double()
    model = LinearScore(3, classes=1).double()
    for _ in range(500):
        loss = bce(model(x), target) if logistic else l2(model(x), target)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, g in zip(model.parameters(), gradients, strict=True):
                p -= (4.0 if logistic else 0.4) * g
    weight, bias = logistic_regression(x, y, decay=0) if logistic else linear_regression(x, target)
    assert torch.allclose(model.fc.weight, weight, atol=1e-4)
    assert torch.allclose(model.fc.bias, bias, atol=1e-4)


def test_wrong_input_is_named() -> None:
    with pytest.raises(InputError, match="y: expected 3 > 0 labels 0 or 1"):
        logistic_regression(torch.zeros(3, 2), torch.tensor([0, 1, 2]))
    with pytest.raises(InputError, match=r"x: .* NaN or infinite"):
        linear_regression(torch.full((3, 2), float("nan")), torch.zeros(3, 1))
