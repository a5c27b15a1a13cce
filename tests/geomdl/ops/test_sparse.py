"""Sparse convolution against loops, torch's dense convolution and itself."""

import functools

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.sites import kernel_map, parents, transposed_map
from geomdl.ops.sparse import gather_conv, gather_multiply, gather_outer
from geomdl.structures.sparse import SparseVoxels
from tests.oracles import sparse_oracle as oracle


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def random_table(rows: int, entries: int, count: int, seed: int = 0) -> Tensor:
    """Rows 0 .. count - 1, each at most once per entry, with holes, as in every kernel map."""
    generator = torch.Generator().manual_seed(seed)
    size = max(rows, count)
    columns = [torch.randperm(size, generator=generator)[:rows] for _ in range(entries)]
    table = torch.stack(columns, 1).int()
    return torch.where(table < count, table, -1)


@functools.cache
def grid(axes: int, extent: int, share: float = 0.4) -> tuple[Tensor, Tensor]:
    """Random sites of two items on a cube: coordinates and offsets."""
    active = torch.rand(2, *[extent] * axes, generator=torch.Generator().manual_seed(1)) < share
    cells = [a.nonzero().int() for a in active]
    ends = torch.tensor([0, len(cells[0]), len(cells[0]) + len(cells[1])])
    voxels = SparseVoxels.sorted(torch.cat(cells), torch.zeros(int(ends[-1]), 1), 1, ends)
    return voxels.coordinates, voxels.offsets


def on_grid(values: Tensor, sites: Tensor, ends: Tensor, extent: list[int]) -> Tensor:
    """Values (N, C) at sites -> dense (B, C, *S)."""
    items = torch.arange(len(ends) - 1).repeat_interleave(ends.diff())
    dense = values.new_zeros(len(ends) - 1, *extent, values.shape[1])
    return dense.index_put((items, *sites.long().T), values).movedim(-1, 1)


def off_grid(dense: Tensor, sites: Tensor, ends: Tensor) -> Tensor:
    items = torch.arange(len(ends) - 1).repeat_interleave(ends.diff())
    return dense.movedim(1, -1)[(items, *sites.long().T)]


