import itertools

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.sparse_conv import convolve, convolve_transposed
from geomdl.nn.sparse_field import from_dense
from tests.geomdl.nn.scattered import grid, mask, places_of


def by_hand(x, weight, onto, stride, dilation, starts, groups):
    """Output (M, O), one product at a time, of sites and values as dictionaries."""
    rows = dict(zip(places_of(x), x.values, strict=True))
    out = torch.zeros(len(onto), len(weight), dtype=x.values.dtype)
    for m, (item, *at) in enumerate(
        torch.cat([onto.items[:, None], onto.coordinates.long()], 1).tolist()
    ):
        for index in itertools.product(*map(range, weight.shape[2:])):
            read = zip(at, stride, starts, dilation, index, strict=True)
            value = rows.get((item, *(c * s - a + d * i for c, s, a, d, i in read)))
            if value is not None:
                parts = zip(value.chunk(groups), weight[(..., *index)].chunk(groups), strict=True)
                out[m] += torch.cat([w @ v for v, w in parts])
    return out


HOW = {
    "submanifold": ((3, 3, 3), (1, 1, 1), (1, 1, 1), None, 1),
    "dilated groups": ((3, 1, 3), (1, 1, 1), (2, 1, 1), None, 2),
    "strided": ((2, 2, 2), (2, 2, 2), (1, 1, 1), None, 1),
    "odd strided": ((3, 3, 3), (2, 2, 2), (1, 1, 1), None, 1),
    "axes apart": ((3, 1, 2), (2, 1, 3), (1, 1, 1), None, 2),
    "padded": ((3, 3, 3), (2, 2, 2), (1, 1, 1), (0, 1, 2), 1),
}


def case(name):
    kernel, stride, dilation, padding, groups = HOW[name]
    x = from_dense(grid(2, 4, 5, 6, 7), mask(0.3, 2, 5, 6, 7))
    onto = (
        x.sites.parents(stride)[0]
        if padding is None
        else x.sites.reached(kernel, stride, dilation, padding)
    )
    weight = grid(6, 4 // groups, *kernel, seed=1)
    starts = padding or [
        d * (k // 2) if k % 2 else 0 for k, d in zip(kernel, dilation, strict=True)
    ]
    how = {"stride": stride, "dilation": dilation, "groups": groups, "padding": padding}
    return x, weight, onto, starts, how


@pytest.mark.parametrize("name", HOW)
def test_convolution_is_the_sum_over_sites(name):
    x, weight, onto, starts, how = case(name)
    bias = grid(6, seed=2)
    wanted = by_hand(x, weight, onto, how["stride"], how["dilation"], starts, how["groups"])
    found = convolve(x, weight, bias, onto, **how)
    assert found.sites is onto
    torch.testing.assert_close(found.values, wanted + bias)


@pytest.mark.parametrize("name", HOW)
def test_transposed_convolution_is_the_adjoint(name):
    """<conv(x), y> = <x, conv_transpose(y)> with one weight."""
    x, weight, onto, _, how = case(name)
    y = convolve(x, weight, None, onto, **how)
    y = y.on(grid(*y.values.shape, seed=3))
    back = convolve_transposed(y, weight, None, x.sites, **how)
    assert back.sites is x.sites
    forward = convolve(x, weight, None, onto, **how)
    torch.testing.assert_close((forward.values * y.values).sum(), (x.values * back.values).sum())


def test_gradients():
    for name in ("submanifold", "axes apart"):
        x, weight, onto, _, how = case(name)
        few = x.values[:, :].clone().requires_grad_()
        kernel, bias = weight.requires_grad_(), grid(6).requires_grad_()

        def forward(values, kernel, bias, x=x, onto=onto, how=how):
            return convolve(x.on(values), kernel, bias, onto, **how).values

        inputs = (few, kernel, bias)
        assert torch.autograd.gradcheck(forward, inputs, fast_mode=True)
        assert torch.autograd.gradgradcheck(forward, inputs, fast_mode=True)


def test_kernels_of_one_cell_are_a_matrix():
    x = from_dense(grid(2, 4, 6, 6), mask(0.4, 2, 6, 6))
    weight, bias = grid(3, 4, 1, 1), grid(3)
    ones = {"stride": (1, 1), "dilation": (1, 1)}
    found = convolve(x, weight, bias, x.sites, **ones)
    torch.testing.assert_close(found.values, x.values @ weight[..., 0, 0].T + bias)
    assert not any("table" in key for key in x.sites.kept)  # no map is made for it


def test_wrong_channels_are_named():
    x, ones = from_dense(grid(1, 4, 6)), {"stride": (1,), "dilation": (1,)}
    with pytest.raises(GeometryError, match="expected a SparseField of 3 channels, got SparseF"):
        convolve(x, grid(2, 3, 3), None, x.sites, **ones)
    with pytest.raises(GeometryError, match="expected a SparseField, got float32 tensor"):
        convolve_transposed(torch.zeros(3, 2), grid(2, 3, 3), None, x.sites, **ones)
