"""SparseSpace against the toy space of core2d's tests, on random sites of one to four axes."""

import pytest
import torch

from core2d.errors import InputError
from core2d.layers.conv import Conv
from core2d.space import as_space
from geomdl.errors import GeometryError
from geomdl.nn.sparse_field import from_dense, voxels_of
from geomdl.nn.sparse_space import SparseSpace
from geomdl.structures import SparseVoxels
from tests.core2d.listed_space import ListedSpace, listed
from tests.geomdl.nn.scattered import close, grid, mask, pair, places_of, rows_as_listed

AXES = (1, 2, 3, 4)
EXTENT = {1: (24,), 2: (8, 6), 3: (4, 6, 4), 4: (4, 2, 4, 4)}


def both(axes, channels=4, share=0.4):
    """The same random field on both spaces, and the spaces."""
    extent = EXTENT[axes]
    fields = pair(grid(2, channels, *extent), mask(share, 2, *extent))
    return (SparseSpace(axes), fields[0]), (ListedSpace(axes), fields[1])


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "groups"),
    [(3, 1, 1, 1), (3, 2, 1, 2), (2, 2, 1, 1), (4, 2, 1, 4), (2, 1, 1, 1), (3, 1, 2, 1)],
)
def test_convolution_and_its_adjoint(axes, kernel, stride, dilation, groups):
    weight = grid(4, 4 // groups, *(kernel,) * axes, seed=1)
    how = {"stride": stride, "dilation": dilation, "groups": groups}
    (space, ours), (toys, toy) = both(axes)
    y, z = space.conv(ours, weight, grid(4), **how), toys.conv(toy, weight, grid(4), **how)
    close(y, z)
    close(
        space.conv_transpose(y, weight, grid(4), like=ours, **how),
        toys.conv_transpose(z, weight, grid(4), like=toy, **how),
    )
    close(space.conv_transpose(y, weight, **how), toys.conv_transpose(z, weight, **how))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("size_stride", [(2, 2), (3, 2), (3, 1)])
def test_pooling_and_its_adjoint(axes, size_stride):
    (space, ours), (toys, toy) = both(axes)
    for kind in ("max", "mean"):
        close(space.pool(ours, *size_stride, kind), toys.pool(toy, *size_stride, kind))
    (y, at), (z, there) = (
        space.pool_indices(ours, *size_stride),
        toys.pool_indices(toy, *size_stride),
    )
    close(y, z)
    close(space.unpool(y, at, ours), toys.unpool(z, there, toy))


def test_windows_without_sites_give_zero():
    space, x = SparseSpace(1), from_dense(grid(1, 2, 4), torch.tensor([[0, 1, 1, 0]]).bool())
    for kind in ("max", "mean"):
        y = space.pool(x, 1, 2, kind)
        assert y.sites.coordinates[:, 0].tolist() == [0, 1]
        assert y.values[0].tolist() == [0, 0]
        torch.testing.assert_close(y.values[1], x.values[1])
    y, at = space.pool_indices(x, 1, 2)
    assert space.unpool(y, at, x).values[0].tolist() == [0, 0]


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_resizing(axes, mode):
    (space, ours), (toys, toy) = both(axes)
    close(space.resize(ours, scale=2, mode=mode), toys.resize(toy, scale=2, mode=mode))
    y, z = space.pool(ours, 2), toys.pool(toy, 2)
    close(space.resize(y, ours, mode=mode), toys.resize(z, toy, mode=mode))


@pytest.mark.parametrize("axes", [2, 3])
def test_samples_are_kept_apart(axes):
    (space, ours), (toys, toy) = both(axes)
    for kind in ("mean", "max", "sum"):
        torch.testing.assert_close(space.reduce(ours, kind), toys.reduce(toy, kind))
    weight, bias = grid(4, seed=1), grid(4, seed=2)
    close(space.group_norm(ours, 2, weight, bias), toys.group_norm(toy, 2, weight, bias))
    vectors = grid(2, 4)
    close(space.broadcast(vectors, ours), toys.broadcast(vectors, toy))
    assert torch.equal(space.blank(ours), torch.zeros(2, 4, dtype=torch.float64))


def test_items_without_sites_pass():
    active = mask(0.5, 3, 4, 4)
    active[1] = False
    space, x = SparseSpace(2), from_dense(grid(3, 4, 4, 4), active)
    y = space.group_norm(space.pool(space.conv(x, grid(4, 4, 3, 3)), 2), 2)
    assert y.sites.counts[1] == 0
    assert space.reduce(y)[1].tolist() == [0] * 4
    tokens, there = space.tokens(y)
    assert there is not None
    assert there.sum(1).tolist() == y.sites.counts
    assert bool(tokens.isfinite().all())


@pytest.mark.parametrize("rule", ["parent", "reach", "dilate"])
def test_a_batch_without_sites_passes(rule):
    none = torch.zeros(2, 4, 4, dtype=torch.bool)
    space, x = SparseSpace(2, rule), from_dense(grid(2, 4, 4, 4), none)
    y = space.pool(space.conv(x, grid(3, 4, 3, 3), stride=2), 2, kind="mean")
    back = space.conv_transpose(
        space.conv(x, grid(3, 4, 2, 2), stride=2), grid(3, 2, 2, 2), stride=2
    )
    up = space.resize(y, scale=2, mode="linear")
    assert [field.values.shape for field in (y, back, up)] == [(0, 3), (0, 2), (0, 3)]
    assert torch.equal(space.reduce(y, "max"), torch.zeros(2, 3, dtype=torch.float64))


def test_tokens_come_back_and_know_their_cells():
    space, x = SparseSpace(2), from_dense(grid(2, 4, 6, 6), mask(0.4, 2, 6, 6))
    tokens, there = space.tokens(x)
    torch.testing.assert_close(tokens[there], x.values)
    torch.testing.assert_close(space.untokens(tokens, x).values, x.values)
    positions = space.positions(x)
    assert positions.dtype == torch.int64
    assert torch.equal(positions[there], x.sites.coordinates.long())


def test_growing_the_wanted_children():
    (space, ours), (toys, toy) = both(2)
    logits = ours.on(ours.values[:, :1])
    close(space.grow(ours, logits), toys.grow(toy, toy.on(toy.values[:, :1])))
    fine = (16, 12)
    target = pair(grid(2, 1, *fine), mask(0.1, 2, *fine, seed=3))
    grown = space.grow(ours, logits, target[0])
    close(grown, toys.grow(toy, toy.on(toy.values[:, :1]), target[1]))
    assert 0 < len(grown.sites) < 4 * len(ours.sites)


def test_noise_repeats_with_its_seed():
    space, x = SparseSpace(2), from_dense(grid(2, 3, 4, 4))
    first, again, other = (
        space.randn_like(x, torch.Generator().manual_seed(seed)).values for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_three_rules_of_sites():
    active = torch.zeros(1, 8, dtype=torch.bool)
    active[0, 3] = True
    x, weight = from_dense(torch.ones(1, 1, 8), active), torch.tensor([[[1.0, 10, 100]]])
    found = {
        (rule, stride): {
            place[1]: value
            for place, value in zip(places_of(y), y.values[:, 0].tolist(), strict=True)
        }
        for rule in ("parent", "reach", "dilate")
        for stride in (1, 2)
        for y in [SparseSpace(1, rule).conv(x, weight, stride=stride)]
    }
    assert found == {
        ("parent", 1): {3: 10},
        ("reach", 1): {3: 10},
        ("dilate", 1): {2: 100, 3: 10, 4: 1},
        ("parent", 2): {1: 100},
        ("reach", 2): {1: 100, 2: 1},
        ("dilate", 2): {1: 100, 2: 1},
    }
    padded = SparseSpace(1, "reach").conv(x, weight, stride=2, padding=0)
    assert dict(zip(places_of(padded), padded.values[:, 0].tolist(), strict=True)) == {(0, 1): 10}


def test_layers_take_it_as_any_space():
    space = SparseSpace(3)
    assert as_space(space) is space
    assert (repr(space), repr(SparseSpace(2, "reach"))) == (
        "SparseSpace(3)",
        "SparseSpace(2, rule='reach')",
    )
    assert space == SparseSpace(3)
    assert len({space, SparseSpace(3), SparseSpace(2), SparseSpace(3, "reach")}) == 3
    layer = Conv(space, 2, 3, (1, 3, 2))
    assert layer.weight.shape == (3, 2, 1, 3, 2)


def test_one_network_follows_autocast():
    space, x = SparseSpace(2), from_dense(grid(1, 8, 6, 6, dtype=torch.float32))
    layer = Conv(space, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    assert y.values.dtype == torch.bfloat16
    torch.testing.assert_close(y.values.float(), layer(x).values, rtol=2e-2, atol=2e-2)
    y.values.float().sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32


def test_from_voxels_and_back():
    cells = torch.tensor([[3, 1], [0, 0], [2, 7]], dtype=torch.int32)
    voxels = SparseVoxels.sorted(cells, grid(3, 5))
    space = SparseSpace(2)
    field = space.field(voxels)
    back = space.voxels(space.pool(space.conv(field, grid(2, 5, 3, 3)), 2))
    assert (back.stride, len(back), back.features.shape[1]) == (2, 3, 2)
    with pytest.raises(GeometryError, match="voxels: expected 3 axes, got SparseVoxels"):
        SparseSpace(3).field(voxels)


def test_bad_arguments_are_named():
    space, x = SparseSpace(2), from_dense(grid(1, 2, 8, 8))
    y = space.pool(x, 2)
    weight = grid(2, 2, 2, 2)
    for ask, message in (
        (lambda: SparseSpace(5), "axes: expected 1 to 4, got 5"),
        (lambda: SparseSpace(2, "reched"), "rule: .* did you mean 'reach'"),
        (lambda: space.extent(x), "on Dense alone, got SparseSpace"),
        (lambda: space.flatten(x), "on Dense alone, got SparseSpace"),
        (lambda: space.adaptive_pool(x, 7), "on Dense alone, got SparseSpace"),
        (lambda: space.conv(x, weight, padding=0), "padding=0 exists on Dense alone"),
        (lambda: space.pool(x, 2, ceil=True), "ceil=True exists on Dense alone"),
        (lambda: space.resize(x, scale=2, mode="cubic"), "mode='cubic' exists on Dense alone"),
        (lambda: space.resize(x), "expected either `like` or an int `scale` >= 1"),
        (lambda: space.pool(x, 2, kind="sum"), "kind: expected one of max, mean"),
        (lambda: space.conv(x, grid(2, 2, 3)), "weight: expected 2 axes of the kernel"),
        (lambda: space.conv(x, grid(2, 3, 3, 3)), "x: expected a SparseField of 3 channels"),
        (lambda: space.map(torch.add, x, y), "x: expected fields of equal sites"),
        (lambda: space.conv_transpose(y, weight, like=y, stride=2), "like: expected sites"),
        (lambda: space.map(lambda v: v[1:], x), "values: expected 64 rows"),
        (lambda: space.map(torch.add), "x: expected fields of equal sites"),
        (lambda: SparseSpace(2, multiply=3), "multiply: expected a function"),
        (lambda: space.field(x.values), "voxels: expected SparseVoxels, got float64 tensor"),
        (lambda: space.conv(voxels_of(x), weight), r"x: expected a SparseField.*field\(voxels\)"),
        (lambda: space.conv(x, weight, groups=0), "groups: expected a divisor of 2 channels"),
        (lambda: space.conv(x, weight.float()), "x: expected float32 as the weights are"),
        (lambda: space.conv(x, grid(2, 2, 1, 1).float()), "x: expected float32 as the weights"),
        (lambda: space.conv(x, grid(2, 2, 1, 1), grid(3)), r"bias: expected shape \(2\)"),
        (lambda: space.conv(x, weight, grid(3)), r"bias: expected \(2,\)"),
        (lambda: space.conv_transpose(y, weight, groups=3, stride=2), "groups: expected a divis"),
        (lambda: space.conv_transpose(y, weight, like=x.values, stride=2), "like: expected a Sp"),
        (lambda: space.pool(x.values, 2), "x: expected a SparseField, got float64 tensor"),
        (lambda: space.unpool(y, y, x), "indices: expected dtype int64"),
        (lambda: space.resize(x, scale=1.5), "expected either `like` or an int `scale` >= 1"),
        (lambda: space.reduce(x.values), "x: expected a SparseField"),
        (lambda: space.broadcast(grid(2, 3), x), r"values: expected shape \(1 C\)"),
        (lambda: space.untokens(grid(2, 64, 3), x), r"values: expected shape \(1 N C\)"),
        (lambda: space.group_norm(x, 3), "groups: expected a divisor of 2 channels, got 3"),
    ):
        with pytest.raises(InputError, match=message):
            ask()


def test_order_of_rows_is_that_of_morton():
    x = from_dense(grid(1, 1, 4, 4))
    first = [tuple(place) for place in x.sites.coordinates[:5].tolist()]
    assert first == [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)]
    assert torch.equal(rows_as_listed(x), listed(grid(1, 1, 4, 4)).values)
