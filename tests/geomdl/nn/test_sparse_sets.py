import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.sparse_field import from_dense, to_dense, voxels_of
from geomdl.nn.sparse_sets import beside, joined_sites, pruned, put, shared, united
from tests.geomdl.nn.scattered import grid, mask, places_of

EXTENT = (5, 6, 4)


def two():
    masks = [mask(share, 2, *EXTENT, seed=seed) for share, seed in ((0.4, 0), (0.3, 1))]
    grids = [grid(2, 3, *EXTENT, seed=seed) for seed in (2, 3)]
    return grids, masks, [from_dense(x, active) for x, active in zip(grids, masks, strict=True)]


def test_joined_fields_are_sums_and_stacks_of_grids():
    (a, b), (here, there), (one, other) = two()
    a, b = a * here[:, None], b * there[:, None]
    total = united(one, other)
    torch.testing.assert_close(to_dense(total), a + b)
    assert len(total.sites) == int((here | there).sum())
    voxels_of(total)  # sorted, none twice
    torch.testing.assert_close(to_dense(beside(one, other)), torch.cat([a, b], 1))
    both = shared(one, other)
    assert len(both.sites) == int((here & there).sum())
    torch.testing.assert_close(to_dense(both), a * there[:, None])


def test_putting_and_pruning():
    (a, _), (here, there), (one, other) = two()
    torch.testing.assert_close(to_dense(put(one, other.sites)), a * (here & there)[:, None])
    few = pruned(one, one.values[:, 0] > 0)
    torch.testing.assert_close(to_dense(few), a * (here & (a[:, 0] > 0))[:, None])
    assert set(places_of(few)) < set(places_of(one))


def test_gradients():
    _, _, (one, other) = two()
    values = (
        one.values[:, :1].clone().requires_grad_(),
        other.values[:, :1].clone().requires_grad_(),
    )

    def forward(a, b):
        return united(one.on(a), other.on(b)).values, beside(one.on(a), other.on(b)).values

    assert torch.autograd.gradcheck(forward, values, fast_mode=True)


def test_equal_sites_are_kept_and_none_is_nothing():
    _, _, (one, _) = two()
    assert joined_sites(one.sites, one.sites) is one.sites
    none = pruned(one, torch.zeros(len(one.sites), dtype=torch.bool))
    torch.testing.assert_close(to_dense(united(none, one)), to_dense(one))
    assert not put(none, one.sites).values.any()


def test_fields_that_do_not_match_are_named():
    _, _, (one, _) = two()
    alone = from_dense(grid(1, 3, *EXTENT))
    with pytest.raises(GeometryError, match="expected one stride and as many items"):
        united(one, alone)
    with pytest.raises(GeometryError, match="expected as many channels in both"):
        united(one, one.on(torch.zeros(len(one.sites), 7)))
    with pytest.raises(GeometryError, match="mask: expected shape"):
        pruned(one, torch.ones(3, dtype=torch.bool))
