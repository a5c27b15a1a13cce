"""Random sparse fields for tests, and the same on the toy space of core2d's tests."""

import torch

from geomdl.nn.sparse_field import SparseField, from_dense
from tests.core2d.listed_space import Listed, listed


def grid(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def mask(share, *shape, seed=0):
    """Active cells (B, *S) bool; at least one in every item."""
    generator = torch.Generator().manual_seed(seed)
    active = torch.rand(shape, generator=generator) < share
    active.flatten(1)[:, 0] |= ~active.flatten(1).any(1)
    return active


def pair(x, active):
    """The field of the active cells of x (B, C, *S), on sparse voxels and on the toy space."""
    return from_dense(x, active), listed(x, active)


def rows_as_listed(field: SparseField) -> torch.Tensor:
    """Values in the order of the toy space: by item, then row-major."""
    places = torch.cat([field.sites.items[:, None], field.sites.coordinates.long()], 1)
    order = sorted(range(len(places)), key=lambda row: places[row].tolist())
    return field.values[torch.tensor(order, dtype=torch.int64)]


def places_of(field: SparseField) -> list[tuple[int, ...]]:
    places = torch.cat([field.sites.items[:, None], field.sites.coordinates.long()], 1)
    return [tuple(place) for place in places.tolist()]


def close(ours: SparseField, toy: Listed) -> None:
    """Same places, same values, whatever the order of rows."""
    assert sorted(places_of(ours)) == sorted(toy.sites.places)
    order = sorted(range(len(toy.sites.places)), key=lambda row: toy.sites.places[row])
    torch.testing.assert_close(rows_as_listed(ours), toy.values[order])