@pytest.mark.parametrize(
    ("channels", "outputs", "groups"),
    [
        (1, 1, 1),
        (3, 5, 1),
        (16, 16, 1),
        (7, 33, 1),
        (20, 50, 1),
        (6, 4, 2),
        (12, 12, 12),
        (8, 40, 4),
    ],
)
@pytest.mark.parametrize("biased", [True, False])
def test_values_and_gradients_against_loops(backend, channels, outputs, groups, biased):
    features = draw(11, channels).requires_grad_()
    weight = draw(4, channels // groups, outputs, seed=1).requires_grad_()
    bias = draw(outputs, seed=2).requires_grad_() if biased else None
    table = random_table(14, 4, 11)
    gradient = draw(14, outputs, seed=3)
    result = gather_conv(features, weight, table, bias, groups)
    result.backward(gradient)
    arrays = [t.detach().double().numpy() for t in (features, weight)]
    expected = oracle.convolve(*arrays, table.numpy(), bias.detach() if biased else None, groups)
    np.testing.assert_allclose(result.detach(), expected, rtol=1e-5, atol=2e-5)
    by_features, by_weight = oracle.gradients(*arrays, table.numpy(), gradient.numpy(), groups)
    np.testing.assert_allclose(features.grad, by_features, rtol=1e-5, atol=2e-5)
    np.testing.assert_allclose(weight.grad, by_weight, rtol=1e-5, atol=2e-5)
    if biased:
        np.testing.assert_allclose(bias.grad, gradient.sum(0), rtol=1e-5, atol=1e-5)


def test_second_derivatives():
    table = random_table(5, 3, 4)
    shapes = ((4, 4), (3, 2, 6), (6,))
    args = [draw(*s, seed=i).double().requires_grad_() for i, s in enumerate(shapes)]

    def conv(features, weight, bias):
        return gather_conv(features, weight, table, bias, 2)

    assert torch.autograd.gradcheck(conv, args)
    assert torch.autograd.gradgradcheck(conv, args)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_submanifold_is_the_dense_convolution_read_at_the_sites(backend, axes, groups):
    sites, ends = grid(axes, 9)
    features, extent = draw(len(sites), 6), [9] * axes
    dense_weight = draw(4, 6 // groups, *[3] * axes, seed=1)
    weight = dense_weight.flatten(2).permute(2, 1, 0).contiguous()
    table = kernel_map(sites, ends, sites, ends, [3] * axes, [1] * axes, [1] * axes)
    found = gather_conv(features, weight, table, None, groups)
    conv = (F.conv1d, F.conv2d, F.conv3d)[axes - 1]
    dense = conv(on_grid(features, sites, ends, extent), dense_weight, padding=1, groups=groups)
    torch.testing.assert_close(found, off_grid(dense, sites, ends), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (4, 2), (3, 3)])
def test_strided_and_transposed_against_dense(backend, size, stride):
    extent, other = 12, 12 // stride
    fine, fine_ends = grid(3, extent, 0.2)
    coarse, coarse_ends, _ = parents(fine, fine_ends, [stride] * 3)
    args = (fine, fine_ends, coarse, coarse_ends, [size] * 3, [stride] * 3, [1] * 3)
    table = kernel_map(*args)
    dense_weight = draw(5, 3, size, size, size, seed=1)
    weight = dense_weight.flatten(2).permute(2, 1, 0).contiguous()
    values = draw(len(fine), 3, seed=2)
    first = (size - 1) // 2 if size % 2 else 0
    grown = F.pad(on_grid(values, fine, fine_ends, [extent] * 3), [first, size] * 3)
    dense = F.conv3d(grown, dense_weight, stride=stride)[..., :other, :other, :other]
    found = gather_conv(values, weight, table)
    torch.testing.assert_close(found, off_grid(dense, coarse, coarse_ends), rtol=1e-5, atol=1e-5)

    values = draw(len(coarse), 5, seed=3)
    back = F.conv_transpose3d(
        on_grid(values, coarse, coarse_ends, [other] * 3), dense_weight, stride=stride
    )
    back = F.pad(back, [0, stride] * 3)[(..., *[slice(first, first + extent)] * 3)]
    turned = dense_weight.flatten(2).permute(2, 0, 1).contiguous()
    found = gather_conv(values, turned, transposed_map(table, len(fine)))
    torch.testing.assert_close(found, off_grid(back, fine, fine_ends), rtol=1e-5, atol=1e-5)


def test_kernels_equal_the_bodies_on_many_rows_and_wide_channels():
    sites, ends = grid(3, 16)
    table = kernel_map(sites, ends, sites, ends, [3] * 3, [1] * 3, [1] * 3)
    assert len(sites) > 3000
    for channels, outputs, groups in ((150, 40, 1), (16, 70, 1), (24, 24, 24), (16, 48, 8)):
        inner = channels // groups  # 150: more than a tile gathers at once
        features, weight = draw(len(sites), channels), draw(27, inner, outputs, seed=1)
        gradient, bias = draw(len(sites), outputs, seed=2), draw(outputs, seed=3)
        found = []
        for name in ("torch", "native"):
            with dispatch.backend(name):
                found.append(
                    (
                        gather_multiply(features, weight, table, bias, groups),
                        gather_multiply(gradient, weight, table, None, groups, True),
                        gather_outer(features, gradient, table, groups),
                    )
                )
        for plain, ours in zip(*found, strict=True):
            torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("groups", [1, 4, 20])
def test_threads_and_repeats_give_the_same_bits(groups):
    sites, ends = grid(3, 16)
    table = kernel_map(sites, ends, sites, ends, [3] * 3, [1] * 3, [1] * 3)
    features, weight = draw(len(sites), 20), draw(27, 20 // groups, 20, seed=1)
    gradient = draw(len(sites), 20, seed=2)
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 3, 2):
        torch.set_num_threads(threads)
        try:
            value = gather_multiply(features, weight, table, None, groups)
            found.append((value, gather_outer(features, gradient, table, groups)))
        finally:
            torch.set_num_threads(before)
    for value, outer in found[1:]:
        assert torch.equal(value, found[0][0])
        assert torch.equal(outer, found[0][1])


@pytest.mark.parametrize("groups", [1, 2, 34])
def test_bfloat16_adds_in_float32(backend, groups):
    """Products of bfloat16 are exact in float32, so only the last rounding is lost."""
    table = random_table(40, 27, 50)
    features = draw(50, 34).bfloat16().requires_grad_()
    weight = draw(27, 34 // groups, 34, seed=1).bfloat16().requires_grad_()
    bias, gradient = draw(34, seed=2).bfloat16(), draw(40, 34, seed=3).bfloat16()
    sums = gather_multiply(features, weight, table, bias, groups)
    result = gather_conv(features, weight, table, bias, groups)
    result.backward(gradient)
    assert sums.dtype == torch.float32
    assert result.dtype == features.grad.dtype == weight.grad.dtype == torch.bfloat16
    wide = [t.detach().double().requires_grad_() for t in (features, weight)]
    with dispatch.backend("torch"):  # there is no kernel for float64
        exact = gather_conv(*wide, table, bias.double(), groups)
        exact.backward(gradient.double())
    torch.testing.assert_close(sums.double(), exact.detach(), rtol=1e-5, atol=1e-4)
    for ours, theirs in ((features.grad, wide[0].grad), (weight.grad, wide[1].grad)):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-2, atol=1e-2)


def test_autocast_and_a_given_transpose():
    table = random_table(30, 8, 20)
    features, weight = draw(20, 16).requires_grad_(), draw(8, 16, 16, seed=1).requires_grad_()
    back = transposed_map(table, 20)
    gather_conv(features, weight, table, transposed=back).square().sum().backward()
    given = features.grad.clone()
    features.grad = None
    gather_conv(features, weight, table).square().sum().backward()
    assert torch.equal(features.grad, given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = gather_conv(features, weight, table)
    assert low.dtype == torch.bfloat16
    exact = gather_conv(features, weight, table)
    torch.testing.assert_close(low.float(), exact, rtol=0.05, atol=0.3)
    low.float().sum().backward()
    assert weight.grad.dtype == torch.float32


def test_no_rows_no_partners_and_no_channels(backend):
    weight = draw(3, 2, 4)
    nothing = torch.zeros(0, 3, dtype=torch.int32)
    assert gather_conv(draw(5, 2), weight, nothing).shape == (0, 4)
    holes = torch.full((6, 3), -1, dtype=torch.int32)
    bias = draw(4, seed=1)
    assert torch.equal(gather_conv(draw(0, 2), weight, holes, bias), bias.expand(6, 4))
    assert torch.equal(gather_outer(draw(5, 2), draw(6, 4), holes), torch.zeros(3, 2, 4))
    assert torch.equal(gather_conv(draw(5, 0), draw(3, 0, 4), holes), torch.zeros(6, 4))


def test_it_can_be_learned():
    """Weights are found again from what they did."""
    sites, ends = grid(2, 12)
    table = kernel_map(sites, ends, sites, ends, [3, 3], [1, 1], [1, 1])
    features, hidden = draw(len(sites), 2), draw(9, 2, 3, seed=1)
    wanted = gather_conv(features, hidden, table)
    weight = torch.zeros(9, 2, 3, requires_grad=True)
    speed = torch.zeros_like(weight)
    for _ in range(120):
        loss = (gather_conv(features, weight, table) - wanted).square().sum() / len(sites)
        (slope,) = torch.autograd.grad(loss, weight)
        speed = 0.9 * speed - 0.05 * slope
        weight = (weight.detach() + speed).requires_grad_()
    torch.testing.assert_close(weight.detach(), hidden, rtol=0.05, atol=0.05)


def test_it_compiles_as_one_operator():
    table, features, weight = random_table(6, 3, 5), draw(5, 2), draw(3, 2, 4, seed=1)
    args = (features, weight, table, draw(4, seed=2), 1, False)
    torch.library.opcheck(torch.ops.geomdl.gather_multiply.default, args)
    gradient = draw(6, 4, seed=3)
    torch.library.opcheck(torch.ops.geomdl.gather_outer.default, (features, gradient, table, 1))


def test_bad_arguments_are_named():
    features, weight, table = draw(5, 4), draw(3, 4, 6), random_table(7, 3, 5)
    with pytest.raises(GeometryError, match="features"):
        gather_conv(features.int(), weight, table)
    with pytest.raises(GeometryError, match="weight"):
        gather_conv(features, weight.double(), table)
    with pytest.raises(GeometryError, match=r"weight: expected .* K = 3, C = 4 and 2 groups"):
        gather_conv(features, weight, table, groups=2)
    with pytest.raises(GeometryError, match="weight"):
        gather_conv(features, weight[:2], table)
    with pytest.raises(GeometryError, match="table"):
        gather_conv(features, weight, table.long())
    with pytest.raises(GeometryError, match="table: rows run from -1 to 4, expected -1 to 2"):
        gather_conv(features[:3], weight, table)
    with pytest.raises(GeometryError, match="bias"):
        gather_conv(features, weight, table, draw(5))
    with pytest.raises(GeometryError, match="groups"):
        gather_conv(features, weight, table, groups=0)
    with pytest.raises(GeometryError, match=r"transposed: expected transposed_map\(table, 5\)"):
        gather_conv(features.requires_grad_(), weight, table, transposed=table)
    with pytest.raises(GeometryError, match="gradient: expected 7 rows"):
        gather_outer(features, draw(6, 2), table)
    with pytest.raises(GeometryError, match="groups: 3 does not divide"):
        gather_outer(features, draw(7, 6), table, 3)
