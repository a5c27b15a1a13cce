import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from geomdl.errors import GeometryError
from geomdl.reconstruct import trajectory_error
from geomdl.reconstruct.trajectory import rotation_angle, write_tum
from tests.geomdl.reconstruct import corner

PATH = torch.stack([corner.camera(i, 30) for i in range(30)])


def turned(angle: float) -> torch.Tensor:
    out = torch.eye(4, dtype=torch.float64)
    out[:3, :3] = torch.from_numpy(Rotation.from_rotvec([0, 0, angle]).as_matrix())
    return out


def test_a_rigid_motion_of_the_whole_path_is_no_absolute_error() -> None:
    away = turned(0.7)
    away[:3, 3] = torch.tensor([3.0, -2.0, 1.0])
    found = trajectory_error(away @ PATH, PATH)
    assert found.absolute < 1e-9
    assert found.drift < 1e-9
    assert found.turn < 1e-6
    assert found.end < 1e-9


def test_known_errors_come_back() -> None:
    moved = PATH.clone()
    moved[-1, :3, 3] += torch.tensor([0.3, 0.0, 0.0])
    found = trajectory_error(moved, PATH)
    assert abs(found.end - 0.3) < 1e-6
    assert abs(found.drift - 0.3 / math.sqrt(29)) < 1e-6
    still = torch.eye(4, dtype=torch.float64).expand(30, 4, 4)
    spin = torch.stack([turned(math.radians(0.5) * i) for i in range(30)])
    assert abs(trajectory_error(spin, still).turn - 0.5) < 1e-6


def test_rotation_angle_near_zero_and_pi() -> None:
    for angle in (1e-9, 0.5, math.pi - 1e-7):
        assert abs(float(rotation_angle(turned(angle)[:3, :3])) - angle) < 1e-12


def test_tum_file_holds_the_path(tmp_path: Path) -> None:
    write_tum(tmp_path / "a.tum", PATH[:4], ["a", "b", "c", "d"])
    lines = (tmp_path / "a.tum").read_text().splitlines()
    assert lines[0].startswith("#")
    values = np.array([line.split()[1:] for line in lines[1:]], dtype=float)
    np.testing.assert_allclose(values[:, :3], PATH[:4, :3, 3], atol=1e-8)
    turns = Rotation.from_quat(values[:, 3:]).as_matrix()
    np.testing.assert_allclose(turns, PATH[:4, :3, :3], atol=1e-7)


def test_errors_name_the_argument() -> None:
    with pytest.raises(GeometryError, match="at least 3"):
        trajectory_error(PATH[:2], PATH[:2])
    with pytest.raises(GeometryError, match="reference"):
        trajectory_error(PATH, PATH[:5])
