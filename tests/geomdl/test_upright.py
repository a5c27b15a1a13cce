"""Up is found again in turned rooms, and nothing is said where there is none."""

import math

import pytest
import torch

from geomdl.upright import cap, lean, onto_z, supported, upright


def room(count: int = 3000) -> torch.Tensor:
    """Normals of a floor, of three walls that are not square to each other, and of clutter."""
    g = torch.Generator().manual_seed(0)
    turns = torch.tensor([0.0, 1.2, 2.0])
    walls = torch.stack([turns.cos(), turns.sin(), 0 * turns], 1).repeat(count // 5, 1)
    floor = torch.tensor([0.0, 0, 1]).expand(count // 4, 3)
    clutter = torch.randn(count // 3, 3, generator=g)
    every = torch.cat([walls, floor, clutter])
    every = every + 0.03 * torch.randn(every.shape, generator=g)
    signs = torch.randint(2, (len(every), 1), generator=g) * 2 - 1
    return torch.nn.functional.normalize(every * signs, dim=1)


def turned(tilt: float, around: float) -> torch.Tensor:
    """A rotation by `tilt` radians about a level axis."""
    axis = torch.tensor([math.cos(around), math.sin(around), 0.0], dtype=torch.float64)
    skew = torch.zeros(3, 3, dtype=torch.float64)
    skew[0, 2], skew[1, 2] = axis[1], -axis[0]
    return torch.linalg.matrix_exp(tilt * (skew - skew.mT))


@pytest.mark.parametrize(("tilt", "around"), [(0.0, 0.0), (0.3, 1.0), (0.6, -2.0)])
def test_a_turned_room_stands_again(tilt: float, around: float) -> None:
    turn = turned(tilt, around)
    found = upright(room().double() @ turn.mT)
    assert torch.allclose(found @ found.mT, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert float(torch.linalg.det(found)) == pytest.approx(1.0)
    up = found @ turn @ torch.tensor([0.0, 0, 1], dtype=torch.float64)
    assert math.acos(min(1.0, float(up[2]))) < math.radians(0.3)
    assert lean(found) == pytest.approx(tilt, abs=math.radians(0.3))


def test_of_a_ball_nothing_is_said() -> None:
    g = torch.Generator().manual_seed(1)
    ball = torch.nn.functional.normalize(torch.randn(4000, 3, generator=g), dim=1)
    assert torch.equal(upright(ball), torch.eye(3, dtype=torch.float64))
    assert torch.equal(upright(torch.zeros(0, 3)), torch.eye(3, dtype=torch.float64))


def test_directions_fill_the_cone() -> None:
    tried = cap(0.5, 400)
    assert torch.allclose(tried.norm(dim=1), torch.ones(400, dtype=torch.float64))
    assert torch.equal(tried[0], torch.tensor([0.0, 0, 1], dtype=torch.float64))
    assert float(tried[:, 2].min()) == pytest.approx(math.cos(0.5), abs=1e-3)
    nearest = (tried @ tried.mT - 2 * torch.eye(400, dtype=torch.float64)).amax(1).acos()
    assert float(nearest.max()) < 0.08


def test_parts() -> None:
    up = torch.nn.functional.normalize(torch.tensor([0.2, -0.5, 0.7], dtype=torch.float64), dim=0)
    assert torch.allclose(onto_z(up) @ up, torch.tensor([0.0, 0, 1], dtype=torch.float64))
    axes = torch.eye(3, dtype=torch.float64)
    slanted = torch.nn.functional.normalize(torch.ones(1, 3, dtype=torch.float64), dim=1)
    normals = torch.cat([axes, slanted])
    assert supported(normals, torch.cat([axes[2:], slanted])).tolist() == [0.75, 0.25]
