"""DGCNN in numpy, from a state dict in antao97's layout; objects one by one, edges in loops.

Evaluation only. The scene network gets nine columns: positions, colours, place in the room.
"""

import numpy as np

State = dict[str, np.ndarray]


def norm(state: State, name: str, x: np.ndarray) -> np.ndarray:
    x = (x - state[f"{name}.running_mean"]) / np.sqrt(state[f"{name}.running_var"] + 1e-5)
    return x * state[f"{name}.weight"] + state[f"{name}.bias"]


def product(state: State, name: str, x: np.ndarray) -> np.ndarray:
    weight = state[f"{name}.weight"]
    y = x @ weight.reshape(weight.shape[:2]).T
    return y + state[f"{name}.bias"] if f"{name}.bias" in state else y


def leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


def layer(state: State, name: str, x: np.ndarray) -> np.ndarray:
    """A convolution of extent 1 with its norm and activation."""
    return leaky(norm(state, f"{name}.1", product(state, f"{name}.0", x)))


def edges(x: np.ndarray, k: int, by: np.ndarray | None = None) -> np.ndarray:
    """(N, C) -> (N, k, 2C): x_j - x_i beside x_i for the k nearest, by `by` where it is given."""
    by = x if by is None else by
    out = np.empty((len(x), k, 2 * x.shape[1]))
    for i in range(len(x)):
        near = np.argsort(((by - by[i]) ** 2).sum(1), kind="stable")[:k]
        for slot, j in enumerate(near):
            out[i, slot] = np.concatenate([x[j] - x[i], x[i]])
    return out


def stacked(state: State, x: np.ndarray, k: int, by: np.ndarray | None = None) -> list[np.ndarray]:
    """conv1 to conv5: two layers on edges, two, and one."""
    found = []
    for names in (("conv1", "conv2"), ("conv3", "conv4"), ("conv5",)):
        x, by = edges(x, k, by), None
        for name in names:
            x = layer(state, name, x)
        x = x.max(1)
        found.append(x)
    return found


def classify(state: State, points: np.ndarray, k: int) -> np.ndarray:
    x, found = points, []
    for name in ("conv1", "conv2", "conv3", "conv4"):
        x = layer(state, name, edges(x, k)).max(1)
        found.append(x)
    x = layer(state, "conv5", np.concatenate(found, 1))
    x = np.concatenate([x.max(0), x.mean(0)])
    x = leaky(norm(state, "bn6", product(state, "linear1", x)))
    x = leaky(norm(state, "bn7", product(state, "linear2", x)))
    return product(state, "linear3", x)


def turned(state: State, points: np.ndarray, k: int) -> np.ndarray:
    inner = {n.removeprefix("transform_net."): v for n, v in state.items() if "transform_net" in n}
    x = layer(inner, "conv2", layer(inner, "conv1", edges(points, k))).max(1)
    x = layer(inner, "conv3", x).max(0)
    x = leaky(norm(inner, "bn3", product(inner, "linear1", x)))
    x = leaky(norm(inner, "bn4", product(inner, "linear2", x)))
    return points @ product(inner, "transform", x).reshape(3, 3)


def parts(state: State, points: np.ndarray, category: int, categories: int, k: int) -> np.ndarray:
    found = stacked(state, turned(state, points, k), k)
    whole = layer(state, "conv6", np.concatenate(found, 1)).max(0)
    known = layer(state, "conv7", np.eye(categories)[category])
    every = np.tile(np.concatenate([whole, known]), (len(points), 1))
    x = np.concatenate([every, *found], 1)
    for name in ("conv8", "conv9", "conv10"):
        x = layer(state, name, x)
    return product(state, "conv11", x)


def scene(state: State, nine: np.ndarray, k: int) -> np.ndarray:
    found = stacked(state, nine, k, by=nine[:, 6:])
    whole = layer(state, "conv6", np.concatenate(found, 1)).max(0)
    x = np.concatenate([np.tile(whole, (len(nine), 1)), *found], 1)
    return product(state, "conv9", layer(state, "conv8", layer(state, "conv7", x)))
