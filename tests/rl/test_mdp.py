"""Tables come and go whole; environments follow them; Gymnasium's checks pass."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from core2d.errors import InputError
from rl.gridworld import gridworld
from rl.mdp import MDP, Environment


def two_states() -> MDP:
    """From 0 either action leads to 1, mostly; from 1 the episode ends with 5."""
    probability = np.array([[[0.25, 0.75], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    reward = np.array([[[1.0, 2.0], [0.0, 3.0]], [[0.0, 5.0], [0.0, 5.0]]])
    terminal = np.zeros((2, 2, 2), bool)
    terminal[1, :, 1] = True
    return MDP(probability, reward, terminal, np.array([1.0, 0.0]), 0.5)


def test_expectations_are_sums_over_next_states() -> None:
    mdp = two_states()
    assert (mdp.states, mdp.actions) == (2, 2)
    assert mdp.expected_reward.tolist() == [[0.25 + 1.5, 3], [5, 5]]
    assert mdp.following.tolist() == [[[0.125, 0.375], [0, 0.5]], [[0, 0], [0, 0]]]


def test_an_environments_table_gives_the_mdp_back() -> None:
    mdp = two_states()
    again = MDP.from_gymnasium(Environment(mdp), discount=0.5)
    assert np.allclose(again.probability, mdp.probability)
    assert np.allclose(again.reward * again.probability, mdp.reward * mdp.probability)
    assert np.array_equal(again.following, mdp.following)
    assert np.array_equal(again.start, mdp.start)


@pytest.mark.parametrize("name", ["FrozenLake-v1", "CliffWalking-v1"])
def test_gymnasiums_tables_are_read_whole(name: str) -> None:
    env = gymnasium.make(name)
    mdp, table = MDP.from_gymnasium(env), env.unwrapped.P  # type: ignore[attr-defined]
    for s in range(mdp.states):
        for a in range(mdp.actions):
            ways = table[s][a]
            assert mdp.expected_reward[s, a] == pytest.approx(sum(w[0] * w[2] for w in ways))
            going = np.zeros(mdp.states)
            for p, after, _, terminated in ways:
                going[after] += 0.0 if terminated else 0.99 * p
            assert np.allclose(mdp.following[s, a], going)
    assert np.allclose(mdp.start, env.unwrapped.initial_state_distrib)  # type: ignore[attr-defined]


def test_ways_of_different_rewards_are_averaged_and_of_different_ends_refused() -> None:
    table = {0: {0: [(0.25, 0, 4.0, False), (0.75, 0, 0.0, False)]}}
    assert MDP.from_table(table).reward[0, 0, 0] == 1.0
    mixed = {0: {0: [(0.5, 0, 0.0, True), (0.5, 0, 0.0, False)]}}
    with pytest.raises(InputError, match="from 0 by 0 to 0 only sometimes ends"):
        MDP.from_table(mixed)
    with pytest.raises(InputError, match="expected one with a table `P`"):
        MDP.from_gymnasium(gymnasium.make("CartPole-v1"))


def test_an_environment_passes_gymnasiums_check() -> None:
    check_env(Environment(gridworld(["S.X", "..G"], slip=0.2), limit=20), skip_render_check=True)


def test_an_environment_follows_its_probabilities() -> None:
    mdp, count = two_states(), 20_000
    env = Environment(mdp)
    env.reset(seed=0)
    reached, rewards = 0, set()
    for _ in range(count):
        env.state = 0
        state, reward, terminated, truncated, _ = env.step(0)
        reached += state
        rewards.add((state, reward))
        assert not terminated
        assert not truncated
    assert abs(reached / count - 0.75) < 5 * (0.75 * 0.25 / count) ** 0.5
    assert rewards == {(0, 1.0), (1, 2.0)}
    env.state = 1
    assert env.step(0)[:3] == (1, 5.0, True)


def test_what_follows_depends_on_the_present_state_alone() -> None:
    """The middle is reached from both sides; what comes after it has the same shares each time."""
    env, count = Environment(gridworld(["...", ".S.", "..."], slip=0.5)), 4000
    after: dict[int, list[int]] = {3: [], 5: []}  # the cell before the middle
    env.reset(seed=0)
    while min(map(len, after.values())) < count:
        for before, towards in ((3, 2), (5, 0)):
            env.state = before
            if env.step(towards)[0] == 4:
                after[before].append(env.step(3)[0])
    shares = np.array([np.bincount(a[:count], minlength=9) / count for a in after.values()])
    bound = 5 * (0.5 * 0.5 * 2 / count) ** 0.5
    np.testing.assert_allclose(shares[0], shares[1], atol=bound)
    expected = env.mdp.probability[4, 3]
    np.testing.assert_allclose(shares, [expected] * 2, atol=bound)


def test_the_smallest_and_the_largest_roll_reach_no_impossible_state() -> None:
    class Dice:
        def __init__(self, roll: float) -> None:
            self.roll = roll

        def random(self) -> float:
            return self.roll

    world = gridworld([".S."])  # only the middle is a start; sevenths do not sum to 1 exactly
    thirds = replace(world, start=np.array([0, 1 / 7 * 3, 1 / 7 * 4]))
    for mdp, last in ((world, 1), (thirds, 2)):
        env = Environment(mdp)
        for roll, state in ((0.0, 1), (1 - 2**-53, last)):
            env.np_random = Dice(roll)  # type: ignore[assignment]
            assert env.reset()[0] == state


def test_the_limit_truncates_and_seeds_repeat() -> None:
    env = Environment(gridworld(["S....", ".....", "....G"], slip=0.5), limit=7)
    walks = []
    for _ in range(2):
        env.reset(seed=3)
        walks.append([env.step(2)[0] for _ in range(6)])
        assert env.step(0)[3]
    assert walks[0] == walks[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": np.ones((2, 2))}, r"probability: expected a table \(S, A, S\)"),
        ({"probability": np.ones((2, 2, 2))}, "probability: expected numbers >= 0 that sum to 1"),
        ({"reward": np.zeros((2, 2))}, "reward: expected"),
        ({"reward": np.full((2, 2, 2), np.nan)}, "reward: expected finite"),
        ({"start": np.array([0.5, 0.6])}, "start: expected numbers >= 0 that sum to 1"),
        ({"discount": 1.1}, r"discount: expected a number in \[0, 1\]"),
    ],
)
def test_wrong_tables_are_named(change: dict, message: str) -> None:
    given = {name: getattr(two_states(), name) for name in two_states().__dataclass_fields__}
    with pytest.raises(InputError, match=message):
        MDP(**(given | change))
