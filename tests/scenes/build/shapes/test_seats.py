import pytest

from scenes.build.draw import Draw
from scenes.build.shapes import seats
from scenes.build.solid import Pieces


def height_of(pieces: Pieces, part: str) -> float:
    return max(float(solid.points[:, 2].amax()) for name, solid in pieces if name == part)


@pytest.mark.parametrize("seed", range(6))
def test_seats_are_where_people_sit(seed: int) -> None:
    chair = seats.chair(Draw(seed))
    assert 0.38 < height_of(chair, "seat") < 0.52
    assert height_of(chair, "back") > height_of(chair, "seat") + 0.25
    assert 0.38 < height_of(seats.stool(Draw(seed)), "seat") < 0.8
    sofa = seats.sofa(Draw(seed), 0.9)
    assert height_of(sofa, "seat") < height_of(sofa, "arm") < height_of(sofa, "back")
    bed = seats.bed(Draw(seed))
    assert height_of(bed, "mattress") < height_of(bed, "pillow")


@pytest.mark.parametrize("seed", range(6))
def test_all_stand_on_the_floor(seed: int) -> None:
    for maker in (seats.chair, seats.stool, seats.sofa, seats.bed):
        low = min(float(solid.points[:, 2].amin()) for _, solid in maker(Draw(seed)))
        assert abs(low) < 0.02
