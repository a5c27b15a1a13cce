import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.sparse_field import SparseField, from_dense
from geomdl.nn.sparse_interpolate import at_points, interpolate, resized
from geomdl.nn.sparse_pool import window_means
from tests.geomdl.nn.scattered import grid, mask, places_of


def by_hand(field, places, items, mode):
    rows = dict(zip(places_of(field), field.values, strict=True))
    found = []
    for place, item in zip(places.tolist(), items, strict=True):
        total, weight = torch.zeros(field.values.shape[1], dtype=field.values.dtype), 0.0
        for site, value in rows.items():
            apart = [abs(c + 0.5 - p) for c, p in zip(site[1:], place, strict=True)]
            if mode == "nearest":
                share = float(all(c <= p < c + 1 for c, p in zip(site[1:], place, strict=True)))
            else:
                share = 1.0
                for distance in apart:
                    share *= max(0.0, 1 - distance)
            if site[0] == item:
                total, weight = total + share * value, weight + share
        found.append(total / weight if weight else total)
    return torch.stack(found)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_values_between_sites(axes, mode):
    extent = (5, 4, 3, 2)[:axes]
    field = from_dense(grid(2, 3, *extent), mask(0.5, 2, *extent))
    places = torch.rand(40, axes, dtype=torch.float64) * 7 - 1
    found = interpolate(field, places, torch.tensor([0, 15, 40]), mode)
    torch.testing.assert_close(found, by_hand(field, places, [0] * 15 + [1] * 25, mode))


def test_at_centres_points_have_the_values_of_their_cells():
    field = from_dense(grid(1, 3, 4, 5), mask(0.6, 1, 4, 5))
    coarse, row = field.sites.parents((2, 2))
    table = field.sites.table(coarse, (2, 2), (2, 2), (1, 1))
    level = SparseField(window_means(field.values, table), coarse)
    centres = (coarse.coordinates + 0.5) * 2
    torch.testing.assert_close(at_points(level, centres.double()), level.values)
    corners = field.sites.coordinates.double() + 0.5
    torch.testing.assert_close(at_points(level, corners, mode="nearest"), level.values[row])


def test_gradients_in_values_and_points():
    field = from_dense(grid(1, 2, 4, 4), mask(0.6, 1, 4, 4))
    points = (torch.rand(9, 2, dtype=torch.float64) * 4).requires_grad_()
    values = field.values.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v, p: at_points(field.on(v), p), (values, points))


def test_onto_coarser_and_finer_sites():
    field = from_dense(grid(2, 2, 6, 6), mask(0.5, 2, 6, 6))
    coarse = field.sites.parents((2, 2))[0]
    found = resized(field, coarse, "linear")
    torch.testing.assert_close(  # the centre of a parent is the corner of its four children
        found.values,
        window_means(field.values, field.sites.table(coarse, (2, 2), (2, 2), (1, 1))),
    )
    up = resized(found, field.sites, "nearest")
    torch.testing.assert_close(up.values, found.values[field.sites.parents((2, 2))[1]])


def test_no_sites_give_zeros():
    none = from_dense(grid(1, 2, 4), torch.zeros(1, 4, dtype=torch.bool))
    assert at_points(none, torch.ones(3, 1)).tolist() == [[0, 0]] * 3


def test_bad_arguments_are_named():
    field = from_dense(grid(2, 2, 4, 4))
    points = torch.zeros(4, 2)
    with pytest.raises(GeometryError, match="offsets: expected 2 items, got 1"):
        at_points(field, points)
    with pytest.raises(GeometryError, match="points: expected shape"):
        at_points(field, torch.zeros(4, 3), torch.tensor([0, 2, 4]))
    with pytest.raises(GeometryError, match="did you mean 'linear'"):
        at_points(field, points, torch.tensor([0, 2, 4]), "linea")
