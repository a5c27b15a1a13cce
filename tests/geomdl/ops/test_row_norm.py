"""The passes of a weighted batch norm against numpy."""

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.row_norm import (
    picked_back,
    picked_outer,
    picked_product,
    row_activate,
    row_back,
    row_moments,
    row_sums,
)

ROWS, C = 700, 37


def made(dtype: torch.dtype) -> dict[str, Tensor]:
    g = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64).to(dtype)

    return {
        "x": normal(ROWS, C) + 3,
        "g": normal(ROWS, C),
        "w": torch.randint(1, 6, (ROWS,), generator=g).to(dtype),
        "a": normal(C),
        "b": normal(C),
        "m": normal(C),
        "k0": normal(C),
        "k1": normal(C),
    }


def numpy(tensors: dict[str, Tensor]) -> list[np.ndarray]:
    return [t.double().numpy() for t in tensors.values()]


def close(ours: Tensor, truth: np.ndarray) -> None:
    assert ours.is_contiguous()
    limit = 1e-5 if ours.dtype == torch.float32 else 1e-12
    error = np.abs(ours.double().numpy() - truth).max()
    assert error <= limit * max(1, np.abs(truth).max())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_passes_over_all_rows(backend: str, dtype: torch.dtype) -> None:
    t = made(dtype)
    x, g, w, a, b, m, k0, k1 = numpy(t)
    mean = (w[:, None] * x).sum(0) / w.sum()
    variance = (w[:, None] * (x - mean) ** 2).sum(0) / w.sum()
    close(row_moments(t["x"], t["w"]), np.stack([mean, variance]))
    close(row_moments(t["x"], None), np.stack([x.mean(0), x.var(0)]))
    y = x * a + b
    close(row_activate(t["x"], t["a"], t["b"], 0.2), np.where(y > 0, y, 0.2 * y))
    behind = np.where(y > 0, g, 0.2 * g)
    sums = np.stack([behind.sum(0), (behind * (x - m)).sum(0)])
    close(row_sums(t["g"], t["x"], t["a"], t["b"], t["m"], 0.2), sums)
    pull = k0 + k1 * (x - m)
    rest = (t["a"], t["b"], t["m"], t["k0"], t["k1"], 0.2)
    close(row_back(t["g"], t["x"], t["w"], *rest), a * behind - w[:, None] * pull)
    close(row_back(t["g"], t["x"], None, *rest), a * behind - pull)


def test_moments_far_from_zero(backend: str) -> None:
    x = made(torch.float32)["x"] + 1e4
    variance = row_moments(x, None)[1]
    np.testing.assert_allclose(variance.numpy(), x.double().numpy().var(0), rtol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_passes_over_picked_rows(backend: str, dtype: torch.dtype) -> None:
    t = made(dtype)
    x, g, w, _, _, m, k0, k1 = numpy(t)
    offsets = torch.tensor([0, 200, 201, 700])
    row = torch.stack(
        [torch.randint(lo, hi, (C,)) for lo, hi in ((0, 200), (200, 201), (201, 700))]
    )
    some = t["g"][:3].contiguous()
    sparse = np.zeros_like(x)
    for s in range(3):
        for c in range(C):
            sparse[row[s, c], c] += g[s, c]
    pull = k0 + k1 * (x - m)
    rest = (t["m"], t["k0"], t["k1"])
    close(picked_back(some, t["x"], row, offsets, t["w"], *rest), sparse - w[:, None] * pull)
    close(picked_back(some, t["x"], row, offsets, None, *rest), sparse - pull)
    matrix = t["x"][:C, :5].contiguous()
    base = t["x"][:, 5:10].contiguous()
    close(picked_product(base, some, row, matrix), x[:, 5:10] + sparse @ x[:C, :5])
    close(picked_outer(some, row, base), sparse.T @ x[:, 5:10])


def test_bits_do_not_depend_on_threads() -> None:
    t = made(torch.float32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            moments = row_moments(t["x"], t["w"])
            found.append((moments, row_sums(t["g"], t["x"], t["a"], t["b"], t["m"], 0.0)))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(p, q) for p, q in zip(*found, strict=True))


def test_what_does_not_fit_is_named_and_never_read() -> None:
    t, one = made(torch.float32), torch.ones(C)
    offsets, some = torch.tensor([0, 300, ROWS]), made(torch.float32)["g"][:2]
    row = torch.zeros(2, C, dtype=torch.int64)
    for ask, message in (
        (lambda: row_moments(t["x"], t["w"][:-1]), r"rows: expected a tensor \(700,\)"),
        (lambda: row_activate(t["x"], one[:-1], one, 0.0), r"rows: expected a tensor \(37,\)"),
        (lambda: row_sums(t["g"][:-1], t["x"], one, one, one, 0.0), r"tensor \(700, 37\)"),
        (
            lambda: row_back(t["g"], t["x"], None, one, one, one, one, one[:-1], 0.0),
            r"rows: expected a tensor \(37,\)",
        ),
        (
            lambda: picked_back(some, t["x"], row, offsets[:2], None, one, one, one),
            "offsets: expected ascending",
        ),
        (
            lambda: picked_back(some, t["x"], row + ROWS, offsets, None, one, one, one),
            "row: expected 0 to 699, got 700 to 700",
        ),
        (lambda: picked_product(t["x"], some, row, t["x"][:3]), r"tensor \(37, 37\)"),
        (lambda: picked_outer(some, row - 1, t["x"]), "row: expected 0 to 699, got -1 to -1"),
    ):
        with pytest.raises(GeometryError, match=message):
            ask()
