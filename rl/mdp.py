"""Finite Markov decision processes (S, A, R, P, gamma), and environments that follow them.

The agent sees state s, takes action a, gets reward R(s, a, s') and comes to s' with probability
P(s' | s, a), which depends on nothing before: the Markov assumption. Values are expected
discounted returns: `rl.solve` computes them. Tables are NumPy arrays, states and actions numbers.
Sutton, Barto 2018, chapter 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from core2d.errors import InputError, expect_number

Table = Mapping[int, Mapping[int, Sequence[tuple[float, int, float, bool]]]]


@dataclass(frozen=True)
class MDP:
    """S states, A actions.

    probability (S, A, S): of the next state. reward (S, A, S): of the step there. terminal
    (S, A, S) bool: whether that step ends the episode, so that nothing follows it. start (S,):
    probability of the first state. discount: gamma in [0, 1]; at 1 every policy that is valued
    must end. Raises InputError.
    """

    probability: np.ndarray
    reward: np.ndarray
    terminal: np.ndarray
    start: np.ndarray
    discount: float = 0.99

    def __post_init__(self) -> None:
        shape = self.probability.shape
        if len(shape) != 3 or shape[0] != shape[2] or 0 in shape:
            raise InputError(f"probability: expected a table (S, A, S), got {shape}")
        for name in ("reward", "terminal"):
            if getattr(self, name).shape != shape:
                raise InputError(f"{name}: expected {shape}, got {getattr(self, name).shape}")
        if self.start.shape != shape[:1]:
            raise InputError(f"start: expected ({shape[0]},), got {self.start.shape}")
        for name in ("probability", "start"):
            table = getattr(self, name)
            if (table < 0).any() or not np.allclose(table.sum(-1), 1):
                raise InputError(f"{name}: expected numbers >= 0 that sum to 1 in each row")
        if not np.isfinite(self.reward).all():
            raise InputError("reward: expected finite numbers")
        if not 0 <= expect_number("discount", self.discount) <= 1:
            raise InputError(f"discount: expected a number in [0, 1], got {self.discount}")

    @property
    def states(self) -> int:
        return self.probability.shape[0]

    @property
    def actions(self) -> int:
        return self.probability.shape[1]

    @property
    def expected_reward(self) -> np.ndarray:
        """sum_s' P(s' | s, a) R(s, a, s'), (S, A)."""
        return (self.probability * self.reward).sum(2)

    @property
    def following(self) -> np.ndarray:
        """gamma P(s' | s, a) where the episode goes on, else 0: (S, A, S)."""
        return self.discount * self.probability * ~self.terminal

    @staticmethod
    def from_table(
        table: Table, start: np.ndarray | None = None, *, discount: float = 0.99
    ) -> "MDP":
        """From Gymnasium's form: table[s][a] lists (probability, s', reward, terminated).

        Rewards of several ways from s by a to s' are averaged. Raises InputError where only some
        of these ways end the episode: the state s' must then be two.
        """
        states, actions = len(table), len(table[0])
        shape = (states, actions, states)
        probability, reward, ends = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for s in range(states):
            for a in range(actions):
                for p, after, r, terminated in table[s][a]:
                    probability[s, a, after] += p
                    reward[s, a, after] += p * r
                    ends[s, a, after] += p * terminated
        terminal = ends > 0
        mixed = terminal & ~np.isclose(ends, probability)
        if mixed.any():
            s, a, after = np.argwhere(mixed)[0]
            raise InputError(f"table: from {s} by {a} to {after} only sometimes ends the episode")
        reward = np.divide(reward, probability, out=np.zeros(shape), where=probability > 0)
        first = np.full(states, 1 / states) if start is None else np.asarray(start, float)
        return MDP(probability, reward, terminal, first, discount)

    @staticmethod
    def from_gymnasium(env: gymnasium.Env, *, discount: float = 0.99) -> "MDP":
        """From an environment that tells its table P: FrozenLake, Taxi, CliffWalking, ours.

        Raises InputError for others.
        """
        inner: Any = env.unwrapped
        table, start = getattr(inner, "P", None), getattr(inner, "initial_state_distrib", None)
        if table is None:
            raise InputError(f"env: expected one with a table `P` of its dynamics, got {env}")
        return MDP.from_table(table, start, discount=discount)


class Environment(gymnasium.Env):
    """An MDP to act in. Observations are states, Discrete(S); actions Discrete(A).

    limit: steps after which the episode is truncated, 0 for never. `P` is its table.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (as Gymnasium declares it)

    def __init__(self, mdp: MDP, limit: int = 0) -> None:
        self.mdp, self.limit = mdp, limit
        self.observation_space = spaces.Discrete(mdp.states)
        self.action_space = spaces.Discrete(mdp.actions)
        self.initial_state_distrib = mdp.start
        self.state, self.count = 0, 0

    @property
    def P(self) -> Table:
        """The dynamics in Gymnasium's form: P[s][a] lists (probability, s', reward, terminated)."""
        m = self.mdp
        return {
            s: {
                a: [
                    (float(m.probability[s, a, t]), int(t), float(m.reward[s, a, t]),
                     bool(m.terminal[s, a, t]))
                    for t in np.flatnonzero(m.probability[s, a])
                ]
                for a in range(m.actions)
            }
            for s in range(m.states)
        }  # fmt: skip

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.count = self._drawn(self.mdp.start), 0
        return self.state, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        before, m = self.state, self.mdp
        self.state = self._drawn(m.probability[before, action])
        self.count += 1
        reward = float(m.reward[before, action, self.state])
        terminated = bool(m.terminal[before, action, self.state])
        return self.state, reward, terminated, self.count == self.limit, {}

    def _drawn(self, probability: np.ndarray) -> int:
        # Divided by the sum, since a roll of nearly 1 must not fall behind the last state.
        total = np.cumsum(probability)
        return int(np.searchsorted(total / total[-1], self.np_random.random(), side="right"))
