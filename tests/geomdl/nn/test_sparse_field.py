from fractions import Fraction

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import SparseField, field_of, from_dense, to_dense, voxels_of
from geomdl.structures import SparseVoxels
from tests.geomdl.nn.scattered import grid, mask, rows_as_listed


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_dense_and_back(axes):
    extent = (5, 4, 3, 6)[:axes]
    x, active = grid(2, 3, *extent), mask(0.4, 2, *extent)
    field = from_dense(x, active)
    torch.testing.assert_close(rows_as_listed(field), x.movedim(1, -1)[active])
    torch.testing.assert_close(to_dense(field), x * active[:, None])
    bigger = to_dense(field, [n + 1 for n in extent])
    torch.testing.assert_close(bigger[(..., *(slice(n) for n in extent))], x * active[:, None])
    voxels = voxels_of(field)  # checks the order of rows
    torch.testing.assert_close(voxels.dense(extent), x * active[:, None])


def test_gradients_pass_both_ways():
    x = grid(2, 2, 3, 4).requires_grad_()
    active = mask(0.5, 2, 3, 4)
    assert torch.autograd.gradcheck(lambda x: to_dense(from_dense(x, active)), x)


def test_voxels_and_back():
    voxels = voxels_of(from_dense(grid(2, 3, 6, 6), mask(0.4, 2, 6, 6)))
    voxels = SparseVoxels(voxels.coordinates, voxels.features, 4, voxels.offsets)
    field = field_of(voxels, extent=(6, 7))
    assert field.sites.stride == (4, 4)
    assert field.sites.extent == (6, 7)
    back = voxels_of(field)
    assert (back.stride, back.batch_size) == (4, 2)
    assert torch.equal(back.coordinates, voxels.coordinates)
    assert torch.equal(back.features, voxels.features)


def test_other_values_at_the_same_sites():
    field = from_dense(grid(1, 2, 4))
    other = field.on(torch.zeros(4, 5))
    assert other.sites is field.sites
    assert repr(other) == "SparseField(5 channels float32, Sites(4 in 1D, 1 items, stride 1))"
    with pytest.raises(GeometryError, match="values: expected 4 rows, one per site"):
        field.on(torch.zeros(3, 5))


def test_bad_arguments_are_named():
    field = from_dense(grid(1, 2, 4, 4))
    voxels = voxels_of(field)
    with pytest.raises(GeometryError, match=r"extent: \(4, 3\) does not hold all sites"):
        field_of(voxels, extent=(4, 3))
    for extent in (4, (4,), (4, 4, 4), (4, -1), (4.0, 4.0), "ab"):
        for ask in (lambda e: field_of(voxels, e), lambda e: to_dense(field, e)):
            with pytest.raises(GeometryError, match="extent: expected 2 whole numbers >= 0, got"):
                ask(extent)
    with pytest.raises(GeometryError, match=r"extent: \(4, 3\) does not hold all sites"):
        to_dense(field, (4, 3))
    with pytest.raises(GeometryError, match="this field knows none"):
        to_dense(field_of(voxels))
    with pytest.raises(GeometryError, match="grid: expected"):
        from_dense(torch.zeros(2, 3))
    with pytest.raises(GeometryError, match="grid: expected a tensor"):
        from_dense([[1.0]])
    with pytest.raises(GeometryError, match=r"active: expected \(1, 4, 4\)"):
        from_dense(grid(1, 2, 4, 4), torch.ones(1, 4, 5, dtype=torch.bool))
    for stride in ((Fraction(1), Fraction(2)), (Fraction(1, 2),) * 2):
        sites = Sites(field.sites.coordinates, field.sites.offsets, stride)
        with pytest.raises(GeometryError, match="expected one integer stride"):
            voxels_of(SparseField(field.values, sites))
