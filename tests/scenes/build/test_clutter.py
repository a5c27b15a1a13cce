import itertools
from collections.abc import Callable

import pytest

from scenes.build import clutter
from scenes.build.draw import Draw
from scenes.build.solid import Pieces

MAKERS: tuple[Callable[[Draw], Pieces], ...] = (
    *(clutter.box, clutter.pile, clutter.vessel, clutter.bag, clutter.shoes),
    *(clutter.toy, clutter.clothes, clutter.keyboard, clutter.cushion),
)


@pytest.mark.parametrize("maker", MAKERS)
def test_clutter_is_small_and_solid(maker: Callable[[Draw], Pieces]) -> None:
    for seed in range(6):
        pieces = maker(Draw(seed))
        assert pieces
        for _, solid in pieces:
            assert solid.volume() > 0
            size = solid.points.amax(0) - solid.points.amin(0)
            assert float(size.max()) < 0.7


def test_a_row_of_books_fits_its_board() -> None:
    books = clutter.row(Draw(0), 0.8, 0.3, 0.2)
    assert len(books) > 8
    ends = [(s.points.amin(0).tolist(), s.points.amax(0).tolist()) for _, s in books]
    for (_, before), (after, _) in itertools.pairwise(ends):
        assert after[0] >= before[0] - 1e-6
    assert ends[-1][1][0] < 0.4 + 0.02
    assert max(high[2] for _, high in ends) < 0.3


def test_piles_lie_on_each_other() -> None:
    levels = [s.points[:, 2] for _, s in clutter.pile(Draw(3))]
    for lower, upper in itertools.pairwise(levels):
        assert float(upper.amin()) == pytest.approx(float(lower.amax()), abs=1e-6)
