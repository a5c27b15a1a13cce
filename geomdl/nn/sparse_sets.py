"""Sets of sites: fields pruned, brought to other sites, and joined where their sites differ."""

import itertools

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import SparseField
from geomdl.ops.keys import morton_keys
from geomdl.ops.neighbors import take_rows


def pruned(field: SparseField, mask: Tensor) -> SparseField:
    """Field (N, C), mask (N,) bool -> the field where mask holds. Raises GeometryError."""
    expect_tensor("mask", mask, f"{len(field.sites)}", dtypes="bool", like=field.values)
    return SparseField(field.values[mask], field.sites.chosen(mask))


def put(field: SparseField, onto: Sites) -> SparseField:
    """The field on the sites `onto` of its stride: its values where it has them, 0 elsewhere."""
    expect_stride(field.sites, onto)
    rows = field.sites.rows_at(onto.coordinates.long(), onto.offsets)
    if not len(field.sites):
        return SparseField(field.values.new_zeros(len(onto), field.values.shape[1]), onto)
    return SparseField(take_rows(field.values, rows) * (rows >= 0)[:, None], onto)


def joined_sites(one: Sites, two: Sites) -> Sites:
    """All sites that are in either, in order. Raises GeometryError where strides differ."""
    expect_stride(one, two)
    if one.same(two):
        return one
    cells, counts = [], [0]
    for (a, b), (c, d) in zip(_edges(one), _edges(two), strict=True):
        both = torch.cat([one.coordinates[a:b], two.coordinates[c:d]])
        keys, place = torch.unique(morton_keys(both), return_inverse=True)
        cells.append(both.new_empty(len(keys), one.axes).index_put((place,), both))
        counts.append(len(keys))
    offsets = torch.tensor(counts, device=one.offsets.device).cumsum(0)
    return Sites(torch.cat(cells), offsets, one.stride, one.extent)


def united(one: SparseField, two: SparseField) -> SparseField:
    """Fields of C channels -> their sum, on all sites of either (MinkowskiEngine's union)."""
    if one.values.shape[1] != two.values.shape[1]:
        raise GeometryError(f"fields: expected as many channels in both, got {one!r} and {two!r}")
    onto = joined_sites(one.sites, two.sites)
    return SparseField(put(one, onto).values + put(two, onto).values, onto)


def beside(one: SparseField, two: SparseField) -> SparseField:
    """Channels of both side by side on all sites of either, 0 where a field has no site.

    Fields of equal sites: `SparseSpace.concat`.
    """
    onto = joined_sites(one.sites, two.sites)
    return SparseField(torch.cat([put(one, onto).values, put(two, onto).values], 1), onto)


def shared(one: SparseField, two: SparseField) -> SparseField:
    """The first field at the sites that both have."""
    expect_stride(one.sites, two.sites)
    rows = two.sites.rows_at(one.sites.coordinates.long(), one.sites.offsets)
    return pruned(one, rows >= 0)


def expect_stride(one: Sites, two: Sites) -> None:
    """Sites of one stride and one number of items. Raises GeometryError."""
    if one.stride != two.stride or len(one.offsets) != len(two.offsets):
        raise GeometryError(f"fields: expected one stride and as many items, got {one!r}, {two!r}")


def _edges(sites: Sites) -> list[tuple[int, int]]:
    return list(itertools.pairwise(sites.offsets.tolist()))
