import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core2d.errors import InputError
from core2d.layers.arithmetic import conv_extent
from core2d.layers.conv import Conv, ConvTranspose
from tests.core2d.listed_space import ListedSpace

TORCHS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_weights_load_from_and_start_as_torchs(axes):
    torch.manual_seed(0)
    ours = Conv(axes, 4, 6, 3, stride=2, groups=2)
    theirs = TORCHS[axes](4, 6, 3, 2, 1, groups=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 4, *(9,) * axes)
    torch.testing.assert_close(ours(x), theirs(x))
    bound = (2 * 3**axes) ** -0.5
    assert 0.9 * bound < float(ours.weight.detach().abs().max()) <= bound
    assert float(ours.bias.detach().abs().max()) <= bound


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed_weights_load_from_torchs(axes):
    torch.manual_seed(0)
    ours = ConvTranspose(axes, 4, 6, 3, stride=2, groups=2)
    theirs = TRANSPOSED[axes](4, 6, 3, 2, 1, 1, groups=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 4, *(5,) * axes)
    torch.testing.assert_close(ours(x), theirs(x))


def test_shifts_of_the_input_shift_the_output():
    """Equivariance, away from the borders; a convolution is linear too."""
    torch.manual_seed(0)
    conv, x = Conv(2, 2, 3, bias=False), torch.randn(1, 2, 12, 12)
    y = conv(x)
    shifted = conv(x.roll((2, 3), (2, 3)))
    torch.testing.assert_close(shifted[..., 3:-1, 4:-1], y[..., 1:-3, 1:-4])
    other = torch.randn_like(x)
    torch.testing.assert_close(conv(2 * x - 3 * other), 2 * y - 3 * conv(other), atol=1e-5, rtol=0)


def test_weights_are_shared_over_all_places():
    """156 parameters for any image; a full layer from 28x28 to 6x28x28 has 784 * 4704."""
    conv = Conv(2, 1, 6, 5)
    assert sum(p.numel() for p in conv.parameters()) == 156
    assert conv(torch.zeros(1, 1, 28, 28)).shape == (1, 6, 28, 28)
    assert conv(torch.zeros(1, 1, 100, 50)).shape == (1, 6, 100, 50)


def test_a_1x1_convolution_mixes_channels_of_each_cell():
    torch.manual_seed(0)
    conv, x = Conv(2, 8, 3, 1), torch.randn(2, 8, 4, 5)
    mixed = F.linear(x.movedim(1, -1), conv.weight.flatten(1), conv.bias).movedim(-1, 1)
    torch.testing.assert_close(conv(x), mixed)
    assert sum(p.numel() for p in conv.parameters()) == 8 * 3 + 3


def test_dilation_widens_the_window_without_weights():
    point = torch.zeros(1, 1, 11)
    point[..., 5] = 1
    conv = Conv(1, 1, 1, dilation=3, bias=False)
    assert conv(point).flatten().nonzero().flatten().tolist() == [2, 5, 8]
    assert conv.weight.numel() == 3


@pytest.mark.parametrize("extent", [7, 8, 28])
@pytest.mark.parametrize("setting", [(3, 1, 0, 1), (5, 2, 0, 1), (3, 2, 1, 2), (2, 3, 1, 1)])
def test_extents_follow_the_rule_with_its_floor(extent, setting):
    kernel, stride, padding, dilation = setting
    conv = Conv(1, 1, 1, kernel, stride=stride, padding=padding, dilation=dilation)
    expected = conv_extent(extent, kernel, stride, padding, dilation)
    assert conv(torch.zeros(1, 1, extent)).shape[2] == expected


def test_a_kernel_may_differ_along_its_axes():
    conv = Conv(2, 1, 2, (1, 7), stride=(2, 1))
    assert conv.weight.shape == (2, 1, 1, 7)
    assert conv(torch.zeros(1, 1, 8, 9)).shape == (1, 2, 4, 9)


@pytest.mark.parametrize("layer", [Conv, ConvTranspose])
def test_groups_that_do_not_divide_are_refused(layer):
    with pytest.raises(InputError, match="groups: 2 divides not both 4 inputs and 5"):
        layer(2, 4, 5, groups=2)


def test_layers_say_what_they_are():
    text = repr(Conv(ListedSpace(2), 2, 4, dilation=2, groups=2))
    assert "(4, 1, 3, 3)" in text
    assert "dilation=2" in text
    assert "groups=2" in text


@pytest.mark.parametrize("kind", [Conv, ConvTranspose])
def test_counts_that_no_convolution_has(kind):
    for counts, groups, said in (
        ((0, 4), 1, "inputs"),
        ((3, 0), 1, "outputs"),
        ((3, 3), 0, "groups"),
    ):
        with pytest.raises(InputError, match=f"{said}: expected at least 1, got 0"):
            kind(2, *counts, groups=groups)
