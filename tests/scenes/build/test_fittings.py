from collections.abc import Callable

import pytest
import torch

from geomdl.ops.raycast import first_hit
from scenes.build import fittings
from scenes.build.draw import Draw
from scenes.build.solid import Pieces

STANDING = (fittings.toilet, fittings.bathtub, fittings.sink, fittings.coat_rack, fittings.bin_)
HANGING: tuple[Callable[[Draw], Pieces], ...] = (
    fittings.mirror,
    fittings.radiator,
    fittings.whiteboard,
    fittings.door,
    fittings.picture,
    fittings.clock,
    lambda draw: fittings.window(draw, 1.0, 1.2),
)


@pytest.mark.parametrize("maker", STANDING)
def test_fittings_stand(maker: Callable[[Draw], Pieces]) -> None:
    for seed in range(3):
        low = min(float(solid.points[:, 2].amin()) for _, solid in maker(Draw(seed)))
        assert abs(low) < 1e-3
    pieces = fittings.screen(Draw(0), 0.4)
    assert abs(min(float(solid.points[:, 2].amin()) for _, solid in pieces)) < 1e-6


@pytest.mark.parametrize("maker", HANGING)
def test_what_hangs_is_before_the_wall(maker: Callable[[Draw], Pieces]) -> None:
    for seed in range(3):
        for _, solid in maker(Draw(seed)):
            assert float(solid.points[:, 1].amax()) <= 1e-5
            assert float(solid.points[:, 1].amin()) > -0.25


def test_tubs_are_hollow_and_closed() -> None:
    tub = fittings.basin_shape(0.8, 0.4, 0.5)
    start, down = torch.tensor([[0.01, 0.02, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    deep = 1 - float(first_hit(tub.points, tub.faces, start, down)[0])
    assert -0.45 < deep < -0.35
    assert tub.volume() > 0


def test_sizes_made_to_measure() -> None:
    drop = [solid.points[:, 2] for _, solid in fittings.pendant(Draw(0), 0.7)]
    assert max(float(z.amax()) for z in drop) == pytest.approx(0, abs=1e-5)
    assert min(float(z.amin()) for z in drop) == pytest.approx(-0.7, abs=0.02)
    rug = torch.cat([solid.points for _, solid in fittings.rug(Draw(1), 0.8, 0.5)])
    assert float(rug[:, 0].amax()) < 0.801
    assert float(rug[:, 2].amax()) < 0.02
    cloth = torch.cat([solid.points for _, solid in fittings.curtains(Draw(0), 1.2, 1.3)])
    assert float(cloth[:, 0].amax()) == pytest.approx(-float(cloth[:, 0].amin()), abs=1e-4)
    tap = fittings.kitchen_sink(Draw(0))
    assert min(float(solid.points[:, 2].amin()) for _, solid in tap) == pytest.approx(0, abs=1e-5)
    assert fittings.tap(0.2, 0.5).points[:, 1].amin() < 0.1
