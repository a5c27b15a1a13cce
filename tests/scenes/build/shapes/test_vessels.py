import pytest
import torch

from geomdl.ops.raycast import first_hit
from scenes.build.draw import Draw
from scenes.build.shapes import vessels
from scenes.build.solid import Solid


def drop(solid: Solid, x: float = 0.001, y: float = 0.002) -> float:
    """Height at which something falling from above lands."""
    start, down = torch.tensor([[x, y, 10.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    return 10.0 - float(first_hit(solid.points, solid.faces, start, down)[0])


@pytest.mark.parametrize("seed", range(5))
def test_mugs_vases_and_bowls_are_hollow(seed: int) -> None:
    bodies = [vessels.mug(Draw(seed))[0][1], vessels.vase(Draw(seed))[0][1]]
    for body in (*bodies, *vessels.bowl(Draw(seed))):
        assert drop(body) < 0.2 * float(body.points[:, 2].amax())
    bottle = vessels.bottle(Draw(seed))
    assert drop(bottle[0][1]) > 0.7 * float(bottle[0][1].points[:, 2].amax())


@pytest.mark.parametrize("seed", range(5))
def test_handles_stick_out(seed: int) -> None:
    for maker in (vessels.mug, vessels.teapot):
        pieces = maker(Draw(seed))
        body = torch.cat([s.points for part, s in pieces if part == "body"])
        handle = torch.cat([s.points for part, s in pieces if part == "handle"])
        across, up = handle[:, 0].abs().amax(), handle[:, 2].amax()
        assert bool(across > body[:, 0].abs().amax() + 0.005) or bool(up > body[:, 2].amax())
