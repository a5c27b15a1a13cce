import itertools

import pytest

from scenes.build.draw import Draw
from scenes.build.shapes import tables


@pytest.mark.parametrize("seed", range(8))
def test_tops_lie_over_legs_and_shades_over_bases(seed: int) -> None:
    for maker, upper, lower in ((tables.table, "top", "leg"), (tables.lamp, "shade", "base")):
        pieces = maker(Draw(seed))
        above = max(float(s.points[:, 2].amax()) for part, s in pieces if part == upper)
        below = max(float(s.points[:, 2].amax()) for part, s in pieces if part == lower)
        assert above > below
        assert abs(min(float(s.points[:, 2].amin()) for _, s in pieces)) < 0.03


def test_shelves_have_boards_at_even_heights() -> None:
    pieces = tables.shelf(Draw(3))
    levels = sorted(float(s.points[:, 2].amin()) for part, s in pieces if part == "board")
    gaps = [b - a for a, b in itertools.pairwise(levels)]
    assert max(gaps) == pytest.approx(min(gaps), rel=1e-3)
