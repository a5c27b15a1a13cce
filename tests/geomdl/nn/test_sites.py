import gc
import itertools
import weakref
from fractions import Fraction

import pytest
import torch

from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import from_dense
from tests.geomdl.nn.scattered import grid, mask, places_of


def sites(share, *extent, items=2, seed=0):
    return from_dense(grid(items, 1, *extent), mask(share, items, *extent, seed=seed)).sites


def places(these):
    together = torch.cat([these.items[:, None], these.coordinates.long()], 1)
    return [tuple(place) for place in together.tolist()]


def test_what_is_counted():
    active = torch.zeros(3, 4, 4, dtype=torch.bool)
    active[0, 0, 0] = active[2, 1, 2] = active[2, 3, 3] = True
    found = from_dense(grid(3, 1, 4, 4), active).sites
    assert found.counts == [1, 0, 2]
    assert found.items.tolist() == [0, 2, 2]
    assert (len(found), found.axes, found.extent) == (3, 2, (4, 4))
    assert repr(found) == "Sites(3 in 2D, 3 items, stride 1)"


@pytest.mark.parametrize("step", [(2, 2, 2), (1, 2, 3)])
def test_parents_and_children_by_hand(step):
    fine = sites(0.2, 6, 5, 7)
    coarse, row = fine.parents(step)
    wanted = {(b, *(c // s for c, s in zip(at, step, strict=True))) for b, *at in places(fine)}
    assert set(places(coarse)) == wanted
    assert len(coarse) == len(wanted)
    up = places(coarse)
    for (b, *at), parent in zip(places(fine), row.tolist(), strict=True):
        assert up[parent] == (b, *(c // s for c, s in zip(at, step, strict=True)))
    assert coarse.stride == tuple(map(Fraction, step))
    assert coarse.extent == tuple(-(-e // s) for e, s in zip((6, 5, 7), step, strict=True))
    back, parent = coarse.children(step)
    inner = list(itertools.product(*map(range, step)))
    all_children = {
        (b, *(c * s + i for c, s, i in zip(at, step, offset, strict=True)))
        for b, *at in up
        for offset in inner
    }
    assert set(places(back)) == all_children
    assert back.parents(step)[0].same(coarse)
    assert torch.equal(back.parents(step)[1], parent)
    assert back.stride == (1, 1, 1)


def test_finer_than_the_input():
    assert sites(0.3, 4, 4).children((2, 1))[0].stride == (Fraction(1, 2), 1)


def test_sites_that_a_kernel_reaches():
    fine = from_dense(grid(1, 1, 9), torch.tensor([[0, 0, 0, 1, 0, 0, 0, 0, 1]]).bool()).sites
    dilated = fine.reached((3,), (1,), (1,))
    assert dilated.coordinates[:, 0].tolist() == [2, 3, 4, 7, 8]  # 9 is outside the extent
    assert fine.reached((3,), (2,), (1,)).coordinates[:, 0].tolist() == [1, 2, 4]
    assert fine.parents((2,))[0].coordinates[:, 0].tolist() == [1, 4]
    assert fine.reached((3,), (2,), (1,), (0,)).coordinates[:, 0].tolist() == [1, 3]
    assert fine.reached((2,), (1,), (1,)).coordinates[:, 0].tolist() == [2, 3, 7, 8]
    free = Sites(fine.coordinates, fine.offsets, fine.stride)
    assert free.reached((3,), (1,), (1,)).coordinates[:, 0].tolist() == [2, 3, 4, 7, 8, 9]


def test_maps_are_made_once_for_each_set_of_arguments():
    """A cache that misses an argument hands out the wrong map: every argument is varied here."""
    fine = sites(0.4, 8, 8)
    coarse = fine.parents((2, 2))[0]
    asked = [
        (fine, (3, 3), (1, 1), (1, 1), None),
        (fine, (3, 3), (1, 1), (2, 2), None),
        (fine, (3, 3), (1, 1), (1, 1), (0, 0)),
        (fine, (3, 1), (1, 1), (1, 1), None),
        (fine, (1, 3), (1, 1), (1, 1), None),
        (coarse, (3, 3), (2, 2), (1, 1), None),
        (coarse, (2, 2), (2, 2), (1, 1), None),
        (coarse, (2, 2), (1, 1), (1, 1), None),
    ]
    first = [fine.table(*how) for how in asked]
    assert all(a is fine.table(*how) for a, how in zip(first, asked, strict=True))
    fresh = [Sites(fine.coordinates, fine.offsets, fine.stride) for _ in asked]
    for table, (onto, *how), alone in zip(first, asked, fresh, strict=True):
        assert torch.equal(table, alone.table(alone if onto is fine else onto, *how))
    assert not any(
        a.shape == b.shape and torch.equal(a, b) for a, b in itertools.combinations(first, 2)
    )
    assert fine.parents((2, 2))[0] is coarse
    assert fine.parents((2, 1))[0] is not coarse
    dilated = [fine.reached((3, 3), (1, 1), hole) for hole in ((1, 1), (2, 2))]
    assert not dilated[0].same(dilated[1])
    assert fine.reached((3, 3), (1, 1), (1, 1)) is dilated[0]


@pytest.mark.parametrize("kernel", [(3, 3), (2, 2), (3, 2), (5, 1)])
def test_transposed_tables_answer_who_reads_a_site(kernel):
    fine = sites(0.4, 8, 8)
    for coarse, step in ((fine, (1, 1)), (fine.parents((2, 2))[0], (2, 2))):
        table = fine.table(coarse, kernel, step, (1, 1))
        back = fine.transposed(coarse, kernel, step, (1, 1))
        wanted = {(int(table[m, k]), k, m) for m, k in (table >= 0).nonzero().tolist()}
        assert wanted == {(n, k, int(back[n, k])) for n, k in (back >= 0).nonzero().tolist()}


def test_rows_of_cells_wherever_they_are():
    fine = sites(0.4, 5, 6, items=3)
    rows = {place: row for row, place in enumerate(places(fine))}
    asked = list(itertools.product(range(-2, 8), range(-1, 9)))[::-1]
    cells = torch.tensor(asked * 3)
    offsets = torch.tensor([0, 1, 2, 3]) * len(asked)
    found = fine.rows_at(cells, offsets).tolist()
    assert found == [rows.get((item, *at), -1) for item in range(3) for at in asked]
    far = torch.tensor([[2**40, 0], [0, 2**31]])
    assert fine.rows_at(far, torch.tensor([0, 2, 2, 2])).tolist() == [-1, -1]


def test_choosing_some():
    fine = sites(0.5, 6, 6)
    chosen = torch.rand(len(fine), generator=torch.Generator().manual_seed(0)) < 0.5
    assert places(fine.chosen(chosen)) == list(itertools.compress(places(fine), chosen.tolist()))


def test_sites_are_the_same_by_value():
    one, two = sites(0.5, 6, 6), sites(0.5, 6, 6)
    assert one.same(two)
    assert not one.same(sites(0.5, 6, 6, seed=1))
    assert not one.same(Sites(two.coordinates, two.offsets, (Fraction(2),) * 2))


def test_maps_die_with_the_sites():
    """No reference points back, so memory is freed at once and not when the collector runs."""
    gc.disable()
    try:
        fine = sites(0.5, 6, 6)
        coarse, _ = fine.parents((2, 2))
        fine.transposed(fine, (3, 3), (1, 1), (1, 1))
        fine.transposed(coarse, (2, 2), (2, 2), (1, 1))
        fine.reached((3, 3), (1, 1), (1, 1))
        gone = weakref.ref(fine), weakref.ref(coarse)
        del fine, coarse
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


def test_fields_share_one_order():
    field = from_dense(grid(2, 1, 4, 4), mask(0.5, 2, 4, 4))
    assert places_of(field) == places(field.sites)
