"""Levels of detail: every point once, one per cell, even spread, chunks that fit."""

import pytest
import torch

from geomdl import ops
from geomdl.errors import GeometryError
from geomdl.viewer import levels as module
from geomdl.viewer.levels import build_levels, near_centre


def sheet(count: int, seed: int = 0) -> torch.Tensor:
    """A curved sheet of random points (N, 3)."""
    uv = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * 4
    return torch.cat([uv, torch.sin(uv[:, :1] * 2)], 1)


CLOUDS = {
    "sheet": sheet(20_000),
    "sorted by x": sheet(20_000)[sheet(20_000)[:, 0].argsort()],
    "volume": torch.rand(20_000, 3, generator=torch.Generator().manual_seed(1)),
    "line": torch.linspace(0, 1, 5000)[:, None] * torch.tensor([1.0, 2.0, 3.0]),
    "one place": torch.ones(3000, 3),
    "far away": sheet(20_000).double() + torch.tensor([5e5, 4e6, 100.0], dtype=torch.float64),
    "with a stray": torch.cat([sheet(20_000), torch.tensor([[1e6, 0.0, 0.0]])]),
    "repeated": sheet(4000).repeat(5, 1),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_every_row_once_and_boxes_hold(name):
    points = CLOUDS[name]
    levels = build_levels(points, first=1000, most=700)
    assert torch.equal(levels.order.sort().values.long(), torch.arange(len(points)))
    assert levels.counts.max() <= 700
    assert int(levels.counts.sum()) == len(points)
    assert bool((levels.level.diff() >= 0).all())
    assert int(levels.counts[levels.level == 0].sum()) <= 1000
    for chunk in range(len(levels)):
        mine = points[levels.rows(chunk)].double()
        assert torch.equal(mine.amin(0), levels.low[chunk])
        assert torch.equal(mine.amax(0), levels.high[chunk])


@pytest.mark.parametrize("name", ["sheet", "volume", "sorted by x"])
def test_one_point_in_each_cell_of_a_level(name):
    points = CLOUDS[name]
    levels = build_levels(points, first=1000, most=700)
    assert len(levels.spacing) >= 2
    cells, side = module._cells(points)
    for number in range(len(levels.spacing) - 1):
        chunks = (levels.level <= number).nonzero()[:, 0].tolist()
        rows = torch.cat([levels.rows(chunk) for chunk in chunks])
        step = round(float(levels.spacing[number]) / side)
        assert step & (step - 1) == 0
        every = {tuple(c) for c in (cells // step).tolist()}
        mine = [tuple(c) for c in (cells[rows] // step).tolist()]
        assert len(mine) == len(set(mine)), "two points in a cell"
        assert set(mine) == every, "a cell without a point"


def test_levels_cover_the_surface():
    points = sheet(40_000)
    levels = build_levels(points, first=2000, most=1000)
    for number in range(len(levels.spacing)):
        chunks = (levels.level <= number).nonzero()[:, 0].tolist()
        rows = torch.cat([levels.rows(chunk) for chunk in chunks])
        away, _ = ops.knn(points[rows], points, 1)
        assert float(away.quantile(0.99)) < 0.9 * float(levels.spacing[number])


def test_chunks_are_neighbours():
    points = CLOUDS["volume"]
    levels = build_levels(points, first=500, most=500)
    volume = (levels.high - levels.low).prod(1)
    last = levels.level == levels.level.max()
    share = volume[last].mean()  # random runs would have boxes of about the whole volume
    assert float(share) < 4 / int(last.sum())


def test_a_stray_does_not_spoil_the_levels():
    near, far = build_levels(CLOUDS["sheet"]), build_levels(CLOUDS["with a stray"])
    assert float(far.spacing[-1]) < 4 * float(near.spacing[-1])


def test_halves_between_levels_and_sizes_of_chunks():
    levels = build_levels(CLOUDS["sheet"], first=1000, most=700)
    assert torch.allclose(levels.spacing[:-1] / levels.spacing[1:], torch.tensor(2.0).double())
    for number in range(len(levels.spacing)):
        counts = levels.counts[levels.level == number]
        assert bool((counts[:-1] >= 350).all()), "all but the last are at least half full"


def test_empty_and_bad_input():
    levels = build_levels(torch.zeros(0, 3))
    assert len(levels) == 0
    assert levels.starts.tolist() == [0]
    assert len(build_levels(torch.ones(1, 3)).order) == 1
    with pytest.raises(GeometryError, match="points"):
        build_levels(torch.zeros(4, 2))


@pytest.mark.parametrize("name", ["sheet", "far away", "one place"])
def test_near_centre_rounds_by_an_8192nd(name):
    points = CLOUDS[name]
    low, high = points.amin(0).double(), points.amax(0).double()
    near, centre, scale = near_centre(points, low, high)
    assert near.dtype == torch.float16
    assert float(near.abs().max()) <= 1
    back = centre + scale * near.double()
    off = (back - points.double()).abs().max()
    assert float(off) <= float((high - low).max()) / 8192 * 1.0001
