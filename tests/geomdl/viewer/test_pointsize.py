"""The size of points: the spacing of grids, and the same from a sample of many points."""

import pytest
import torch

from geomdl.viewer import pointsize
from geomdl.viewer.pointsize import radius_of


def test_a_grid_is_closed_by_its_spacing() -> None:
    line = torch.arange(40) * 0.05
    flat = torch.cartesian_prod(line, line, torch.zeros(1))
    assert radius_of(flat) == pytest.approx(1.25 * 0.05, rel=1e-4)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_sample_tells_the_spacing_of_all(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(1)
    points = torch.zeros(60_000, 3)
    points[:, :axes] = torch.rand(60_000, axes, generator=draw)
    exact = radius_of(points)
    monkeypatch.setattr(pointsize, "EXACT", 8000)
    assert radius_of(points) == pytest.approx(exact, rel=0.15)


def test_points_without_spacing() -> None:
    assert radius_of(torch.zeros(1, 3)) == 0.01
    assert radius_of(torch.zeros(0, 3)) == 0.01
    assert radius_of(torch.ones(50, 3)) == 0.01
