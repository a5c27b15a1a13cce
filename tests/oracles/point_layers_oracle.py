"""Layers on points in numpy, by loops: batch norms by the statistics of what they are given."""

import itertools

import numpy as np


def norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Rows (N, C) as batch norm in training."""
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) * weight + bias


def leaky(x: np.ndarray, slope: float) -> np.ndarray:
    return np.where(x > 0, x, slope * x)


def farthest(points: np.ndarray, count: int) -> list[int]:
    chosen = [0]
    gap = np.full(len(points), np.inf)
    while len(chosen) < count:
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(gap.argmax()))
    return chosen


def nearest(points: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    return np.argsort(((points - query) ** 2).sum(1), kind="stable")[:k].tolist()


def ball(points: np.ndarray, query: np.ndarray, radius: float, count: int) -> list[int]:
    """The first within the radius; the very first repeated."""
    inside = [i for i, p in enumerate(points) if ((p - query) ** 2).sum() <= radius**2]
    return (inside + inside[:1] * count)[:count]


Layers = list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]  # matrix, bias, norm's two


def grouped_mlp(groups: list[np.ndarray], layers: Layers, slope: float) -> np.ndarray:
    """Groups of rows (K, C) -> the largest behind the layers (S, C'); norms see all groups."""
    x = np.concatenate(groups)
    for matrix, bias, scale, shift in layers:
        x = leaky(norm(x @ matrix.T + bias, scale, shift), slope)
    bounds = np.cumsum([0, *map(len, groups)])
    return np.stack([x[a:b].max(0) for a, b in itertools.pairwise(bounds)])


def inverse_distance(
    values: np.ndarray, points: np.ndarray, query: np.ndarray, k: int, power: int
) -> np.ndarray:
    near = nearest(points, query, k)
    weight = [1 / (np.linalg.norm(points[i] - query) ** power + 1e-8) for i in near]
    return sum(w * values[i] for w, i in zip(weight, near, strict=True)) / sum(weight)


def vector_attention(
    state: dict[str, np.ndarray],
    points: np.ndarray,
    x: np.ndarray,
    neighbors: list[list[int]],
    groups: int,
) -> np.ndarray:
    """Equation 3 of Point Transformer, by pairs (i, j); groups share a weight every C/groups."""

    def linear(name: str, rows: np.ndarray) -> np.ndarray:
        return rows @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def normed(name: str, rows: np.ndarray) -> np.ndarray:
        return np.maximum(norm(rows, state[f"{name}.weight"], state[f"{name}.bias"]), 0)

    query, key, value = (linear(name, x) for name in ("query", "key", "value"))
    pairs = [(i, j) for i, near in enumerate(neighbors) for j in near]
    offset = np.stack([points[j] - points[i] for i, j in pairs])
    place = linear("place2", normed("place_norm", linear("place1", offset)))
    relation = np.stack([key[j] - query[i] for i, j in pairs]) + place
    w = linear("weigh1", normed("weigh_norm1", relation))
    w = linear("weigh2", normed("weigh_norm2", w))
    out = np.zeros_like(value)
    for i in range(len(points)):
        mine = [n for n, pair in enumerate(pairs) if pair[0] == i]
        share = np.exp(w[mine] - w[mine].max(0))
        share = share / share.sum(0)
        for n, row in zip(mine, share, strict=True):
            v = value[pairs[n][1]] + place[n]
            for c in range(len(v)):
                out[i, c] += v[c] * row[c % (len(v) // groups)]
    return out
