"""Maps and sites against dictionaries, on the torch bodies and on the kernels."""

import itertools

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.sites import (
    COORDINATE_BITS,
    children,
    kernel_map,
    kernel_offsets,
    parents,
    reached,
    transposed_map,
)
from tests.oracles import sparse_oracle as oracle

EXTENT = {1: [97], 2: [19, 13], 3: [9, 7, 10], 4: [5, 4, 3, 6]}
CASES = [  # kernel size, stride, dilation on the first axes; the last axis differs
    ([3], [1], [1]),
    ([2], [2], [1]),
    ([3, 3], [1, 1], [2, 1]),
    ([3, 3, 3], [1, 1, 1], [1, 1, 1]),
    ([3, 3, 3], [2, 2, 2], [1, 1, 1]),
    ([2, 2, 2], [2, 2, 2], [1, 1, 1]),
    ([5, 1, 2], [1, 3, 2], [1, 1, 4]),
    ([3, 3, 3, 3], [1, 1, 1, 1], [1, 1, 1, 1]),
    ([1, 2, 3, 3], [1, 2, 1, 2], [1, 1, 3, 1]),
]


def batch_of(axes: int, seed: int, share: float = 0.3) -> oracle.Batch:
    """Three items, the second empty."""
    rng = np.random.default_rng(seed)
    cells = list(itertools.product(*map(range, EXTENT[axes])))
    chosen = [{c for c in cells if rng.random() < s} for s in (share, 0.0, 2 * share)]
    return [oracle.in_order(item) for item in chosen]


def packed(batch: oracle.Batch, axes: int) -> tuple[torch.Tensor, torch.Tensor]:
    cells = [cell for item in batch for cell in item]
    ends = torch.tensor([0, *map(len, batch)]).cumsum(0)
    return torch.tensor(cells, dtype=torch.int32).reshape(-1, axes), ends


@pytest.mark.parametrize(("kernel", "stride", "dilation"), CASES)
def test_kernel_map(backend, kernel, stride, dilation):
    axes = len(kernel)
    fine = batch_of(axes, seed=1)
    coarse = oracle.parents(fine, stride)
    table = kernel_map(*packed(fine, axes), *packed(coarse, axes), kernel, stride, dilation)
    expected = oracle.table(fine, coarse, kernel, stride, dilation)
    assert table.dtype == torch.int32
    assert (expected >= 0).any()
    np.testing.assert_array_equal(table.numpy(), expected)
    back = transposed_map(table, sum(map(len, fine)))
    np.testing.assert_array_equal(back.numpy(), oracle.transposed(expected, len(back)))


def test_submanifold_map_reads_itself_by_the_middle_and_is_its_own_transpose(backend):
    sites = packed(batch_of(3, seed=2), 3)
    table = kernel_map(*sites, *sites, [3, 3, 3], [1, 1, 1], [1, 1, 1])
    assert torch.equal(table[:, 13], torch.arange(len(table), dtype=torch.int32))
    assert torch.equal(transposed_map(table, len(table)), table.flip(1))


