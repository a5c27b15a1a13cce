import pytest
import torch
import torch.nn.functional as F

from core2d.layers.block import ConvNorm, DenseLayer, Inception, SeparableConv
from core2d.layers.norm import BatchNorm
from core2d.space import Dense


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_convolution_with_norm_is_never_negative_and_centred(axes):
    block = ConvNorm(Dense(axes), 3, 5, 3, stride=2)
    y = block(torch.randn(4, 3, *(8,) * axes))
    assert y.shape == (4, 5, *(4,) * axes)
    assert float(y.detach().min()) == 0
    assert block.conv.bias is None  # the norm takes any constant out again


def test_inception_puts_its_branches_side_by_side():
    torch.manual_seed(0)
    block = Inception(Dense(2), 8, 3, three=(2, 4), five=(2, 5), pooled=6).eval()
    x = torch.randn(2, 8, 6, 6)
    y = block(x)
    assert y.shape == (2, 3 + 4 + 5 + 6, 6, 6)
    torch.testing.assert_close(y[:, :3], block.branch1(x))
    torch.testing.assert_close(y[:, 12:], block.branch4[1](F.max_pool2d(x, 3, 1, 1)))


def test_small_convolutions_before_large_ones_save_parameters():
    """The module 3a of GoogLeNet at its published sizes, against the naive form of figure 2(a)."""
    block = Inception(Dense(2), 192, 64, three=(96, 128), five=(16, 32), pooled=32, wide=5)
    weights = sum(p.numel() for n, p in block.named_parameters() if "conv" in n)
    assert weights == 163_328
    naive = 192 * (64 + 9 * 128 + 25 * 32)
    assert weights < naive / 2


@pytest.mark.parametrize("bottleneck", [4, 0])
def test_a_dense_layer_keeps_what_it_saw(bottleneck):
    layer = DenseLayer(Dense(2), 6, 3, bottleneck=bottleneck)
    x = torch.randn(2, 6, 5, 5)
    y = layer(x)
    assert y.shape == (2, 9, 5, 5)
    assert torch.equal(y[:, :6], x)


def test_separable_convolution_is_a_convolution_of_rank_one():
    """Depthwise then pointwise equals one convolution with the products of their weights."""
    torch.manual_seed(0)
    block = SeparableConv(Dense(2), 4, 5, 3, stride=2, dilation=2)
    x = torch.randn(2, 4, 9, 9)
    product = block.pointwise.weight * block.conv1.weight.transpose(0, 1)  # (5, 4, 3, 3)
    torch.testing.assert_close(block(x), F.conv2d(x, product, stride=2, padding=2, dilation=2))
    assert count(block) == 4 * (9 + 5)


def test_norms_of_blocks_keep_torchs_running_statistics():
    ours, theirs = BatchNorm(2, 3), torch.nn.BatchNorm2d(3)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(4, 3, 5, 5)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
