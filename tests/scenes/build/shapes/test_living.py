import pytest
import torch

from scenes.build.draw import Draw
from scenes.build.shapes import living
from scenes.build.solid import Pieces


def points_of(pieces: Pieces, part: str) -> torch.Tensor:
    return torch.cat([solid.points for name, solid in pieces if name == part])


@pytest.mark.parametrize("seed", range(6))
def test_crowns_are_over_trunks_and_heads_over_legs(seed: int) -> None:
    for maker, upper, lower in (
        (living.tree, "crown", "trunk"),
        (living.plant, "leaf", "pot"),
        (living.person, "head", "torso"),
        (living.person, "torso", "leg"),
        (living.dog, "head", "leg"),
    ):
        pieces = maker(Draw(seed))
        assert points_of(pieces, upper)[:, 2].mean() > points_of(pieces, lower)[:, 2].mean()


def test_a_stride_puts_one_foot_forward() -> None:
    """The same person, half a step apart, is its own mirror image in the legs."""
    standing, ahead, other = (living.figure(Draw(1), stride) for stride in (0.0, 0.4, -0.4))
    reach = [float(points_of(p, "leg")[:, 1].amin()) for p in (standing, ahead, other)]
    assert reach[1] < reach[0] - 0.1
    assert reach[1] == pytest.approx(reach[2], abs=1e-4)
    legs, mirror = points_of(ahead, "leg"), points_of(other, "leg") * torch.tensor([-1.0, 1, 1])
    assert torch.allclose(legs.sort(0).values, mirror.sort(0).values, atol=1e-4)
    assert abs(float(points_of(standing, "leg")[:, 2].amin())) < 0.08
