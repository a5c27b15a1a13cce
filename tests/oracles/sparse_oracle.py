"""Sparse convolution by dictionaries and loops in NumPy. Imports nothing of ours.

A batch of sites is a list of items, each a list of cells (tuples of ints).
"""

import itertools

import numpy as np

Cell = tuple[int, ...]
Batch = list[list[Cell]]


def interleaved(cell: Cell) -> int:
    """Bit b of axis a is bit D b + a of the key."""
    key = 0
    for axis, value in enumerate(cell):
        for bit in range(31):
            key |= (value >> bit & 1) << (len(cell) * bit + axis)
    return key


def in_order(cells: "set[Cell]") -> list[Cell]:
    return sorted(cells, key=interleaved)


def entries(kernel: list[int]) -> list[Cell]:
    return list(itertools.product(*map(range, kernel)))


def read_cell(cell: Cell, entry: Cell, kernel, stride, dilation, padding) -> Cell:
    """The fine cell that an entry of the kernel reads for a coarse cell."""
    found = []
    for axis, at in enumerate(cell):
        size, step = kernel[axis], dilation[axis]
        if padding is not None:
            first = -padding[axis]
        elif size % 2 == 1:
            first = -(size // 2) * step
        else:
            first = 0
        found.append(at * stride[axis] + first + entry[axis] * step)
    return tuple(found)


def table(fine: Batch, coarse: Batch, kernel, stride, dilation, padding=None) -> np.ndarray:
    rows, start = [], 0
    for fine_cells, coarse_cells in zip(fine, coarse, strict=True):
        known = {cell: start + row for row, cell in enumerate(fine_cells)}
        start += len(fine_cells)
        for cell in coarse_cells:
            reads = [
                read_cell(cell, entry, kernel, stride, dilation, padding)
                for entry in entries(kernel)
            ]
            rows.append([known.get(read, -1) for read in reads])
    return np.array(rows, dtype=np.int32).reshape(-1, len(entries(kernel)))


def transposed(table: np.ndarray, count: int) -> np.ndarray:
    result = np.full((count, table.shape[1]), -1, np.int32)
    for m, row in enumerate(table):
        for k, n in enumerate(row):
            if n >= 0:
                result[n, k] = m
    return result


def parents(batch: Batch, stride) -> Batch:
    return [
        in_order({tuple(c // s for c, s in zip(cell, stride, strict=True)) for cell in cells})
        for cells in batch
    ]


def children(batch: Batch, stride) -> Batch:
    return [
        in_order(
            {
                tuple(c * s + o for c, s, o in zip(cell, stride, offset, strict=True))
                for cell in cells
                for offset in entries(stride)
            }
        )
        for cells in batch
    ]


def reached(batch: Batch, kernel, stride, dilation, padding, extent) -> Batch:
    """By trial: every output cell of the grid whose window holds a site."""
    result = []
    for cells in batch:
        known = set(cells)
        if extent is None:
            last = [
                (max((c[a] for c in cells), default=0) + padding[a]) // stride[a]
                for a in range(len(kernel))
            ]
        else:
            last = [
                (e + 2 * p - d * (k - 1) - 1) // s
                for e, p, d, k, s in zip(extent, padding, dilation, kernel, stride, strict=True)
            ]
        outputs = set()
        for cell in itertools.product(*(range(n + 1) for n in last)):
            reads = (
                read_cell(cell, entry, kernel, stride, dilation, padding)
                for entry in entries(kernel)
            )
            if any(read in known for read in reads):
                outputs.add(cell)
        result.append(in_order(outputs))
    return result


def convolve(features, weight, table, bias, groups: int) -> np.ndarray:
    """Features (N, C), weight (K, C/groups, O), table (M, K) -> (M, O) in float64."""
    inner, outputs = weight.shape[1], weight.shape[2]
    result = np.zeros((len(table), outputs))
    for m, row in enumerate(table):
        for o in range(outputs):
            group = o // (outputs // groups)
            total = 0.0 if bias is None else float(bias[o])
            for k, n in enumerate(row):
                if n >= 0:
                    for c in range(inner):
                        total += float(features[n, group * inner + c]) * float(weight[k, c, o])
            result[m, o] = total
    return result


def gradients(features, weight, table, gradient, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Of sum(convolve(...) * gradient): in features and in weight."""
    inner, outputs = weight.shape[1], weight.shape[2]
    by_features, by_weight = np.zeros(features.shape), np.zeros(weight.shape)
    for m, row in enumerate(table):
        for k, n in enumerate(row):
            if n < 0:
                continue
            for o in range(outputs):
                first = o // (outputs // groups) * inner
                for c in range(inner):
                    by_features[n, first + c] += gradient[m, o] * weight[k, c, o]
                    by_weight[k, c, o] += gradient[m, o] * features[n, first + c]
    return by_features, by_weight
