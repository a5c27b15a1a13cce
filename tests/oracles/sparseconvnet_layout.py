"""SparseConvNet's U-Net written out with numpy and dictionaries, by its numbered containers.

Sites are a dictionary from (item, *coordinates) to values. A kernel's entries are in row-major
order, its matrices (I, O). Evaluation.
"""

import itertools

import numpy as np


def entries(kernel, inputs, sizes):
    """Offset -> matrix (I, O), whatever of the three layouts the file has."""
    flat = kernel.reshape(-1, kernel.shape[-1])
    for number, index in enumerate(itertools.product(*map(range, sizes))):
        yield index, flat[number * inputs : (number + 1) * inputs]


def submanifold(field, kernel, axes):
    inputs = len(next(iter(field.values())))
    table = list(entries(kernel, inputs, (3,) * axes))
    out = {}
    for item, *at in field:
        total = 0.0
        for index, matrix in table:
            read = (item, *(c + i - 1 for c, i in zip(at, index, strict=True)))
            if read in field:
                total = total + field[read] @ matrix
        out[(item, *at)] = total
    return out


def down(field, kernel, axes):
    inputs = len(next(iter(field.values())))
    table = dict(entries(kernel, inputs, (2,) * axes))
    out = {}
    for (item, *at), value in field.items():
        place = (item, *(c // 2 for c in at))
        out[place] = out.get(place, 0.0) + value @ table[tuple(c % 2 for c in at)]
    return out


def up(field, kernel, axes, onto):
    inputs = len(next(iter(field.values())))
    table = dict(entries(kernel, inputs, (2,) * axes))
    return {
        (item, *at): field[(item, *(c // 2 for c in at))] @ table[tuple(c % 2 for c in at)]
        for item, *at in onto
    }


def norm_relu(field, state, name):
    scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.runningVar"] + 1e-4)
    shift = state[f"{name}.bias"] - state[f"{name}.runningMean"] * scale
    return {place: np.maximum(value * scale + shift, 0) for place, value in field.items()}


def unet(field, state, axes, *, levels, repeats, residual):
    """The whole model: stem, U-Net, norm, linear."""

    def block(x, name):
        if not residual:
            return submanifold(norm_relu(x, state, f"{name}.0"), state[f"{name}.1.weight"], axes)
        y = x
        for part in (0, 2):
            y = norm_relu(y, state, f"{name}.1.{part}")
            y = submanifold(y, state[f"{name}.1.{part + 1}.weight"], axes)
        matrix = state.get(f"{name}.0.weight")
        return {p: y[p] + (v if matrix is None else v @ matrix) for p, v in x.items()}

    def stage(x, name, left):
        step = 2 if residual else 1  # a residual block is a table and its sum
        for number in range(repeats):
            x = block(x, f"{name}.{number * step}")
        if left == 1:
            return x
        place = repeats * step
        inner = f"{name}.{place}.1"
        y = down(norm_relu(x, state, f"{inner}.0"), state[f"{inner}.1.weight"], axes)
        y = norm_relu(stage(y, f"{inner}.2", left - 1), state, f"{inner}.3")
        y = up(y, state[f"{inner}.4.weight"], axes, x)
        x = {p: np.concatenate([v, y[p]]) for p, v in x.items()}
        for number in range(repeats):
            x = block(x, f"{name}.{place + 2 + number * step}")
        return x

    x = submanifold(field, state["sparseModel.1.weight"], axes)
    x = norm_relu(stage(x, "sparseModel.2", levels), state, "sparseModel.3")
    return {p: v @ state["linear.weight"].T + state["linear.bias"] for p, v in x.items()}
