"""Schedules fall as they say; dice are thrown by lane, at the stated rate, by the generator."""

import numpy as np
import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from rl.explore import Epsilon, epsilon_greedy, greedy


def test_linear_falls_by_equal_amounts_and_then_stays() -> None:
    epsilon = Epsilon(1.0, 0.1, 900)
    values = [epsilon.at(step) for step in range(1000)]
    assert values[0] == 1.0
    assert np.allclose(np.diff(values[:901]), -0.001)
    assert values[900:] == [0.1] * 100
    assert epsilon.at(10**9) == 0.1


def test_exponential_falls_by_equal_factors_and_then_stays() -> None:
    epsilon = Epsilon(0.9, 0.009, 200, "exponential")
    values = np.array([epsilon.at(step) for step in range(202)])
    assert np.allclose(values[1:201] / values[:200], 0.01 ** (1 / 200))
    assert np.isclose(values[100], 0.09)
    assert values[201] == 0.009


def test_no_steps_are_a_constant() -> None:
    assert {Epsilon(1.0, 0.3, 0).at(step) for step in (0, 1, 50)} == {0.3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": 1.5}, "epsilon.start: expected 0 to 1"),
        ({"end": -0.1}, "epsilon.end: expected 0 to 1"),
        ({"steps": -1}, "epsilon.steps: expected at least 0"),
        ({"kind": "cubic"}, "epsilon.kind: expected one of linear, exponential"),
        ({"end": 0.0, "kind": "exponential"}, "needs start and end above 0"),
    ],
)
def test_wrong_schedules_are_named(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Epsilon(**change)


def test_the_first_of_equal_values_is_best() -> None:
    q = torch.tensor([[0.0, 2.0, 2.0], [-1.0, -1.0, -3.0]])
    assert greedy(q).tolist() == [1, 0]
    assert epsilon_greedy(q, 0.0, Generator().manual_seed(0)).tolist() == [1, 0]


def test_rates_are_those_of_the_definition() -> None:
    lanes, actions, epsilon = 200_000, 4, 0.3
    q = torch.zeros(lanes, actions)
    q[:, 2] = 1
    chosen = epsilon_greedy(q, epsilon, Generator().manual_seed(1))
    share = chosen.bincount(minlength=actions) / lanes
    expected = np.full(actions, epsilon / actions)
    expected[2] += 1 - epsilon
    assert chosen.dtype == torch.int64
    # five standard errors of a share of 0.3 in 200,000 throws
    assert np.abs(share.numpy() - expected).max() < 5 * (0.3 * 0.7 / lanes) ** 0.5


def test_lanes_are_independent() -> None:
    q = torch.tensor([[0.0, 1.0]]).expand(100_000, 2)
    random = epsilon_greedy(q, 1.0, Generator().manual_seed(2)).double()
    assert abs(float(torch.corrcoef(torch.stack([random[:-1], random[1:]]))[0, 1])) < 0.02


def test_the_dice_are_the_generators_and_do_not_depend_on_epsilon() -> None:
    q = torch.randn(50, 3, generator=Generator().manual_seed(0))
    one, two = Generator().manual_seed(5), Generator().manual_seed(5)
    assert torch.equal(epsilon_greedy(q, 0.5, one), epsilon_greedy(q, 0.5, two))
    epsilon_greedy(q, 0.0, one)
    epsilon_greedy(q, 1.0, two)
    assert torch.equal(one.get_state(), two.get_state())


def test_wrong_values_are_named() -> None:
    with pytest.raises(InputError, match=r"q: expected shape \(L A\)"):
        epsilon_greedy(torch.zeros(3), 0.1, Generator())
    with pytest.raises(InputError, match="q: expected at least one action"):
        epsilon_greedy(torch.zeros(3, 0), 0.1, Generator())


def test_a_longest_hold_is_at_least_one_step() -> None:
    with pytest.raises(InputError, match=r"epsilon\.held"):
        Epsilon(held=0)
