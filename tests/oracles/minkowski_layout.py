"""MinkowskiEngine's and spconv's layers written out with numpy and dictionaries, in their layouts.

Sites are a dictionary from (item, *coordinates) to values; a kernel is read entry by entry where
its library puts the entry. Coordinates are those of the level itself.
"""

import itertools

import numpy as np


def offsets(sizes):
    """Of each entry, row-major: odd kernels are centred, even ones start at 0."""
    starts = [-(k // 2) if k % 2 else 0 for k in sizes]
    for index in itertools.product(*map(range, sizes)):
        yield index, tuple(s + i for s, i in zip(starts, index, strict=True))


def minkowski_entry(kernel, index, sizes):
    """The matrix (I, O) of an entry; the first axis is the fastest."""
    if kernel.ndim == 2:
        return kernel
    place, step = 0, 1
    for i, k in zip(index, sizes, strict=True):
        place, step = place + i * step, step * k
    return kernel[place]


def spconv_entry(kernel, index, sizes):
    """The matrix (I, O) of an entry of (O, *K, I)."""
    return np.stack([kernel[(o, *index)] for o in range(kernel.shape[0])], 1)


def convolve(field, kernel, entry, sizes, stride=1, bias=0.0):
    """{place: values} -> {place: values} at floor(place / stride)."""
    out = {}
    for item, *at in field:
        place = (item, *(c // stride for c in at))
        if place in out:
            continue
        total = bias
        for index, offset in offsets(sizes):
            read = (item, *(c * stride + o for c, o in zip(place[1:], offset, strict=True)))
            if read in field:
                total = total + field[read] @ entry(kernel, index, sizes)
        out[place] = total
    return out


def convolve_transposed(field, kernel, entry, sizes, onto, stride=2):
    """{place: values} -> {place: values} at the finer places `onto`."""
    out = {}
    for item, *at in onto:
        total = 0.0
        for index, offset in offsets(sizes):
            source = [c - o for c, o in zip(at, offset, strict=True)]
            read = (item, *(c // stride for c in source))
            if all(c % stride == 0 for c in source) and read in field:
                total = total + field[read] @ entry(kernel, index, sizes)
        out[(item, *at)] = total
    return out


def norm(field, state, name):
    scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + 1e-5)
    shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
    return {place: value * scale + shift for place, value in field.items()}


def relu(field):
    return {place: np.maximum(value, 0) for place, value in field.items()}


def add(one, two):
    return {place: value + two[place] for place, value in one.items()}


def beside(one, two):
    return {place: np.concatenate([value, two[place]]) for place, value in one.items()}


def minkunet(field, state, axes, stem=5):
    """A MinkUNet with basic blocks in evaluation, by MinkowskiEngine's names of parameters."""

    def conv(x, name, size, stride=1, bias=0.0):
        sizes = (size,) * axes
        return convolve(x, state[f"{name}.kernel"], minkowski_entry, sizes, stride, bias)

    def blocks(x, name):
        for number in itertools.count():
            part = f"{name}.{number}"
            if f"{part}.conv1.kernel" not in state:
                return x
            y = relu(norm(conv(x, f"{part}.conv1", 3), state, f"{part}.norm1.bn"))
            y = norm(conv(y, f"{part}.conv2", 3), state, f"{part}.norm2.bn")
            if f"{part}.downsample.0.kernel" in state:
                fitted = conv(x, f"{part}.downsample.0", 1)
                x = norm(fitted, state, f"{part}.downsample.1.bn")
            x = relu(add(y, x))

    x = relu(norm(conv(field, "conv0p1s1", stem), state, "bn0.bn"))
    skips = []
    for level in range(1, 5):
        skips.append(x)
        x = relu(norm(conv(x, f"conv{level}p{2 ** (level - 1)}s2", 2, 2), state, f"bn{level}.bn"))
        x = blocks(x, f"block{level}")
    for level in range(4, 8):
        skip = skips.pop()
        kernel = state[f"convtr{level}p{2 ** (8 - level)}s2.kernel"]
        x = convolve_transposed(x, kernel, minkowski_entry, (2,) * axes, skip)
        x = blocks(beside(relu(norm(x, state, f"bntr{level}.bn")), skip), f"block{level + 1}")
    return conv(x, "final", 1, bias=state["final.bias"][0])


def fcgf(field, state, axes, stem):
    """ResUNetBN2 of chrischoy/FCGF in evaluation, by its names of parameters."""

    def conv(x, name, size, stride=1, bias=0.0):
        sizes = (size,) * axes
        return convolve(x, state[f"{name}.kernel"], minkowski_entry, sizes, stride, bias)

    def block(x, name):
        y = relu(norm(conv(x, f"{name}.conv1", 3), state, f"{name}.norm1.bn"))
        y = norm(conv(y, f"{name}.conv2", 3), state, f"{name}.norm2.bn")
        return relu(add(y, x))

    x, skips = field, []
    for level in range(1, 5):
        size, stride = (stem, 1) if level == 1 else (3, 2)
        x = block(
            norm(conv(x, f"conv{level}", size, stride), state, f"norm{level}.bn"), f"block{level}"
        )
        skips.append(x)
    skips.pop()
    for level in (4, 3, 2):
        skip = skips.pop()
        kernel = state[f"conv{level}_tr.kernel"]
        x = convolve_transposed(x, kernel, minkowski_entry, (3,) * axes, skip)
        x = beside(block(norm(x, state, f"norm{level}_tr.bn"), f"block{level}_tr"), skip)
    x = conv(relu(conv(x, "conv1_tr", 1)), "final", 1, bias=state["final.bias"][0])
    return {place: value / np.linalg.norm(value) for place, value in x.items()}
