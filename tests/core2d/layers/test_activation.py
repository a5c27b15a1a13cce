import math

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.layers import activation
from core2d.layers.activation import CATALOGUE, Maxout, maxout, softmax, softmax_derivative
from tests.core2d.listed_space import ListedSpace, dense, listed

NAMED = {entry.name: entry for entry in CATALOGUE}
TORCHS = {
    "linear": lambda x: x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "swish": F.silu,
}
every = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)


def line(reach=8.0):
    return torch.linspace(-reach, reach, 400, dtype=torch.float64)  # without 0, where kinks stand


@every
def test_formulas_are_torchs_functions(entry):
    torch.testing.assert_close(entry.function(line()), TORCHS[entry.name](line()))


@every
def test_derivatives_are_those_of_autograd(entry):
    x = line().requires_grad_()
    (slope,) = torch.autograd.grad(entry.function(x).sum(), x)
    torch.testing.assert_close(entry.derivative(x.detach()), slope)
    difference = (entry.function(x + 1e-6) - entry.function(x - 1e-6)) / 2e-6
    torch.testing.assert_close(slope, difference.detach(), atol=1e-6, rtol=1e-6)


@every
def test_facts_hold(entry):
    far = torch.tensor([40.0], dtype=torch.float64)
    flat = [sign for sign, x in (("-", -far), ("+", far)) if float(entry.derivative(x)) < 1e-9]
    assert "".join(flat) == entry.saturates
    x = line()
    odd = torch.allclose(entry.function(-x), -entry.function(x))
    assert odd == entry.centred
    dead = bool((entry.derivative(-line().abs()) == 0).all())
    assert dead == entry.dies


def test_saturated_sigmoids_pass_no_gradient():
    """At 6 less than a hundredth of the gradient is left, at most a quarter anywhere."""
    slope = NAMED["sigmoid"].derivative
    assert float(slope(torch.tensor(6.0))) == pytest.approx(0.002467, rel=1e-3)
    assert float(slope(line()).max()) == pytest.approx(0.25, abs=1e-4)
    assert float(NAMED["tanh"].derivative(line()).max()) == pytest.approx(1, abs=1e-3)


def test_a_dead_rectifier_stays_dead_and_a_leaky_one_does_not():
    x = torch.randn(100, 4, generator=torch.Generator().manual_seed(0)).abs()
    for function, learns in ((F.relu, False), (F.leaky_relu, True)):
        weight = torch.full((4,), -1.0, requires_grad=True)  # negative for every example
        function(x @ weight).sum().backward()
        assert bool(weight.grad.any()) == learns


def test_extreme_values_stay_finite():
    x = torch.tensor([-1e4, 0.0, 1e4])
    for entry in CATALOGUE:
        assert bool(entry.function(x).isfinite().all()), entry.name
        assert bool(entry.derivative(x).isfinite().all()), entry.name
    assert softmax(x[None]).tolist() == [[0, 0, 1]]


def test_softmax_is_a_distribution_and_its_derivative_is_closed():
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = softmax(x)
    assert bool((p > 0).all())
    torch.testing.assert_close(p.sum(1), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(p, x.softmax(1))
    assert float(p[0, 0] / p[0, 1]) == pytest.approx(math.exp(float(x[0, 0] - x[0, 1])))
    whole = torch.autograd.functional.jacobian(lambda x: x.softmax(1).sum(0), x)  # (K, B, K)
    torch.testing.assert_close(softmax_derivative(p), whole.transpose(0, 1))


def test_maxout_takes_the_largest_of_each_run():
    x = torch.tensor([[1.0, 5, 2, 7, 3, 0]])
    assert maxout(x, 2).tolist() == [[5, 7, 3]]
    assert maxout(x, 3).tolist() == [[5, 7]]
    with pytest.raises(InputError, match="x: expected channels divisible by 4"):
        maxout(x, 4)


def test_maxout_is_a_relu_and_an_absolute_value_by_choice_of_weights():
    x = line()[:, None]
    torch.testing.assert_close(maxout(torch.cat([x, 0 * x], 1)), F.relu(x))
    torch.testing.assert_close(maxout(torch.cat([x, -x], 1)), x.abs())


def test_maxout_never_dies():
    x = torch.randn(50, 6, 4, requires_grad=True)
    maxout(x - 100).sum().backward()
    assert float(x.grad.sum()) == 50 * 3 * 4  # one piece of each unit gets it all, far from 0 too


def test_maxout_lives_on_any_space():
    x = torch.randn(2, 6, 3, 3)
    toy = Maxout(ListedSpace(2))(listed(x))
    torch.testing.assert_close(dense(toy, (3, 3)), Maxout(2)(x))
    torch.testing.assert_close(Maxout(2)(x), torch.maximum(x[:, ::2], x[:, 1::2]))


def test_the_picture_shows_every_function_and_its_derivative(tmp_path):
    figure = activation.picture()
    assert [axes.get_title().split(":")[0] for axes in figure.axes] == list(NAMED)
    for axes, entry in zip(figure.axes, CATALOGUE, strict=True):
        x, y = axes.lines[1].get_data()
        torch.testing.assert_close(entry.derivative(torch.as_tensor(x)), torch.as_tensor(y))
    figure.savefig(tmp_path / "activations.png", dpi=50)
    assert (tmp_path / "activations.png").stat().st_size > 10_000
