"""Point Transformer in numpy, from a state dict in the authors' layout; items one by one.

Evaluation only; neighbours, attention and interpolation in loops.
"""

import numpy as np

State = dict[str, np.ndarray]
SHARED = 8  # channels of a weight group: c and c + C/8 ... share a weight


def linear(state: State, name: str, x: np.ndarray) -> np.ndarray:
    y = x @ state[f"{name}.weight"].T
    return y + state[f"{name}.bias"] if f"{name}.bias" in state else y


def norm(state: State, name: str, x: np.ndarray) -> np.ndarray:
    x = (x - state[f"{name}.running_mean"]) / np.sqrt(state[f"{name}.running_var"] + 1e-5)
    return x * state[f"{name}.weight"] + state[f"{name}.bias"]


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def nearest(points: np.ndarray, query: np.ndarray, k: int) -> list[int]:
    return np.argsort(((points - query) ** 2).sum(1), kind="stable")[:k].tolist()


def attention(state: State, name: str, points: np.ndarray, x: np.ndarray, k: int) -> np.ndarray:
    query, key, value = (linear(state, f"{name}.linear_{n}", x) for n in "qkv")
    out = np.zeros_like(value)
    for i in range(len(points)):
        near = nearest(points, points[i], k)
        place = linear(state, f"{name}.linear_p.0", points[near] - points[i])
        place = relu(norm(state, f"{name}.linear_p.1", place))
        place = linear(state, f"{name}.linear_p.3", place)
        w = relu(norm(state, f"{name}.linear_w.0", key[near] - query[i] + place))
        w = relu(norm(state, f"{name}.linear_w.3", linear(state, f"{name}.linear_w.2", w)))
        w = linear(state, f"{name}.linear_w.5", w)
        w = np.exp(w - w.max(0))
        w = w / w.sum(0)
        v = value[near] + place
        for c in range(v.shape[1]):
            out[i, c] = (v[:, c] * w[:, c % (v.shape[1] // SHARED)]).sum()
    return out


def block(state: State, name: str, points: np.ndarray, x: np.ndarray, k: int) -> np.ndarray:
    y = relu(norm(state, f"{name}.bn1", linear(state, f"{name}.linear1", x)))
    y = relu(norm(state, f"{name}.bn2", attention(state, f"{name}.transformer2", points, y, k)))
    return relu(x + norm(state, f"{name}.bn3", linear(state, f"{name}.linear3", y)))


def fewer(state: State, name: str, points: np.ndarray, x: np.ndarray, k: int) -> tuple:
    """A quarter of the points, far apart, each with the largest of what is near."""
    chosen, gap = [0], np.full(len(points), np.inf)
    while len(chosen) < len(points) // 4:
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(gap.argmax()))
    out = []
    for i in chosen:
        near = nearest(points, points[i], k)
        rows = np.concatenate([points[near] - points[i], x[near]], 1)
        out.append(relu(norm(state, f"{name}.bn", linear(state, f"{name}.linear", rows))).max(0))
    return points[chosen], np.stack(out)


def spread(few: np.ndarray, x: np.ndarray, many: np.ndarray) -> np.ndarray:
    """From the three nearest, by inverse distance."""
    out = []
    for point in many:
        near = nearest(few, point, 3)
        w = np.array([1 / (np.linalg.norm(few[i] - point) + 1e-8) for i in near])
        out.append((w[:, None] * x[near]).sum(0) / w.sum())
    return np.stack(out)


def segment(
    state: State, points: np.ndarray, colours: np.ndarray, blocks: list[int], k: list[int]
) -> np.ndarray:
    """Points (N, 3), colours (N, C) -> logits (N, classes)."""
    x = linear(state, "enc1.0.linear", np.concatenate([points, colours], 1))
    x = relu(norm(state, "enc1.0.bn", x))
    levels = []
    for level, count in enumerate(blocks, 1):
        if level > 1:
            points, x = fewer(state, f"enc{level}.0", points, x, k[level - 1])
        for number in range(1, count + 1):
            x = block(state, f"enc{level}.{number}", points, x, k[level - 1])
        levels.append((points, x))
    top = len(blocks)
    mean = relu(linear(state, f"dec{top}.0.linear2.0", x.mean(0)))
    x = np.concatenate([x, np.tile(mean, (len(x), 1))], 1)
    x = relu(norm(state, f"dec{top}.0.linear1.1", linear(state, f"dec{top}.0.linear1.0", x)))
    x = block(state, f"dec{top}.1", points, x, k[-1])
    for level in range(top - 1, 0, -1):
        many, skip = levels[level - 1]
        name = f"dec{level}.0"
        skip = relu(norm(state, f"{name}.linear1.1", linear(state, f"{name}.linear1.0", skip)))
        x = relu(norm(state, f"{name}.linear2.1", linear(state, f"{name}.linear2.0", x)))
        x = block(state, f"dec{level}.1", many, skip + spread(points, x, many), k[level - 1])
        points = many
    return linear(state, "cls.3", relu(norm(state, "cls.1", linear(state, "cls.0", x))))