@pytest.mark.parametrize("padding", [[0, 0, 0], [1, 2, 0]])
def test_map_with_padding_and_queries_in_any_order(backend, padding):
    fine = batch_of(3, seed=3)
    coarse = [item[::-1] for item in fine]
    args = ([3, 2, 3], [1, 1, 1], [1, 2, 1], padding)
    table = kernel_map(*packed(fine, 3), *packed(coarse, 3), *args)
    np.testing.assert_array_equal(table.numpy(), oracle.table(fine, coarse, *args))


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_map_at_the_ends_of_the_coordinates(backend, axes):
    """Beyond the last coordinate there is nothing, and nothing wraps around."""
    last = (1 << COORDINATE_BITS[axes]) - 1
    fine = [[(0,) * axes, (last,) * axes]]
    sites = packed(fine, axes)
    table = kernel_map(*sites, *sites, [3] * axes, [1] * axes, [1] * axes)
    expected = np.full((2, 3**axes), -1)
    expected[:, 3**axes // 2] = [0, 1]
    np.testing.assert_array_equal(table.numpy(), expected)
    far = kernel_map(*sites, *sites, [3] * axes, [2] * axes, [last] * axes)
    np.testing.assert_array_equal(
        far.numpy(), oracle.table(fine, fine, [3] * axes, [2] * axes, [last] * axes)
    )


@pytest.mark.parametrize(
    ("stride"), [[2], [3, 1], [2, 2, 2], [1, 1, 1], [3, 1, 2], [2, 2, 2, 2], [1, 2, 1, 3]]
)
def test_parents_and_children(backend, stride):
    axes = len(stride)
    batch = batch_of(axes, seed=4, share=0.1)
    sites, ends = packed(batch, axes)
    coarse, coarse_ends, row = parents(sites, ends, stride)
    expected, expected_ends = packed(oracle.parents(batch, stride), axes)
    assert torch.equal(coarse, expected)
    assert torch.equal(coarse_ends, expected_ends)
    steps = torch.tensor(stride, dtype=torch.int32)
    assert torch.equal(coarse[row], sites // steps)
    item = torch.arange(3).repeat_interleave(ends.diff())
    assert torch.equal(torch.arange(3).repeat_interleave(coarse_ends.diff())[row], item)

    fine, fine_ends, origin = children(coarse, coarse_ends, stride)
    grown, grown_ends = packed(oracle.children(oracle.parents(batch, stride), stride), axes)
    assert torch.equal(fine, grown)
    assert torch.equal(fine_ends, grown_ends)
    assert torch.equal(coarse[origin], fine // steps)
    assert torch.equal(origin, parents(fine, fine_ends, stride)[2])


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "padding"),
    [
        ([3], [2], [1], [1]),
        ([3, 3], [1, 1], [1, 1], [1, 1]),
        ([3, 3, 3], [1, 1, 1], [1, 1, 1], [0, 0, 0]),
        ([3, 3, 3], [2, 2, 2], [1, 1, 1], [1, 1, 1]),
        ([2, 3, 1], [2, 1, 3], [1, 2, 1], [0, 3, 1]),
        ([2, 2, 2, 2], [2, 2, 2, 2], [1, 1, 1, 1], [0, 0, 0, 0]),
    ],
)
@pytest.mark.parametrize("bounded", [True, False])
def test_reached(backend, kernel, stride, dilation, padding, bounded):
    axes = len(kernel)
    batch = batch_of(axes, seed=5, share=0.05)
    extent = EXTENT[axes] if bounded else None
    sites, ends = packed(batch, axes)
    found, found_ends = reached(sites, ends, kernel, stride, dilation, padding, extent)
    wanted = oracle.reached(batch, kernel, stride, dilation, padding, extent)
    expected, expected_ends = packed(wanted, axes)
    assert torch.equal(found, expected)
    assert torch.equal(found_ends, expected_ends)
    table = kernel_map(sites, ends, found, found_ends, kernel, stride, dilation, padding)
    assert bool((table >= 0).any(1).all()), "a reached site reads nothing"


def test_no_sites(backend):
    sites, ends = torch.zeros(0, 3, dtype=torch.int32), torch.zeros(3, dtype=torch.int64)
    args = ([3, 3, 3], [1, 1, 1], [1, 1, 1])
    assert kernel_map(sites, ends, sites, ends, *args).shape == (0, 27)
    assert transposed_map(torch.zeros(0, 27, dtype=torch.int32), 2).tolist() == [[-1] * 27] * 2
    for found in (
        parents(sites, ends, [2, 2, 2]),
        children(sites, ends, [2, 2, 2]),
        reached(sites, ends, *args, [1, 1, 1]),
    ):
        assert found[0].shape == (0, 3)
        assert found[1].tolist() == [0, 0, 0]


def test_threads_do_not_change_anything():
    sites, ends = packed(batch_of(3, seed=6, share=0.9), 3)
    sites = torch.cat([sites] * 4)  # 4 x 3 items: more than one chunk of the loop
    ends = torch.cat([ends[:-1] + i * ends[-1] for i in range(4)] + [4 * ends[-1:]])
    found = []
    for count in (1, 2, 3):
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            table = kernel_map(sites, ends, sites, ends, [3] * 3, [1] * 3, [1] * 3)
            found.append((table, transposed_map(table, len(sites))))
        finally:
            torch.set_num_threads(before)
    with dispatch.backend("torch"):
        plain = kernel_map(sites, ends, sites, ends, [3] * 3, [1] * 3, [1] * 3)
    for table, back in found:
        assert torch.equal(table, plain)
        assert torch.equal(back, plain.flip(1))


def test_entries_of_a_kernel_are_row_major_and_odd_ones_centred():
    assert kernel_offsets([3, 2], [2, 5]).tolist() == [
        [-2, 0], [-2, 5], [0, 0], [0, 5], [2, 0], [2, 5],
    ]  # fmt: skip
    assert kernel_offsets([3, 2], [1, 1], [0, 1])[0].tolist() == [0, -1]


def test_bad_arguments_are_named():
    sites = torch.tensor([[0, 0], [1, 0], [0, 1]], dtype=torch.int32)
    ends = torch.tensor([0, 3])
    good = (sites, ends, sites, ends, [3, 3], [1, 1], [1, 1])

    def asked(**changed):
        names = ("fine", "fine_offsets", "coarse", "coarse_offsets", "kernel", "stride", "dilation")
        return kernel_map(**(dict(zip(names, good, strict=True)) | changed))

    with pytest.raises(GeometryError, match="fine: row 1 is not after row 0"):
        asked(fine=sites.flip(0))
    with pytest.raises(GeometryError, match="fine: row 1 is not after row 0"):
        asked(fine=sites[[0, 0, 1]])
    with pytest.raises(GeometryError, match="fine"):
        asked(fine=sites.long())
    with pytest.raises(GeometryError, match="fine_offsets"):
        asked(fine_offsets=torch.tensor([0, 2]))
    with pytest.raises(GeometryError, match="coarse_offsets: expected 1 items"):
        asked(coarse_offsets=torch.tensor([0, 1, 3]))
    with pytest.raises(GeometryError, match="coarse"):
        asked(coarse=sites[:, :1].contiguous())
    with pytest.raises(GeometryError, match="kernel: expected 2 integers of at least 1"):
        asked(kernel=[3])
    with pytest.raises(GeometryError, match="stride"):
        asked(stride=[0, 1])
    with pytest.raises(GeometryError, match="dilation"):
        asked(dilation=[1, -1])
    with pytest.raises(GeometryError, match="padding"):
        asked(padding=[1, -1])
    with pytest.raises(GeometryError, match="stride"):
        parents(sites, ends, [2])
    with pytest.raises(GeometryError, match="do not fit"):
        children(torch.tensor([[1 << 30, 0]], dtype=torch.int32), torch.tensor([0, 1]), [2, 2])
    with pytest.raises(GeometryError, match="extent"):
        reached(sites, ends, [3, 3], [1, 1], [1, 1], [1, 1], [4])
    for ask in (  # numbers that an int32 would cut off, to 0 for one
        lambda: parents(sites, ends, [1 << 40, 1]),
        lambda: asked(stride=[1 << 32, 1]),
        lambda: asked(dilation=[1, 1 << 33]),
    ):
        with pytest.raises(GeometryError, match=r"expected integers below 2\^31"):
            ask()
    table = torch.tensor([[0, 3]], dtype=torch.int32)
    with pytest.raises(GeometryError, match="table: rows run from 0 to 3"):
        transposed_map(table, 3)


def test_items_may_start_anew_in_morton_order(backend):
    sites = torch.tensor([[5], [2]], dtype=torch.int32)
    table = kernel_map(
        sites, torch.tensor([0, 1, 2]), sites, torch.tensor([0, 1, 2]), [3], [1], [1]
    )
    assert table.tolist() == [[-1, 0, -1], [-1, 1, -1]]
