import pytest
import torch

from core2d.errors import InputError
from core2d.layers.patch import from_patches, patch_conv, to_patches
from core2d.space import Dense
from tests.core2d.listed_space import ListedSpace, listed

EXTENT = {1: (12,), 2: (6, 12), 3: (6, 6, 12)}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("patch", [2, 3])
def test_a_patch_conv_is_a_linear_layer_on_patches(axes, patch):
    torch.manual_seed(0)
    x, conv = torch.randn(2, 3, *EXTENT[axes]), patch_conv(axes, 3, 5, patch)
    patches = to_patches(x, patch)
    assert patches.shape == (2, x[0, 0].numel() // patch**axes, 3 * patch**axes)
    tokens, _ = Dense(axes).tokens(conv(x))
    torch.testing.assert_close(tokens, patches @ conv.weight.flatten(1).T + conv.bias)
    assert torch.equal(from_patches(patches, EXTENT[axes], patch), x)


def test_patches_are_cut_row_by_row():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    expected = [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert to_patches(x, 2)[0].tolist() == expected
    assert to_patches(x, (4, 2))[0, 0].tolist() == [0, 1, 4, 5, 8, 9, 12, 13]


def test_even_patches_live_on_other_spaces_and_odd_ones_are_refused():
    x = torch.randn(2, 3, 8, 8)
    conv, twin = patch_conv(2, 3, 5, 4), patch_conv(ListedSpace(2), 3, 5, 4)
    twin.load_state_dict(conv.state_dict())
    values, _ = ListedSpace(2).tokens(twin(listed(x)))
    torch.testing.assert_close(values, Dense(2).tokens(conv(x))[0])
    with pytest.raises(InputError, match="padding=0 exists on Dense alone"):
        patch_conv(ListedSpace(2), 3, 5, 3)(listed(x))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: to_patches(torch.zeros(1, 1, 5, 4), 2), r"x: expected extents divisible by"),
        (lambda: to_patches(torch.zeros(1, 1, 4, 4), (2,)), r"x: expected extents divisible by"),
        (lambda: from_patches(torch.zeros(1, 3, 4), (4, 4), 2), "patches: expected 4"),
        (lambda: from_patches(torch.zeros(1, 4, 5), (4, 4), 2), "patches: expected 4"),
    ],
)
def test_what_cannot_be_cut_is_named(ask, message):
    with pytest.raises(InputError, match=message):
        ask()
