import pytest
import torch
import torch.nn.functional as F

from core2d.layers.unfold import (
    Windows,
    backward_input,
    backward_weight,
    conv_matmul,
    conv_matrix,
    fold,
    unfold,
)

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SETTINGS = [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)]


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("setting", SETTINGS)
def test_matrix_products_are_convolution_and_its_gradients(axes, setting):
    stride, padding, dilation = setting
    kernel, extent = (3, 2, 3)[:axes], (9, 8, 7)[:axes]
    windows = Windows(kernel, stride, padding, dilation)
    x = randn(2, 3, *extent).requires_grad_()
    weight, bias = randn(4, 3, *kernel, seed=1).requires_grad_(), randn(4, seed=2)
    expected = CONV[axes](x, weight, bias, stride, padding, dilation)
    torch.testing.assert_close(conv_matmul(x, weight, bias, windows), expected)
    delta = torch.randn_like(expected)
    to_x, to_weight = torch.autograd.grad(expected, (x, weight), delta)
    torch.testing.assert_close(backward_weight(delta, x.detach(), windows), to_weight)
    torch.testing.assert_close(backward_input(delta, weight.detach(), extent, windows), to_x)


def test_columns_are_torchs_and_fold_is_the_adjoint():
    x, windows = randn(2, 3, 6, 7), Windows((3, 2), 2, 1)
    columns = unfold(x, windows)
    torch.testing.assert_close(columns, F.unfold(x, (3, 2), padding=1, stride=2))
    y = randn(*columns.shape, seed=1)
    torch.testing.assert_close((columns * y).sum(), (x * fold(y, (6, 7), windows)).sum())


def test_backward_to_the_input_convolves_with_the_flipped_kernel():
    """delta_in(i) = sum_i' delta(i') w(i' - i): full correlation with w turned by 180 degrees."""
    weight, delta = randn(4, 3, 3, 3), randn(2, 4, 6, 7, seed=1)
    ours = backward_input(delta, weight, (8, 9), Windows((3, 3)))
    flipped = weight.flip(2, 3).transpose(0, 1)
    torch.testing.assert_close(ours, F.conv2d(delta, flipped, padding=2))


def test_backward_to_the_weights_convolves_with_the_turned_delta():
    """dL/dw(m) = sum_i delta(i) z(i + m): added up, then subtracted by a step of descent."""
    x, delta, windows = randn(1, 1, 8, 9), randn(1, 1, 6, 7, seed=1), Windows((3, 3))
    gradient = backward_weight(delta, x, windows)
    torch.testing.assert_close(gradient, F.conv2d(x, delta))
    weight = randn(1, 1, 3, 3, seed=2)
    before = (conv_matmul(x, weight, None, windows) * delta).sum()
    after = (conv_matmul(x, weight - 1e-3 * gradient, None, windows) * delta).sum()
    torch.testing.assert_close(before - after, 1e-3 * gradient.square().sum())


def test_the_whole_matrix_repeats_its_few_weights():
    weight, windows = randn(2, 3, 3), Windows((3,))
    matrix = conv_matrix(weight, (6,), windows)
    assert matrix.shape == (2 * 4, 3 * 6)
    x = randn(5, 3, 6, seed=1)
    torch.testing.assert_close((x.flatten(1) @ matrix.T).view(5, 2, 4), F.conv1d(x, weight))
    assert len(matrix[matrix != 0].unique()) == weight.numel()
    band = matrix[:4, :6]
    for row in range(1, 4):
        assert torch.equal(band[row], band[0].roll(row))
