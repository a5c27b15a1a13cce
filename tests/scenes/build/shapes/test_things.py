import math

import pytest
import torch

from scenes.build.draw import Draw
from scenes.build.shapes import things
from scenes.build.solid import Pieces


def points_of(pieces: Pieces, part: str) -> torch.Tensor:
    return torch.cat([solid.points for name, solid in pieces if name == part])


@pytest.mark.parametrize("seed", range(6))
def test_what_is_held_is_below_what_works(seed: int) -> None:
    for maker, upper, lower in (
        (things.hammer, "head", "handle"),
        (things.knife, "blade", "handle"),
        (things.umbrella, "canopy", "handle"),
        (things.guitar, "head", "neck"),
        (things.skateboard, "deck", "wheel"),
    ):
        pieces = maker(Draw(seed))
        assert points_of(pieces, upper)[:, 2].mean() > points_of(pieces, lower)[:, 2].mean() + 0.01


@pytest.mark.parametrize("seed", range(6))
def test_laptops_are_open(seed: int) -> None:
    """The screen rises from the hinge at the back by 70 to 140 degrees from the base."""
    laptop = things.laptop(Draw(seed))
    base, screen = points_of(laptop, "base"), points_of(laptop, "screen")
    hinge = base[:, 1].amax()
    top = screen[screen[:, 2].argmax()]
    angle = math.degrees(math.atan2(float(top[2] - base[:, 2].amax()), float(hinge - top[1])))
    assert 65 < angle < 145
    assert screen[:, 2].amin() > -0.02


@pytest.mark.parametrize("seed", range(4))
def test_glasses_and_headphones_are_symmetric(seed: int) -> None:
    for maker in (things.glasses, things.headphones):
        points = torch.cat([solid.points for _, solid in maker(Draw(seed))])
        assert float(points[:, 0].amax()) == pytest.approx(-float(points[:, 0].amin()), abs=1e-3)


def test_balls_lie_on_the_floor() -> None:
    solid = things.ball_toy(Draw(0))[0]
    assert float(solid.points[:, 2].amin()) == pytest.approx(0, abs=1e-6)
