"""Values, targets and losses of reinforcement learning, number by number as the papers write them.

Nothing of the project is imported; tables of dynamics are Gymnasium's: table[s][a] is a list of
(probability, next state, reward, terminated).
"""

import math

import numpy as np


def optimal_q(table, discount, sweeps):
    """Bellman's optimality equation, applied `sweeps` times from zero: Q (S, A)."""
    q = [[0.0] * len(table[s]) for s in range(len(table))]
    for _ in range(sweeps):
        new = []
        for s in range(len(table)):
            row = []
            for a in range(len(table[s])):
                total = 0.0
                for p, after, reward, terminated in table[s][a]:
                    ahead = 0.0 if terminated else discount * max(q[after])
                    total += p * (reward + ahead)
                row.append(total)
            new.append(row)
        q = new
    return np.array(q)


def policy_value(table, policy, discount, sweeps):
    """Values (S,) of a policy (S, A) of probabilities, by sweeps from zero."""
    value = [0.0] * len(table)
    for _ in range(sweeps):
        new = []
        for s in range(len(table)):
            total = 0.0
            for a in range(len(table[s])):
                for p, after, reward, terminated in table[s][a]:
                    ahead = 0.0 if terminated else discount * value[after]
                    total += policy[s][a] * p * (reward + ahead)
            new.append(total)
        value = new
    return np.array(value)


def returns(rewards, discount, last):
    """sum_k gamma^k r_{t+k} + gamma^{T-t} last, from every t."""
    count = len(rewards)
    found = []
    for t in range(count):
        total = sum(discount ** (k - t) * rewards[k] for k in range(t, count))
        found.append(total + discount ** (count - t) * last)
    return np.array(found)


def n_step(rewards, values, terminated, discount, steps):
    """Rewards of at most `steps` steps, stopped by a termination, else with a value behind."""
    found = []
    for t in range(len(rewards)):
        total, factor, k = 0.0, 1.0, t
        while k < len(rewards) and k < t + steps:
            total += factor * rewards[k]
            factor *= discount
            k += 1
            if terminated[k - 1]:
                factor = 0.0
                break
        found.append(total + factor * values[k])
    return np.array(found)


def categorical_target(reward, discount, next_p, next_q, support):
    """Algorithm 1 of Bellemare, Dabney, Munos 2017 for one sample: next_p (A, Z), next_q (A,)."""
    low, high, count = support[0], support[-1], len(support)
    step = (high - low) / (count - 1)
    best = int(np.argmax(next_q))
    mass = np.zeros(count)
    for j in range(count):
        moved = min(max(reward + discount * support[j], low), high)
        b = (moved - low) / step
        lower, upper = math.floor(b), math.ceil(b)
        if lower == upper:  # the paper loses this mass
            mass[lower] += next_p[best][j]
        else:
            mass[lower] += next_p[best][j] * (upper - b)
            mass[upper] += next_p[best][j] * (b - lower)
    return mass


def huber(u, width):
    """u^2 / 2 within `width`, width (|u| - width / 2) beyond."""
    return u * u / 2 if abs(u) <= width else width * (abs(u) - width / 2)


def quantile_huber(value, target, width):
    """Equations 8 to 10 of Dabney et al. 2018, divided by the width: one sample."""
    count = len(value)
    total = 0.0
    for i in range(count):
        level = (i / count + (i + 1) / count) / 2
        inner = 0.0
        for t in target:
            u = t - value[i]
            size = huber(u, width) / width if width else abs(u)
            inner += abs(level - (1 if u < 0 else 0)) * size
        total += inner / len(target)
    return total


def noisy_linear(x, weight, bias, weight_sigma, bias_sigma, normal_in, normal_out):
    """Equations 9 to 11 of Fortunato et al. 2018 for one sample x."""

    def f(e):
        return math.copysign(math.sqrt(abs(e)), e)

    found = []
    for i in range(len(bias)):
        total = bias[i] + bias_sigma[i] * f(normal_out[i])
        for j in range(len(x)):
            total += (weight[i][j] + weight_sigma[i][j] * f(normal_out[i]) * f(normal_in[j])) * x[j]
        found.append(total)
    return np.array(found)
