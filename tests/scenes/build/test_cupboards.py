from collections.abc import Callable

import pytest

from scenes.build import cupboards
from scenes.build.draw import Draw
from scenes.build.solid import Pieces

HEIGHTS: dict[Callable[[Draw], Pieces], tuple[float, float]] = {
    cupboards.wardrobe: (1.8, 2.2),
    cupboards.drawers: (0.7, 1.15),
    cupboards.cabinet: (0.42, 0.85),
    cupboards.nightstand: (0.42, 0.6),
    cupboards.desk: (0.7, 0.76),
    cupboards.bench: (0.42, 0.48),
    cupboards.fridge: (1.2, 1.95),
    cupboards.stove: (0.9, 0.91),
    cupboards.washer: (0.84, 0.86),
    cupboards.piano: (1.08, 1.33),
    lambda draw: cupboards.counter(draw, 1.2): (0.9, 0.9),
    lambda draw: cupboards.upper_cabinet(draw, 1.0): (0.55, 0.8),
}


@pytest.mark.parametrize("maker", HEIGHTS)
def test_furniture_stands_and_has_its_height(maker: Callable[[Draw], Pieces]) -> None:
    low, high = HEIGHTS[maker]
    for seed in range(3):
        pieces = maker(Draw(seed))
        points = [solid.points[:, 2] for _, solid in pieces]
        assert abs(min(float(z.amin()) for z in points)) < 0.035
        assert low - 1e-4 <= max(float(z.amax()) for z in points) <= high + 0.01
        assert all(solid.volume() > 0 for _, solid in pieces)


def test_fronts_fill_their_rectangle_and_look_forward() -> None:
    pieces = cupboards.fronts(Draw(0), (-0.6, 0.1), (0.6, 0.9), -0.2, (3, 2))
    doors = [solid.points for part, solid in pieces if part == "door"]
    handles = [solid.points for part, solid in pieces if part == "handle"]
    assert len(doors) == len(handles) == 6
    assert min(float(p[:, 0].amin()) for p in doors) == pytest.approx(-0.596)
    assert max(float(p[:, 2].amax()) for p in doors) == pytest.approx(0.896)
    for door, handle in zip(doors, handles, strict=True):
        assert handle[:, 1].amin() < door[:, 1].amin()
        assert bool((handle.mean(0)[[0, 2]] > door.amin(0)[[0, 2]]).all())
        assert bool((handle.mean(0)[[0, 2]] < door.amax(0)[[0, 2]]).all())
