"""PointNet++ in numpy, from a state dict in yanx27's layout; objects one by one, loops over groups.

Evaluation only: batch norms by their running statistics, no dropout. Farthest points start at 0.
"""

import numpy as np

State = dict[str, np.ndarray]


def norm(state: State, name: str, x: np.ndarray) -> np.ndarray:
    """x (..., C) by the running statistics."""
    deviation = np.sqrt(state[f"{name}.running_var"] + 1e-5)
    x = (x - state[f"{name}.running_mean"]) / deviation
    return x * state[f"{name}.weight"] + state[f"{name}.bias"]


def affine(state: State, name: str, x: np.ndarray) -> np.ndarray:
    """A linear layer or a convolution of extent 1 on x (..., C)."""
    weight = state[f"{name}.weight"]
    return x @ weight.reshape(weight.shape[0], weight.shape[1]).T + state[f"{name}.bias"]


def layers(state: State, convs: str, norms: str, x: np.ndarray) -> np.ndarray:
    i = 0
    while f"{convs}.{i}.weight" in state:
        x = np.maximum(norm(state, f"{norms}.{i}", affine(state, f"{convs}.{i}", x)), 0)
        i += 1
    return x


def far_apart(points: np.ndarray, count: int) -> list[int]:
    chosen = [0]
    gap = np.full(len(points), np.inf)
    while len(chosen) < count:
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(np.argmax(gap)))
    return chosen


def ball(points: np.ndarray, centre: np.ndarray, radius: float, count: int) -> list[int]:
    """The first within the radius, the first of all repeated to fill up."""
    inside = [
        i for i, p in enumerate(points) if ((p - centre) ** 2).sum() <= np.float32(radius) ** 2
    ]
    return (inside + inside[:1] * count)[:count]


def abstraction(
    state: State,
    name: str,
    points: np.ndarray,
    features: np.ndarray | None,
    count: int,
    balls: list[tuple[float, int]],
) -> tuple[np.ndarray, np.ndarray]:
    """Single scale (mlp_convs) sees positions first, several scales (conv_blocks) see them last."""
    single = f"{name}.mlp_convs.0.weight" in state
    centres = points[far_apart(points, count)]
    rows = []
    for centre in centres:
        row = []
        for s, (radius, most) in enumerate(balls):
            members = ball(points, centre, radius, most)
            parts = [points[members] - centre]
            if features is not None:
                parts.insert(1 if single else 0, features[members])
            convs = f"{name}.mlp_convs" if single else f"{name}.conv_blocks.{s}"
            norms = f"{name}.mlp_bns" if single else f"{name}.bn_blocks.{s}"
            row.append(layers(state, convs, norms, np.concatenate(parts, 1)).max(0))
        rows.append(np.concatenate(row))
    return centres, np.stack(rows)


def whole(state: State, name: str, points: np.ndarray, features: np.ndarray) -> np.ndarray:
    x = np.concatenate([points, features], 1)
    return layers(state, f"{name}.mlp_convs", f"{name}.mlp_bns", x).max(0)


def propagation(
    state: State,
    name: str,
    queries: np.ndarray,
    points: np.ndarray,
    skip: np.ndarray | None,
    values: np.ndarray,
) -> np.ndarray:
    rows = []
    for q in queries:
        squared = ((points - q) ** 2).sum(1)
        near = np.argsort(squared, kind="stable")[:3]
        weight = 1 / (squared[near] + 1e-8)
        rows.append((values[near] * (weight / weight.sum())[:, None]).sum(0))
    x = np.stack(rows)
    x = x if skip is None else np.concatenate([skip, x], 1)
    return layers(state, f"{name}.mlp_convs", f"{name}.mlp_bns", x)


Level = tuple[int, list[tuple[float, int]]]


def classify(
    state: State, points: np.ndarray, normals: np.ndarray | None, levels: list[Level]
) -> np.ndarray:
    """Logits of one object: pointnet2_cls_ssg and pointnet2_cls_msg."""
    features = normals
    for i, (count, balls) in enumerate(levels):
        points, features = abstraction(state, f"sa{i + 1}", points, features, count, balls)
    assert features is not None
    x = whole(state, f"sa{len(levels) + 1}", points, features)
    x = np.maximum(norm(state, "bn1", affine(state, "fc1", x)), 0)
    x = np.maximum(norm(state, "bn2", affine(state, "fc2", x)), 0)
    return affine(state, "fc3", x)


def parts(
    state: State, points: np.ndarray, category: int, categories: int, levels: list[Level]
) -> np.ndarray:
    """Logits of every point of one object: pointnet2_part_seg_ssg and _msg, without normals."""
    (n1, balls1), (n2, balls2) = levels
    p1, f1 = abstraction(state, "sa1", points, points, n1, balls1)
    p2, f2 = abstraction(state, "sa2", p1, f1, n2, balls2)
    f3 = whole(state, "sa3", p2, f2)
    x = np.concatenate([f2, np.repeat(f3[None], n2, 0)], 1)
    f2 = layers(state, "fp3.mlp_convs", "fp3.mlp_bns", x)
    f1 = propagation(state, "fp2", p1, p2, f1, f2)
    known = np.zeros((len(points), categories), np.float32)
    known[:, category] = 1
    skip = np.concatenate([known, points, points], 1)
    x = propagation(state, "fp1", points, p1, skip, f1)
    x = np.maximum(norm(state, "bn1", affine(state, "conv1", x)), 0)
    return affine(state, "conv2", x)


def scene(
    state: State, points: np.ndarray, features: np.ndarray, levels: list[Level]
) -> np.ndarray:
    """Logits of every point: pointnet2_sem_seg and _msg; features (N, 9) with the positions."""
    pyramid = [(points, features)]
    for i, (count, balls) in enumerate(levels):
        pyramid.append(abstraction(state, f"sa{i + 1}", *pyramid[-1], count, balls))
    values = pyramid[-1][1]
    for i in (4, 3, 2, 1):
        skip = pyramid[i - 1][1] if i > 1 else None
        values = propagation(state, f"fp{i}", pyramid[i - 1][0], pyramid[i][0], skip, values)
    x = np.maximum(norm(state, "bn1", affine(state, "conv1", values)), 0)
    return affine(state, "conv2", x)
