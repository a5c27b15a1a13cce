from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.layers.arithmetic import (
    Line,
    Window,
    conv_extent,
    conv_weights,
    output_padding,
    receptive_field,
    same_padding,
    transposed_extent,
)


@pytest.mark.parametrize("n", [5, 6, 7, 32])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
def test_extents_are_those_that_torch_makes(n, kernel, stride, padding, dilation):
    x, weight, walk = torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), (stride, padding, dilation)
    try:
        expected = F.conv1d(x, weight, None, *walk).shape[2]
    except RuntimeError:
        with pytest.raises(InputError, match=f"n: {n} cells and padding {padding} hold no kernel"):
            conv_extent(n, kernel, *walk)
        return
    assert conv_extent(n, kernel, *walk) == expected
    back = F.conv_transpose1d(torch.zeros(1, 1, expected), weight, None, stride, padding,
                              dilation=dilation).shape[2]  # fmt: skip
    assert transposed_extent(expected, kernel, *walk) == back
    more = output_padding(expected, n, kernel, *walk)
    assert transposed_extent(expected, kernel, *walk, output_padding=more) == n
    if padding <= kernel // 2:
        pooled = F.max_pool1d(x, kernel, stride, padding, dilation, ceil_mode=True).shape[2]
        assert conv_extent(n, kernel, *walk, ceil=True) == pooled


def test_the_transposed_example_needs_output_padding():
    """Kernel 3, stride 2, padding 1: 2 cells become 3; 4 only by one more."""
    assert transposed_extent(2, 3, 2, 1) == 3
    assert transposed_extent(2, 3, 2, 1, output_padding=1) == 4
    assert output_padding(2, 4, 3, 2, 1) == 1
    with pytest.raises(InputError, match="wanted: 2 cells become 3 to 4, not 5"):
        output_padding(2, 5, 3, 2, 1)


def test_same_padding_keeps_the_extent():
    for kernel, dilation in ((1, 1), (3, 1), (7, 1), (3, 6)):
        padding = same_padding(kernel, dilation)
        assert conv_extent(64, kernel, 1, padding, dilation) == 64
    with pytest.raises(InputError, match="kernel: expected an odd one, got 2"):
        same_padding(2)


@pytest.mark.parametrize(
    "windows",
    [
        [Window(3, 1, 1), Window(3, 2, 1), Window(2, 2), Window(3, 1, 2, 2)],
        [Window(7, 2, 3), Window(3, 2, 1), Window(3, 1, 1), Window(1, 2)],
        [Window(5), Window(2, 2), Window(5), Window(2, 2)],
    ],
)
def test_receptive_fields_are_where_gradients_flow(windows):
    x = torch.zeros(1, 1, 48, requires_grad=True)
    y = x
    for w in windows:
        weight = torch.ones(1, 1, w.kernel)
        y = F.conv1d(y, weight, None, w.stride, w.padding, w.dilation)
    field, inside = receptive_field(windows), []
    for index in range(y.shape[2]):
        (gradient,) = torch.autograd.grad(y[0, 0, index], x, retain_graph=True)
        seen = gradient.flatten().nonzero().flatten()
        first, last = field.box(index)
        assert last - first + 1 == field.size
        if first >= 0 and last < 48:
            assert (seen.min().item(), seen.max().item()) == (first, last)
            inside.append(index)
        else:
            assert all(first <= cell <= last for cell in seen.tolist())
    assert len(inside) >= 3


def test_small_kernels_stacked_see_as_much_as_a_large_one():
    """Five 3x3 convolutions see 11x11 cells with 45 instead of 121 weights per pair of channels."""
    assert receptive_field([Window(3, 1, 1)] * 5) == Line(Fraction(1), Fraction(-5), Fraction(5))
    assert 5 * conv_weights(1, 1, (3, 3)) == 45
    assert conv_weights(1, 1, (11, 11)) == 121
    assert conv_weights(64, 32, (3, 3), groups=4) == 32 * 16 * 9


def test_dilation_makes_fields_grow_fast():
    dilated = [Window(3, 1, 2**i, 2**i) for i in range(5)]
    assert receptive_field(dilated).size == 63
    assert receptive_field([Window(3, 1, 1)] * 5).size == 11


def test_lines_round_inwards():
    line = Line(Fraction(1, 2), Fraction(-3, 4), Fraction(1, 4))
    assert line.box(1) == (0, 0)
    assert line.box(2) == (1, 1)
