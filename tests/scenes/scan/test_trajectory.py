import math

import pytest
import torch

from geomdl.errors import GeometryError
from scenes.scan.trajectory import orbit, smoothstep, walk


def test_orbit_looks_at_the_centre() -> None:
    centre = torch.tensor([1.0, 2.0, 0.5])
    poses = orbit(centre, 2.0, 12, height=1.0)
    seen = poses.apply(centre[None])[:, 0]
    assert torch.allclose(seen[:, :2], torch.zeros(12, 2), atol=1e-5)
    assert torch.allclose(seen[:, 2], torch.full((12,), math.sqrt(5)))
    assert torch.allclose(poses.inverse().translation[:, 2], torch.full((12,), 1.5))


def test_walk_is_smooth_and_upright() -> None:
    size = (5.0, 4.0, 2.5)
    poses = walk(size, 600)
    back = poses.inverse()
    assert bool((back.translation.abs() < torch.tensor(size) - 0.8).all())
    step = (back.translation[1:] - back.translation[:-1]).norm(dim=1)
    assert float(step.max()) < 0.06
    turn = (poses[1:] @ poses[:-1].inverse()).axis_angle().norm(dim=1)
    assert float(turn.max()) < math.radians(6)
    right = back.rotation[:, :, 0]
    assert float(right[:, 2].abs().max()) < 1e-5
    assert float(back.rotation[:, 2, 1].max()) < 0


def test_walk_looks_everywhere() -> None:
    forward = walk((5.0, 4.0, 2.5), 200).inverse().rotation[:, :, 2]
    yaw = torch.atan2(forward[:, 1], forward[:, 0])
    assert torch.histc(yaw, 12, -math.pi, math.pi).min() > 3
    assert float(forward[:, 2].min()) < -0.6
    assert float(forward[:, 2].max()) > 0.3


def test_bad_sizes_are_named() -> None:
    with pytest.raises(GeometryError, match="margin"):
        walk((2.0, 1.5, 2.5), 10)
    with pytest.raises(GeometryError, match="count"):
        orbit(torch.zeros(3), 1.0, 0)


def test_smoothstep_ends() -> None:
    t = torch.tensor([0.0, 0.2, 0.5, 0.8, 1.0])
    assert smoothstep(t, 0.2, 0.8).tolist() == pytest.approx([0, 0, 0.5, 1, 1])
