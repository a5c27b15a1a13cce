"""Morton codes, hash table and distinct keys against plain Python."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.keys import BITS, build_table, look_up, morton_cells, morton_keys, unique_keys


def interleave(cell: list[int]) -> int:
    """Bit b of axis a is bit D b + a of the key."""
    key = 0
    for axis, value in enumerate(cell):
        for bit in range(63):
            if value >> bit & 1:
                key |= 1 << (len(cell) * bit + axis)
    return key


def random_cells(count: int, dims: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, (1 << BITS[dims]) - 1, (count, dims), generator=generator)


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_keys_interleave_bits_and_come_back(backend, dims):
    cells = random_cells(200, dims)
    keys = morton_keys(cells)
    assert keys.tolist() == [interleave(c) for c in cells.tolist()]
    assert torch.equal(morton_cells(keys, dims), cells)
    top = torch.full((1, dims), (1 << BITS[dims]) - 1)
    assert torch.equal(morton_cells(morton_keys(top), dims), top)
    assert int(morton_keys(top)) > 0


def test_int32_cells_and_empty(backend):
    cells = random_cells(50, 3)
    assert torch.equal(morton_keys(cells.int()), morton_keys(cells))
    assert morton_keys(torch.zeros((0, 3), dtype=torch.int32)).shape == (0,)
    assert morton_cells(torch.zeros(0, dtype=torch.int64), 3).shape == (0, 3)


def test_neighbours_of_one_parent_are_consecutive(backend):
    children = torch.tensor([[6 + i, 4 + j, 2 + k] for k in (0, 1) for j in (0, 1) for i in (0, 1)])
    keys = morton_keys(children)
    assert torch.equal(keys - keys[0], torch.arange(8))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (torch.tensor([[0, -1, 0]]), "from -1 to 0"),
        (torch.tensor([[0, 1 << 21, 0]]), r"2\^21 - 1 on 3 axes"),
        (torch.zeros((2, 5), dtype=torch.int64), "1 to 4 columns"),
        (torch.zeros((2, 3)), "expected dtype int32 or int64"),
    ],
)
def test_bad_cells_are_refused(backend, cells, message):
    with pytest.raises(GeometryError, match=message):
        morton_keys(cells)


def test_table_finds_what_is_there_and_only_that(backend):
    keys = torch.from_numpy(
        np.random.default_rng(0).choice(10**12, 5000, replace=False) - 5 * 10**11
    )
    table = build_table(keys)
    assert torch.equal(look_up(table, keys), torch.arange(5000))
    assert int(look_up(table, keys[:1000] + 10**13).max()) == -1
    assert look_up(build_table(keys[:0]), keys).eq(-1).all()


def test_of_equal_keys_the_lowest_row_stays(backend):
    keys = torch.tensor([7, 3, 7, -1, 3, 0, -1])
    assert look_up(build_table(keys), keys).tolist() == [0, 1, 0, 3, 1, 5, 3]


def test_tables_of_one_backend_serve_the_other():
    keys = random_cells(3000, 1)[:, 0] % 1000
    with dispatch.backend("torch"):
        slow = build_table(keys)
    with dispatch.backend("native"):
        fast = build_table(keys)
        found = look_up(slow, keys)
    with dispatch.backend("torch"):
        assert torch.equal(look_up(fast, keys), found)
    assert slow.shape == fast.shape


@pytest.mark.parametrize("spread", [10, 5000, 1 << 62])
def test_unique_keys_as_numpy(backend, spread):
    keys = torch.randint(-spread, spread, (4000,), generator=torch.Generator().manual_seed(1))
    distinct, place, first, count = unique_keys(keys)
    expected = np.unique(keys.numpy(), return_index=True, return_inverse=True, return_counts=True)
    for ours, theirs in zip((distinct, first, place, count), expected, strict=True):
        assert np.array_equal(ours.numpy(), theirs)


def test_unique_keys_of_nothing(backend):
    assert [len(t) for t in unique_keys(torch.zeros(0, dtype=torch.int64))] == [0, 0, 0, 0]


def test_a_table_of_the_wrong_shape_is_refused(backend):
    with pytest.raises(GeometryError, match="what build_table returned"):
        look_up(torch.zeros((17, 2), dtype=torch.int64), torch.zeros(3, dtype=torch.int64))


def test_keys_compile_to_fake_tensors():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        assert torch.ops.geomdl.morton_keys(torch.zeros((5, 3), dtype=torch.int64)).shape == (5,)
