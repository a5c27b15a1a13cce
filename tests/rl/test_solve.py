"""Value and policy iteration agree with sweeps written out; Q-learning comes to the same."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from core2d.errors import InputError
from rl.gridworld import gridworld
from rl.mdp import MDP, Environment
from rl.solve import evaluate, policy_iteration, q_learning, value_iteration
from tests.oracles import values_oracle

WORLD = gridworld(["S..X", ".#..", "...G"], slip=0.2, step=-0.01, discount=0.9)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9, 1.0])
def test_iterations_are_bellmans_equation(discount: float) -> None:
    world = replace(WORLD, discount=discount)
    expected = values_oracle.optimal_q(Environment(world).P, discount, 250)
    by_value, by_policy = value_iteration(world), policy_iteration(world)
    assert np.abs(by_value.q - expected).max() < 1e-8
    assert np.abs(by_policy.q - expected).max() < 1e-8
    for solution in (by_value, by_policy):
        assert np.allclose(solution.value, solution.q.max(1))
        assert np.allclose(evaluate(world, solution.policy), solution.value)


@pytest.mark.parametrize("name", ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"])
def test_both_solve_gymnasiums_worlds(name: str) -> None:
    mdp = MDP.from_gymnasium(gymnasium.make(name), discount=0.95)
    one, two = value_iteration(mdp), policy_iteration(mdp)
    assert np.abs(one.q - two.q).max() < 1e-8
    assert two.rounds < one.rounds


def test_the_known_values_of_known_worlds() -> None:
    """The lake's 0.8235 at gamma = 1 is a success rate; the cliff is passed in 13 steps."""
    lake = MDP.from_gymnasium(gymnasium.make("FrozenLake-v1"), discount=1.0)
    assert value_iteration(lake, tolerance=1e-12).value[0] == pytest.approx(14 / 17)
    cliff = MDP.from_gymnasium(gymnasium.make("CliffWalking-v1"), discount=1.0)
    assert value_iteration(cliff).value[36] == -13


def test_tolerance_bounds_the_error() -> None:
    exact = policy_iteration(WORLD).value
    for tolerance in (0.1, 0.001):
        rough = value_iteration(WORLD, tolerance=tolerance)
        assert 0 < np.abs(rough.value - exact).max() <= tolerance


def test_evaluation_is_the_bellman_equation_of_a_policy() -> None:
    dice = np.random.default_rng(0)
    policy = dice.dirichlet(np.ones(4), size=WORLD.states)
    expected = values_oracle.policy_value(Environment(WORLD).P, policy, 0.9, 250)
    assert np.abs(evaluate(WORLD, policy) - expected).max() < 1e-9


def test_a_policy_that_never_ends_has_no_value_at_discount_1() -> None:
    world = gridworld(["S.G"], discount=1.0)
    with pytest.raises(InputError, match="policy: never ends from some state"):
        evaluate(world, np.array([0, 0, 0]))
    assert evaluate(world, np.array([2, 2, 0])).tolist() == [1, 1, 0]
    with pytest.raises(InputError, match="rounds: 50 did not suffice"):
        value_iteration(gridworld(["S#G"], step=-1.0, discount=1.0), rounds=50)
    with pytest.raises(InputError, match=r"policy: expected \(S,\) or \(S, A\)"):
        evaluate(world, np.zeros(2, int))


def test_q_learning_comes_to_the_optimal_values() -> None:
    world = gridworld(["S.", "XG"], slip=0.1, step=-0.05, discount=0.8)
    best = value_iteration(world)
    q = q_learning(Environment(world, limit=20), steps=12_000, seed=0, discount=0.8, epsilon=0.5)
    assert np.abs(q - best.q).max() < 0.1
    assert q.argmax(1)[:2].tolist() == best.policy[:2].tolist()


def test_q_learning_bootstraps_through_truncation_and_not_through_termination() -> None:
    """Every step pays 1 for ever; episodes are cut after 3 steps, so only the cut shows.

    With a termination instead, the same steps are worth 1.
    """
    ones, going = np.ones((1, 1, 1)), np.zeros((1, 1, 1), bool)
    endless = MDP(ones, ones, going, np.ones(1), 0.5)
    cut = q_learning(Environment(endless, limit=3), steps=2000, seed=0, discount=0.5)
    assert cut[0, 0] == pytest.approx(2.0, abs=0.01)
    ended = q_learning(Environment(replace(endless, terminal=~going)), steps=50, seed=0)
    assert ended[0, 0] == 1.0


def test_q_learning_counts_from_where_the_spaces_begin() -> None:
    class Shifted(Environment):
        """States from 10, actions from 5."""

        def __init__(self) -> None:
            super().__init__(gridworld(["S.", "XG"]), 20)
            self.observation_space = gymnasium.spaces.Discrete(4, start=10)
            self.action_space = gymnasium.spaces.Discrete(4, start=5)

        def reset(self, **how):
            state, info = super().reset(**how)
            return state + 10, info

        def step(self, action):
            state, *others = super().step(action - 5)
            return state + 10, *others

    plain = Environment(gridworld(["S.", "XG"]), 20)
    one, two = (q_learning(env, steps=300, seed=0) for env in (plain, Shifted()))
    assert np.array_equal(one, two)


def test_q_learning_repeats_and_refuses_what_has_no_table() -> None:
    world = Environment(WORLD, limit=20)
    one, two = (q_learning(world, steps=200, seed=5) for _ in range(2))
    assert np.array_equal(one, two)
    with pytest.raises(InputError, match="env: expected Discrete observations and actions"):
        q_learning(gymnasium.make("CartPole-v1"), steps=1, seed=0)
