import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.layers.conv import ConvTranspose
from core2d.layers.resample import (
    BedOfNails,
    Interpolate,
    MaxUnpool,
    PixelShuffle,
    bed_of_nails,
    cubic,
    linear,
    pixel_shuffle,
)
from core2d.space import Dense
from tests.core2d.listed_space import ListedSpace, dense, listed

WAYS = {
    "nearest": Interpolate,
    "linear": linear,
    "cubic": cubic,
    "bed of nails": BedOfNails,
    "max unpooling": MaxUnpool,
    "transposed": ConvTranspose,
    "pixel shuffle": PixelShuffle,
}


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("up", WAYS.values(), ids=WAYS)
def test_every_way_up_has_one_form(axes, up):
    """(space, inputs, outputs), then (x, like): channels change, sites are those of `like`."""
    module, like = up(Dense(axes), 6, 4).double(), randn(2, 4, *(8,) * axes)
    x = randn(2, 6, *(4,) * axes).requires_grad_()
    y = module(x, like)
    assert y.shape == like.shape
    y.square().sum().backward()
    assert all(float(p.grad.abs().sum()) > 0 for p in (x, *module.parameters()))
    if up is not MaxUnpool:
        torch.testing.assert_close(module(x, None), y)


@pytest.mark.parametrize("up", [linear, cubic, Interpolate, ConvTranspose, BedOfNails, MaxUnpool])
def test_odd_extents_of_an_encoder_are_met(up):
    like = randn(1, 3, 9, 7)
    x = Dense(2).pool(like, 2)
    assert up(Dense(2), 3, 3).double()(x, like).shape == like.shape


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_nails_then_a_convolution_are_a_transposed_convolution(axes):
    """One kernel, flipped: what the lecture calls unpooling + convolution."""
    space, x, like = Dense(axes), randn(2, 3, *(4,) * axes), randn(1, 1, *(8,) * axes)
    weight = randn(5, 3, *(3,) * axes, seed=1)
    through_nails = space.conv(bed_of_nails(space, x, like), weight)
    flipped = weight.flip(tuple(range(2, 2 + axes))).transpose(0, 1)
    torch.testing.assert_close(space.conv_transpose(x, flipped, like=like, stride=2), through_nails)


def test_a_transposed_convolution_stamps_its_kernel():
    """Each value weighs a copy of the kernel; kernel 3, stride 2 takes 2x2 cells to 4x4."""
    x, kernel = torch.tensor([[1.0, 10], [100, 1000]]).view(1, 1, 2, 2), torch.ones(1, 1, 3, 3)
    y = Dense(2).conv_transpose(x, kernel, like=torch.zeros(1, 1, 4, 4), stride=2)
    expected = [[1, 11, 10, 10], [101, 1111, 1010, 1010], [100, 1100, 1000, 1000],
                [100, 1100, 1000, 1000]]  # fmt: skip
    assert y[0, 0].tolist() == expected
    torch.testing.assert_close(y, F.conv_transpose2d(x, kernel, None, 2, 1, 1))


def test_values_return_to_where_their_maxima_stood():
    like = torch.tensor([[3.0, 1, 3, 5], [6, 0, 7, 9], [3, 2, 1, 4], [0, 2, 3, 3]]).view(1, 1, 4, 4)
    space = Dense(2)
    pooled, places = space.pool_indices(like, 2)
    expected = [[0, 0, 0, 0], [6, 0, 0, 9], [3, 0, 0, 4], [0, 0, 0, 0]]
    assert space.unpool(pooled, places, like)[0, 0].tolist() == expected
    module = MaxUnpool(space, 1, 1)
    with torch.no_grad():  # as identities, the convolutions show what the module does between
        module.fit.weight.fill_(1)
        module.conv.weight.zero_()
        module.conv.weight[0, 0, 1, 1] = 1
        module.fit.bias.zero_()
        module.conv.bias.zero_()
    assert module(pooled, like)[0, 0].tolist() == expected


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("factor", [2, 4])
def test_pixel_shuffle_moves_channels_into_blocks(axes, factor):
    block = factor**axes
    x = randn(2, 3 * block, *(3,) * axes)
    y = pixel_shuffle(Dense(axes), x, factor=factor)
    assert y.shape == (2, 3, *(3 * factor,) * axes)
    for channel in range(3):
        for index in range(block):
            offset, rest = [], index
            for _ in range(axes):
                offset.insert(0, rest % factor)
                rest //= factor
            cells = (slice(None), channel, *(slice(at, None, factor) for at in offset))
            assert torch.equal(y[cells], x[:, channel * block + index])
    if axes == 2:
        assert torch.equal(y, F.pixel_shuffle(x, factor))
    toy = pixel_shuffle(ListedSpace(axes), listed(x), factor=factor)
    assert torch.equal(dense(toy, tuple(y.shape[2:])), y)


def test_nails_of_any_factor():
    y = bed_of_nails(Dense(1), torch.tensor([[[1.0, 2]]]), factor=3)
    assert y.tolist() == [[[1, 0, 0, 2, 0, 0]]]


def test_odd_blocks_are_refused():
    with pytest.raises(InputError, match="factor: expected an even number, got 3"):
        pixel_shuffle(Dense(2), randn(1, 9, 2, 2), factor=3)
    with pytest.raises(InputError, match="x: expected channels divisible by 4, got 6"):
        pixel_shuffle(Dense(2), randn(1, 6, 2, 2))
