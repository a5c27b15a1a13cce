import pytest
import torch

from scenes.build.draw import Draw
from scenes.build.shapes import vehicles
from scenes.build.solid import Pieces


def points_of(pieces: Pieces, part: str) -> torch.Tensor:
    return torch.cat([solid.points for name, solid in pieces if name == part])


@pytest.mark.parametrize("seed", range(6))
def test_vehicles_are_the_same_on_both_sides(seed: int) -> None:
    """Left and right extents are equal, but for what turns or hangs to one side."""
    for maker, skip in ((vehicles.car, ()), (vehicles.plane, ("engine",))):
        for part in {name for name, _ in maker(Draw(seed))} - set(skip):
            y = points_of(maker(Draw(seed)), part)[:, 1]
            assert float(y.amax()) == pytest.approx(-float(y.amin()), abs=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_parts_are_where_they_belong(seed: int) -> None:
    car = vehicles.car(Draw(seed))
    assert abs(float(points_of(car, "wheel")[:, 2].amin())) < 1e-3
    assert points_of(car, "cabin")[:, 2].amax() > points_of(car, "body")[:, 2].amax()
    plane = vehicles.plane(Draw(seed))
    assert points_of(plane, "tail")[:, 0].amax() < points_of(plane, "body")[:, 0].amax() - 1
    assert points_of(plane, "wing")[:, 1].amax() > points_of(plane, "tail")[:, 1].amax()
    rocket = vehicles.rocket(Draw(seed))
    assert points_of(rocket, "nose")[:, 2].amax() > points_of(rocket, "body")[:, 2].amax()
    flyer = vehicles.helicopter(Draw(seed))
    assert points_of(flyer, "rotor")[:, 2].amax() > points_of(flyer, "body")[:, 2].amax()
    assert float(points_of(flyer, "skid")[:, 2].amin()) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_a_bicycle_has_two_round_wheels_on_one_floor(seed: int) -> None:
    wheel = points_of(vehicles.bicycle(Draw(seed)), "wheel")
    for side in (wheel[wheel[:, 0] < 0], wheel[wheel[:, 0] > 0]):
        size = side.amax(0) - side.amin(0)
        assert float(size[0]) == pytest.approx(float(size[2]), rel=0.02)
        assert abs(float(side[:, 2].amin())) < 0.02


def test_sails_and_hulls() -> None:
    boats = [vehicles.boat(Draw(seed)) for seed in range(12)]
    assert {name for boat in boats for name, _ in boat} == {"hull", "cabin", "mast", "sail"}
    assert all(len({name for name, _ in boat}) > 1 for boat in boats)
