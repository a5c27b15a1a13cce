"""PointNet in numpy, from a state dict in fxia22's layout: evaluation of one object."""

import numpy as np

State = dict[str, np.ndarray]


def layer(
    state: State, linear: str, norm: str | None, x: np.ndarray, rectify: bool = True
) -> np.ndarray:
    """Linear layer or convolution of extent 1, batch norm by running statistics, ReLU."""
    weight = state[f"{linear}.weight"]
    x = np.einsum("...i,oi->...o", x, weight.reshape(weight.shape[:2])) + state[f"{linear}.bias"]
    if norm is None:
        return x
    x = (x - state[f"{norm}.running_mean"]) / np.sqrt(state[f"{norm}.running_var"] + 1e-5)
    x = x * state[f"{norm}.weight"] + state[f"{norm}.bias"]
    return np.maximum(x, 0) if rectify else x


def transform(state: State, name: str, x: np.ndarray) -> np.ndarray:
    """x (N, C) -> the matrix (C, C) that its T-Net predicts."""
    side = x.shape[1]
    for i in (1, 2, 3):
        x = layer(state, f"{name}.conv{i}", f"{name}.bn{i}", x)
    x = x.max(0)
    x = layer(state, f"{name}.fc1", f"{name}.bn4", x)
    x = layer(state, f"{name}.fc2", f"{name}.bn5", x)
    return layer(state, f"{name}.fc3", None, x).reshape(side, side) + np.eye(side)


def features(state: State, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) -> local (N, 64), global (1024,)."""
    x = points @ transform(state, "feat.stn", points)
    x = layer(state, "feat.conv1", "feat.bn1", x)
    if "feat.fstn.conv1.weight" in state:
        x = x @ transform(state, "feat.fstn", x)
    top = layer(state, "feat.conv2", "feat.bn2", x)
    return x, layer(state, "feat.conv3", "feat.bn3", top, rectify=False).max(0)


def classify(state: State, points: np.ndarray) -> np.ndarray:
    """PointNetCls: logits (K,)."""
    _, x = features(state, points)
    x = layer(state, "fc1", "bn1", x)
    return layer(state, "fc3", None, layer(state, "fc2", "bn2", x))


def segment(state: State, points: np.ndarray) -> np.ndarray:
    """PointNetDenseCls: logits (N, K); the global features stand before the local ones."""
    local, top = features(state, points)
    x = np.concatenate([np.repeat(top[None], len(points), 0), local], 1)
    for i in (1, 2, 3):
        x = layer(state, f"conv{i}", f"bn{i}", x)
    return layer(state, "conv4", None, x)
