"""Optimal values of finite MDPs: by value iteration, by policy iteration, and from experience.

The first two know the dynamics and are exact, so they are the oracle of what learns from samples:
Q-learning here, and the agents whose values are networks. Sutton, Barto 2018, chapters 4 and 6.
"""

from dataclasses import dataclass

import gymnasium
import numpy as np
from gymnasium import spaces

from core2d.errors import InputError, expect_number
from rl.mdp import MDP


@dataclass(frozen=True)
class Solution:
    """q (S, A) and value (S,) of the optimal policy (S,) int64, and how many rounds it took."""

    q: np.ndarray
    value: np.ndarray
    policy: np.ndarray
    rounds: int


def backup(mdp: MDP, value: np.ndarray) -> np.ndarray:
    """Values (S,) -> Q(s, a) = sum_s' P (R + gamma V(s')) (S, A): one step ahead."""
    return mdp.expected_reward + mdp.following @ value


def value_iteration(mdp: MDP, *, tolerance: float = 1e-9, rounds: int = 100_000) -> Solution:
    """V <- max_a Q, until the values are within `tolerance` of the optimal ones.

    A round brings any V nearer to V* by the factor gamma, so the last change bounds the error by
    change gamma / (1 - gamma); at gamma = 1 the change itself must be below `tolerance`.
    Raises InputError where `rounds` do not suffice.
    """
    expect_number("tolerance", tolerance, above=0)
    value, reward, following = np.zeros(mdp.states), mdp.expected_reward, mdp.following
    factor = mdp.discount / (1 - mdp.discount) if mdp.discount < 1 else 1.0
    for done in range(1, rounds + 1):
        q = reward + following @ value
        change, value = np.abs(q.max(1) - value).max(), q.max(1)
        if change * factor <= tolerance:
            return Solution(q, value, q.argmax(1), done)
    raise InputError(f"rounds: {rounds} did not suffice; at discount 1 some policy must end")


def evaluate(mdp: MDP, policy: np.ndarray) -> np.ndarray:
    """Policy (S,) actions or (S, A) probabilities -> its values (S,), exactly.

    Solves V = r + F V, the Bellman equation of the policy. Raises InputError where, at gamma = 1,
    the policy never ends from some state.
    """
    if policy.shape == (mdp.states,):
        policy = np.eye(mdp.actions)[policy]
    if policy.shape != (mdp.states, mdp.actions):
        raise InputError(f"policy: expected (S,) or (S, A) for {mdp.states} states")
    reward = (policy * mdp.expected_reward).sum(1)
    following = np.einsum("sa,sat->st", policy, mdp.following)
    if mdp.discount == 1 and not ends(following):
        raise InputError("policy: never ends from some state, so at discount 1 it has no value")
    return np.linalg.solve(np.eye(mdp.states) - following, reward)


def ends(following: np.ndarray) -> bool:
    """Whether an episode that goes on by these probabilities (S, S) is sure to end."""
    alive = following.sum(1) > 1 - 1e-12  # states that surely go on; then those among them only
    steps = following > 0
    for _ in range(len(following)):
        longer = alive & ~(steps @ ~alive)
        if (longer == alive).all():
            break
        alive = longer
    return not alive.any()


def policy_iteration(mdp: MDP, *, rounds: int = 1000) -> Solution:
    """Evaluate a policy exactly, act greedily by its values, until that changes nothing.

    The first policy is the random one, which ends wherever any does. Raises InputError as
    `evaluate` does, and where `rounds` do not suffice.
    """
    policy: np.ndarray = np.full((mdp.states, mdp.actions), 1 / mdp.actions)
    for done in range(1, rounds + 1):
        q = backup(mdp, evaluate(mdp, policy))
        best = q.max(1)
        if policy.ndim == 1:
            kept = np.take_along_axis(q, policy[:, None], 1)[:, 0]
            # Of equally good actions the present one stays, or ties could go round for ever.
            better = best > kept + 1e-10 * np.maximum(1, np.abs(best))
            if not better.any():
                return Solution(q, best, policy, done)
            policy = np.where(better, q.argmax(1), policy)
        else:
            policy = q.argmax(1)
    raise InputError(f"rounds: {rounds} did not suffice")


def q_learning(
    env: gymnasium.Env,
    *,
    steps: int,
    seed: int,
    discount: float = 0.99,
    epsilon: float = 0.3,
    power: float = 0.7,
) -> np.ndarray:
    """Q (S, A) from experience: Q(s, a) += rate (r + gamma max_a' Q(s', a') - Q(s, a)).

    Watkins, Dayan 1992. Acts at random with probability `epsilon`, else by Q. rate = 1 / n^power
    at the n-th visit of (s, a): any power in (1/2, 1] leads to Q* where every pair is visited for
    ever, and less than 1 gets there sooner (Even-Dar, Mansour 2003). A truncated episode goes on
    in the eyes of Q; after a terminated one nothing follows. Raises InputError.
    """
    seen, acted = env.observation_space, env.action_space
    if not isinstance(seen, spaces.Discrete) or not isinstance(acted, spaces.Discrete):
        raise InputError(f"env: expected Discrete observations and actions, got {seen}, {acted}")
    first, q = int(seen.start), np.zeros((int(seen.n), int(acted.n)))
    visits, dice = np.zeros(q.shape, np.int64), np.random.default_rng(seed)
    state = env.reset(seed=seed)[0] - first
    for _ in range(steps):
        random = dice.random() < epsilon
        action = int(dice.integers(q.shape[1])) if random else int(q[state].argmax())
        after, reward, terminated, truncated, _ = env.step(action + int(acted.start))
        after -= first
        visits[state, action] += 1
        target = float(reward) + discount * (0.0 if terminated else q[after].max())
        q[state, action] += (target - q[state, action]) / visits[state, action] ** power
        state = env.reset()[0] - first if terminated or truncated else after
    return q
