"""Reductions over consecutive rows against loops."""

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.segments import segment_argmax, segment_max, segment_mean

OFFSETS = torch.tensor([0, 4, 4, 5, 12])


def values(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Small integers, so that many are equal."""
    g = torch.Generator().manual_seed(0)
    return torch.randint(-3, 4, (12, 5), generator=g).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("flip", [False, True])
def test_rows_of_the_largest_or_smallest(backend: str, dtype: torch.dtype, flip: bool) -> None:
    x = values(dtype)
    smallest = torch.tensor([True, False, True, False, False]) if flip else None
    found = segment_argmax(x, OFFSETS, smallest)
    for s in range(4):
        low, high = OFFSETS[s : s + 2].tolist()
        for c in range(5):
            column = x[low:high, c].tolist()
            best = min if flip and smallest[c] else max
            expected = low + column.index(best(column)) if column else -1
            assert found[s, c] == expected, (s, c)


def test_largest_values_and_their_gradient(backend: str) -> None:
    offsets = torch.tensor([0, 4, 5, 12])
    x = torch.rand(12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x.requires_grad_()
    parts = [x[0:4], x[4:5], x[5:12]]
    truth = torch.stack([p.amax(0) for p in parts])
    torch.testing.assert_close(segment_max(x, offsets), truth)
    assert torch.autograd.gradcheck(lambda x: segment_max(x, offsets), (x,))


def test_equal_values_send_their_gradient_to_the_first(backend: str) -> None:
    x = torch.ones(3, 1, requires_grad=True)
    segment_max(x, torch.tensor([0, 3])).sum().backward()
    assert x.grad is not None
    assert x.grad[:, 0].tolist() == [1, 0, 0]


def test_means_are_zero_where_nothing_is(backend: str) -> None:
    x = values()
    truth = torch.stack([x[0:4].mean(0), torch.zeros(5), x[4], x[5:12].mean(0)])
    torch.testing.assert_close(segment_mean(x, OFFSETS), truth)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_reduced_in_float32(dtype: torch.dtype) -> None:
    x = torch.ones(4000, 1, dtype=dtype)  # in 16 bits their sum would stop at 256 or 2048
    x[7] = 3
    x.requires_grad_()
    offsets = torch.tensor([0, 4000])
    largest, mean = segment_max(x, offsets), segment_mean(x, offsets)
    assert (largest.dtype, mean.dtype, largest.item()) == (dtype, dtype, 3.0)
    assert mean.item() == pytest.approx(1.0005, abs=1e-3)
    largest.sum().backward()
    assert x.grad is not None
    assert x.grad.nonzero().tolist() == [[7, 0]]


def test_no_rows_at_all(backend: str) -> None:
    found = segment_argmax(torch.zeros(0, 3), torch.tensor([0, 0, 0]))
    assert found.tolist() == [[-1] * 3] * 2


def test_bad_arguments_are_named() -> None:
    with pytest.raises(GeometryError, match="segment 1 has no rows"):
        segment_max(values(), OFFSETS)
    with pytest.raises(GeometryError, match="offsets"):
        segment_argmax(values(), torch.tensor([0, 5]))
    with pytest.raises(GeometryError, match="smallest: expected 5 flags, got 2"):
        segment_argmax(values(), OFFSETS, torch.tensor([True, False]))
