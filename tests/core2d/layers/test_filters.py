import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter

from core2d.errors import InputError
from core2d.layers import filters
from core2d.space import Dense
from tests.core2d.listed_space import ListedSpace, dense, listed


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(x, kernel, sign):
    """sum_m K(m) I(i + sign m); m = 0 is the middle of odd axes and the start of even ones."""
    y = torch.zeros_like(x)
    zero = [k // 2 if k % 2 else 0 for k in kernel.shape]
    for place in torch.ones(x.shape[2:]).nonzero().tolist():
        for index in torch.ones(kernel.shape).nonzero().tolist():
            at = [p + sign * (i - z) for p, i, z in zip(place, index, zero, strict=True)]
            if all(0 <= a < n for a, n in zip(at, x.shape[2:], strict=True)):
                y[(..., *place)] += kernel[tuple(index)] * x[(..., *at)]
    return y


@pytest.mark.parametrize("shape", [(3,), (2,), (3, 3), (2, 5), (4, 3), (3, 2, 3)])
def test_correlation_and_convolution_are_their_sums(shape):
    axes = len(shape)
    x, kernel = randn(2, 3, *(6, 5, 4)[:axes]), randn(*shape, seed=1)
    for operator, sign in ((filters.correlate, 1), (filters.convolve, -1)):
        expected = by_loops(x, kernel, sign)
        torch.testing.assert_close(operator(Dense(axes), x, kernel), expected)
        toy = operator(ListedSpace(axes), listed(x), kernel)
        torch.testing.assert_close(dense(toy, tuple(x.shape[2:])), expected)


def test_a_point_becomes_the_kernel():
    """The point-spread function: convolution draws the kernel, correlation its mirror image."""
    point, kernel = torch.zeros(1, 1, 5, 5), torch.arange(9.0).view(3, 3)
    point[0, 0, 2, 2] = 1
    drawn = filters.convolve(Dense(2), point, kernel)[0, 0, 1:4, 1:4]
    assert torch.equal(drawn, kernel)
    mirrored = filters.correlate(Dense(2), point, kernel)[0, 0, 1:4, 1:4]
    assert torch.equal(mirrored, kernel.flip(0, 1))


def test_symmetric_kernels_do_not_tell_the_two_apart():
    x = randn(1, 1, 6, 6)
    for kernel in (filters.edge(), filters.box(), filters.binomial(), filters.sharpen()):
        a, b = (f(Dense(2), x, kernel) for f in (filters.correlate, filters.convolve))
        torch.testing.assert_close(a, b)
    slope = filters.sobel(2, 0)
    a, b = (f(Dense(2), x, slope) for f in (filters.correlate, filters.convolve))
    torch.testing.assert_close(a, -b)


def test_kernels_of_the_lecture():
    assert filters.edge().tolist() == [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    assert filters.sharpen().tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert (16 * filters.binomial()).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    torch.testing.assert_close(9 * filters.box(), torch.ones(3, 3))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_kernels_make_of_a_flat_field(axes):
    flat = torch.full((1, 1, *(5,) * axes), 7.0)
    middle = (0, 0, *(2,) * axes)
    kernels = {filters.edge: 0, filters.box: 7, filters.sharpen: 7, filters.binomial: 7}
    for make, value in kernels.items():
        y = filters.correlate(Dense(axes), flat, make(axes))
        assert float(y[middle]) == pytest.approx(value, abs=1e-5), make.__name__


def test_the_forward_difference_and_its_sign():
    """Correlation with [-1, 1] is I(i+1) - I(i); true convolution with it is the negative."""
    x = torch.tensor([1.0, 4, 9, 16, 25]).view(1, 1, 5)
    kernel = filters.forward_difference(1)
    assert filters.correlate(Dense(1), x, kernel)[0, 0, :-1].tolist() == [3, 5, 7, 9]
    assert filters.convolve(Dense(1), x, kernel)[0, 0, 1:].tolist() == [-3, -5, -7, -9]
    assert filters.convolve(Dense(1), x, -kernel)[0, 0, 1:].tolist() == [3, 5, 7, 9]
    assert filters.forward_difference(3, 1).shape == (1, 2, 1)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradients_of_linear_fields_are_their_slopes(axes):
    slopes = torch.tensor([2.0, -3.0, 0.5])[:axes]
    x = (Dense(axes).positions(torch.zeros(1, 1, *(6,) * axes)) * slopes).sum(1)
    parts = filters.gradient(Dense(axes), x.view(1, 1, *(6,) * axes))
    inner = (0, 0, *(slice(1, -1),) * axes)
    for part, slope in zip(parts, slopes, strict=True):
        torch.testing.assert_close(part[inner], slope.expand_as(part[inner]))


def test_gaussian_has_its_width():
    kernel = filters.gaussian(2.0)
    place = torch.arange(len(kernel)) - len(kernel) // 2
    assert float(kernel.sum()) == pytest.approx(1)
    assert math.sqrt(float((kernel * place**2).sum())) == pytest.approx(2, rel=1e-3)
    with pytest.raises(InputError, match="sigma: expected more than 0, got 0"):
        filters.gaussian(0)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_blurring_is_separable_and_keeps_constants(axes):
    """One axis after the other equals the whole kernel at once, away from the borders."""
    extent, radius = (13,) * axes, 4
    x = randn(1, 2, *extent).float()
    y = filters.blur(Dense(axes), x, 1.0)
    whole = filters.outer([filters.gaussian(1.0)] * axes)
    inner = (..., *(slice(radius, -radius),) * axes)
    torch.testing.assert_close(y[inner], filters.correlate(Dense(axes), x, whole)[inner])
    flat = torch.full((1, 1, *extent), 3.0)
    torch.testing.assert_close(filters.blur(Dense(axes), flat, 1.0), flat)
    toy = filters.blur(ListedSpace(axes), listed(x[..., :5]), 1.0)
    torch.testing.assert_close(
        dense(toy, (*extent[:-1], 5)), filters.blur(Dense(axes), x[..., :5], 1.0)
    )


@pytest.mark.parametrize("shape", [(20,), (12, 9), (8, 7, 6)])
def test_blurring_is_scipys_inside(shape):
    x = randn(1, 2, *shape)
    got = filters.blur(Dense(len(shape)), x, 0.6)
    inner = (0, slice(None), *(slice(3, n - 3) for n in shape))
    want = np.stack([gaussian_filter(channel, 0.6, radius=3) for channel in x[0].numpy()])
    np.testing.assert_allclose(got[inner].numpy(), want[inner[1:]], atol=1e-6)


def test_two_blurs_are_one_wider_blur():
    x = F.pad(randn(1, 1, 1), (30, 30))
    twice = filters.blur(Dense(1), filters.blur(Dense(1), x, 3.0), 4.0)
    torch.testing.assert_close(twice, filters.blur(Dense(1), x, 5.0), atol=2e-4, rtol=0)


def test_kernels_of_other_axes_are_refused():
    with pytest.raises(InputError, match="kernel: expected 1 axes"):
        filters.correlate(Dense(1), torch.zeros(1, 1, 4), filters.box(2))
