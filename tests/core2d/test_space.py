import itertools

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.layers.resample import bed_of_nails
from core2d.space import Dense, Space, as_space
from tests.core2d.listed_space import ListedSpace, dense, listed

AXES = (1, 2, 3)
EXTENT = {1: (12,), 2: (8, 6), 3: (4, 6, 8)}


def field(axes, channels=2, samples=2, seed=0, extent=None):
    generator = torch.Generator().manual_seed(seed)
    shape = (samples, channels, *(EXTENT[axes] if extent is None else extent))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def conv_by_loops(x, weight, stride, dilation):
    """The site rule, one product at a time: output site c sums w[k] x[c * stride + offset(k)]."""
    x, weight = x.numpy(), weight.numpy()
    kernel = weight.shape[2:]
    starts = [-(dilation * (k - 1) // 2) if k % 2 else 0 for k in kernel]
    out = np.zeros((x.shape[0], weight.shape[0], *(n // stride for n in x.shape[2:])))
    for place in np.ndindex(*out.shape[2:]):
        for index in np.ndindex(*kernel):
            at = [
                p * stride + s + dilation * i for p, s, i in zip(place, starts, index, strict=True)
            ]
            if all(0 <= a < n for a, n in zip(at, x.shape[2:], strict=True)):
                out[(..., *place)] += x[(..., *at)] @ weight[(..., *index)].T
    return torch.from_numpy(out)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"),
    [(1, 1, 1), (3, 1, 1), (3, 2, 1), (2, 2, 1), (4, 2, 1), (2, 1, 1), (3, 1, 2), (1, 2, 1)],
)
def test_convolution_follows_the_site_rule(axes, kernel, stride, dilation):
    x, weight = field(axes), field(axes, 2, 3, 1, (kernel,) * axes)
    ours = Dense(axes).conv(x, weight, stride=stride, dilation=dilation)
    torch.testing.assert_close(ours, conv_by_loops(x, weight, stride, dilation))
    toy = ListedSpace(axes).conv(listed(x), weight, stride=stride, dilation=dilation)
    torch.testing.assert_close(dense(toy, ours.shape[2:]), ours)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "groups"),
    [
        (3, 1, 1, 1),
        (3, 2, 1, 2),
        (2, 2, 1, 1),
        (4, 2, 1, 1),
        (3, 1, 2, 1),
        (2, 1, 1, 1),
        (5, 3, 1, 1),
    ],
)
def test_transposed_convolution_is_the_adjoint(axes, kernel, stride, dilation, groups):
    """<conv(x), y> = <x, conv_transpose(y, like=x)> with one weight, for every x and y."""
    space = Dense(axes)
    x = field(axes, 4, extent=(6,) * axes)
    weight = field(axes, 4 // groups, 2, 1, (kernel,) * axes)
    how = {"stride": stride, "dilation": dilation, "groups": groups}
    forward = space.conv(x, weight, **how)
    y = torch.randn_like(forward)
    back = space.conv_transpose(y, weight, like=x, **how)
    torch.testing.assert_close((forward * y).sum(), (x * back).sum())
    toy = ListedSpace(axes).conv_transpose(listed(y), weight, like=listed(x), **how)
    torch.testing.assert_close(dense(toy, x.shape[2:]), back)


def test_transposed_convolution_without_like_covers_all_children():
    y = Dense(2).conv_transpose(field(2), field(2, 3, 2, 1, (2, 2)), stride=2)
    assert y.shape == (2, 3, 16, 12)
    toy = ListedSpace(2).conv_transpose(listed(field(2)), field(2, 3, 2, 1, (2, 2)), stride=2)
    torch.testing.assert_close(dense(toy, (16, 12)), y)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("size_stride", [(2, 2), (3, 2), (3, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("kind", ["max", "mean"])
def test_pooling_takes_only_cells_that_exist(axes, size_stride, kind):
    size, stride = size_stride
    x = field(axes) - 10  # padding with zeros would win every maximum and spoil every mean
    ours = Dense(axes).pool(x, size, stride, kind)
    start = -(size // 2) if size % 2 else 0
    expected = torch.empty_like(ours)
    for place in itertools.product(*map(range, ours.shape[2:])):
        window = x[
            (
                ...,
                *(slice(max(0, p * stride + start), p * stride + start + size) for p in place),
            )
        ].flatten(2)
        expected[(..., *place)] = window.amax(2) if kind == "max" else window.mean(2)
    torch.testing.assert_close(ours, expected)
    toy = ListedSpace(axes).pool(listed(x), size, stride, kind)
    torch.testing.assert_close(dense(toy, ours.shape[2:]), ours)


@pytest.mark.parametrize("axes", AXES)
def test_mean_of_a_window_wider_than_the_grid(axes):
    x = field(axes)[(..., *(slice(2),) * axes)]
    whole = x.flatten(2).mean(2).view(*x.shape[:2], *(1,) * axes).expand_as(x)
    torch.testing.assert_close(Dense(axes).pool(x, 3, 1, "mean"), whole)


def test_max_pooling_of_the_lecture_and_its_gradient():
    x = torch.tensor([[3.0, 1, 3, 5], [6, 0, 7, 9], [3, 2, 1, 4], [0, 2, 4, 3]])
    x = x.view(1, 1, 4, 4).requires_grad_()
    y = Dense(2).pool(x, 2)
    assert y.tolist() == [[[[6, 9], [3, 4]]]]
    y.sum().backward()
    # The 4 stands twice in its window; only one of the two cells is given the gradient.
    assert x.grad.tolist() == [[[[0, 0, 0, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]]]]


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("size_stride", [(2, 2), (3, 2)])
def test_unpooling_is_the_adjoint_of_max_pooling(axes, size_stride):
    space, x = Dense(axes), field(axes).requires_grad_()
    y, places = space.pool_indices(x, *size_stride)
    g = torch.randn_like(y)
    (expected,) = torch.autograd.grad(y, x, g)
    torch.testing.assert_close(space.unpool(g, places, x.detach()), expected)
    toy, where = ListedSpace(axes).pool_indices(listed(x.detach()), *size_stride)
    torch.testing.assert_close(dense(toy, y.shape[2:]), y.detach())
    back = ListedSpace(axes).unpool(listed(g), where, listed(x))
    torch.testing.assert_close(dense(back, x.shape[2:]), expected)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_interpolation_is_the_same_on_both_spaces(axes, mode):
    x = field(axes, extent=(4,) * axes)
    fine = Dense(axes).resize(x, scale=2, mode=mode)
    toy = ListedSpace(axes).resize(listed(x), scale=2, mode=mode)
    torch.testing.assert_close(dense(toy, (8,) * axes), fine)
    toy = ListedSpace(axes).resize(listed(x, stride=2), listed(fine), mode=mode)
    torch.testing.assert_close(dense(toy, (8,) * axes), fine)


def test_nearest_copies_each_cell_to_its_block():
    x = torch.tensor([[1.0, 2], [3, 4]]).view(1, 1, 2, 2)
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert Dense(2).resize(x, scale=2)[0, 0].tolist() == expected


def test_bed_of_nails_places_each_cell_at_the_first_of_its_block():
    x = torch.tensor([[1.0, 2], [3, 4]]).view(1, 1, 2, 2)
    expected = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    assert bed_of_nails(Dense(2), x)[0, 0].tolist() == expected


@pytest.mark.parametrize("space", [Dense(2), ListedSpace(2)], ids=["dense", "listed"])
def test_samples_are_kept_apart(space):
    x = field(2, 4, extent=(4, 4))
    active = torch.ones(2, 4, 4, dtype=torch.bool)
    if isinstance(space, ListedSpace):
        active[1, 2:] = False  # the second sample has half of the sites
    put = (lambda x: x) if isinstance(space, Dense) else (lambda x: listed(x, active))
    values = [x[i][:, active[i]] for i in range(2)]  # (C, sites) of each sample
    for kind, by_hand in (("mean", lambda v: v.mean(1)), ("max", lambda v: v.amax(1))):
        expected = torch.stack([by_hand(v) for v in values])
        torch.testing.assert_close(space.reduce(put(x), kind), expected)
    normed = space.group_norm(put(x), 2)
    for i in range(2):
        grid = normed if isinstance(space, Dense) else dense(normed, (4, 4))
        group = grid[i, :2, active[i]]
        zero, one = torch.zeros_like(group.sum()), torch.ones_like(group.sum())
        torch.testing.assert_close(group.mean(), zero, atol=1e-7, rtol=0)
        torch.testing.assert_close(group.std(correction=0), one, rtol=1e-4, atol=0)
    spread = space.broadcast(space.reduce(put(x)), put(x))
    torch.testing.assert_close(space.reduce(spread), space.reduce(put(x)))
    tokens, there = space.tokens(put(x))
    assert tokens.shape == (2, 16, 4)
    assert there is None or there.sum(1).tolist() == [16, 8]
    back = space.untokens(tokens, put(x))
    torch.testing.assert_close(space.reduce(back), space.reduce(put(x)))
    positions = space.positions(put(x))
    assert positions.reshape(-1, 2)[5].tolist() == [1, 1]  # row-major, in cells
    assert positions.dtype == torch.int64


def test_noise_repeats_with_its_seed():
    x = field(2)
    first, again, other = (
        Dense(2).randn_like(x, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == x.shape


def test_growing_makes_all_children_or_the_wanted_ones():
    x = field(2, extent=(2, 2))
    assert Dense(2).grow(x, x[:, :1]).shape == (2, 2, 4, 4)
    space, logits = ListedSpace(2), torch.tensor([1.0, -1, -1, -1] * 2).view(2, 1, 2, 2)
    grown = space.grow(listed(x), listed(logits))
    assert grown.sites.places == [(b, i, j) for b in (0, 1) for i in (0, 1) for j in (0, 1)]
    torch.testing.assert_close(grown.values[:4], listed(x).values[:1].expand(4, 2))


def test_what_only_dense_can_is_refused_by_name():
    space, x = ListedSpace(2), listed(field(2))
    weight = field(2, 2, 3, 1, (3, 3))
    for ask in (
        lambda: space.extent(x),
        lambda: space.flatten(x),
        lambda: space.adaptive_pool(x, 7),
        lambda: space.conv(x, weight, padding=0),
        lambda: space.pool(x, 2, ceil=True),
    ):
        with pytest.raises(InputError, match="on Dense alone, got ListedSpace"):
            ask()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: Dense(4), "axes: expected 1, 2 or 3, got 4"),
        (lambda: as_space("2"), "space: expected a Space or a number of axes"),
        (lambda: as_space(True), "space: expected a Space or a number of axes"),
        (lambda: Dense(2).extent(torch.ones(2, 3, 4)), r"x: expected a tensor \(B C S1 S2\)"),
        (lambda: Dense(2).conv(field(2), field(2, 3)), "x: expected 3 channels"),
        (lambda: Dense(2).conv_transpose(field(2), field(2, 2, 3)), "x: expected 3 channels"),
        (lambda: Dense(2).conv(field(2).float(), field(2)), "x: expected float64 as the weights"),
        (lambda: Dense(2).conv_transpose(field(2).byte(), field(2)), "got uint8 tensor"),
        (lambda: Dense(2).pool(field(2), 0), "size: expected an int >= 1"),
        (lambda: Dense(2).pool(field(2), (2, 2, 2)), "size: expected an int >= 1, or 2 of them"),
        (lambda: Dense(2).pool(field(2), 2, kind="median"), "kind: expected one of max, mean"),
        (lambda: Dense(2).reduce(field(2), "men"), "did you mean 'mean'"),
        (lambda: Dense(2).pool(field(2), 9, padding=0), r"windows of \[9, 9\] cells do not fit"),
        (lambda: Dense(2).resize(field(2)), "expected either `like` or `scale` >= 1"),
        (lambda: Dense(2).pool_indices(field(2), 4, 2), "indices need an odd size"),
        (lambda: Dense(2).map(torch.add, field(2), field(2, extent=(2, 2))), "equal sites"),
    ],
)
def test_bad_arguments_are_named(ask, message):
    with pytest.raises(InputError, match=message):
        ask()


def test_autocast_brings_dtypes_together():
    x, weight = field(2), torch.ones(3, 2, 3, 3)
    with torch.autocast("cpu", torch.bfloat16):
        assert Dense(2).conv(x.bfloat16(), weight).dtype == torch.bfloat16
        with pytest.raises(InputError, match="x: expected float32 as the weights are, got uint8"):
            Dense(2).conv(x.byte(), weight)


def test_like_of_the_wrong_extent_is_refused():
    x = field(2, extent=(4, 4))
    with pytest.raises(InputError, match="4 sites at stride 2 come from 7 to 9, got 10"):
        Dense(2).conv_transpose(
            x, field(2, 3, 2, 1, (2, 2)), like=field(2, extent=(10, 8)), stride=2
        )


def test_published_paddings_and_ceil_mode_are_torchs():
    x = field(2, extent=(13, 11))
    weight = field(2, 2, 3, 1, (3, 3))
    functional = torch.nn.functional
    ours = Dense(2).conv(x, weight, stride=2, padding=1, dilation=2)
    torch.testing.assert_close(ours, functional.conv2d(x, weight, stride=2, padding=1, dilation=2))
    ours = Dense(2).pool(x, 4, 2, padding=0, ceil=True)
    torch.testing.assert_close(ours, functional.max_pool2d(x, 4, 2, ceil_mode=True))
    ours = Dense(2).adaptive_pool(x, (3, 2))
    torch.testing.assert_close(ours, functional.adaptive_avg_pool2d(x, (3, 2)))
    assert Dense(2).flatten(x).shape == (2, 2 * 13 * 11)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_blank_has_the_samples_and_channels_of_a_field(axes: int) -> None:
    x = torch.randn(2, 5, *(3,) * axes, dtype=torch.float64)
    blank = Dense(axes).blank(x)
    assert blank.dtype == x.dtype
    torch.testing.assert_close(blank, torch.zeros(2, 5, dtype=torch.float64))
    torch.testing.assert_close(blank, Space.blank(Dense(axes), x))
