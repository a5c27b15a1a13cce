"""Poses in text files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io.poses import read_log, read_matrix, read_pose, read_timed, rigid

EYE = "1 0 0 0.5\n0 1 0 -1\n0 0 1 2\n0 0 0 1\n"


def test_a_pose(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(EYE)
    pose = read_pose(path)
    assert pose is not None
    assert pose.translation.tolist() == [0.5, -1, 2]
    assert torch.equal(pose.rotation, torch.eye(3))


@pytest.mark.parametrize("nothing", ["nan", "inf", "-inf", "-1.#IND0000e+000", "1.#QNAN", "1.#INF"])
def test_a_lost_pose_is_none(tmp_path: Path, nothing: str) -> None:
    (tmp_path / "a.txt").write_text(EYE.replace("0.5", nothing))
    assert read_pose(tmp_path / "a.txt") is None


def test_rounding_is_cleaned_and_nonsense_refused() -> None:
    matrix = np.eye(4)
    matrix[0, 1] = 1e-4
    pose = rigid(matrix, "x")
    assert pose is not None
    assert float((pose.rotation.T @ pose.rotation - torch.eye(3)).abs().max()) < 1e-6
    for broken in (np.diag([2.0, 1, 1, 1]), np.diag([-1.0, 1, 1, 1]), np.zeros((4, 4))):
        with pytest.raises(GeometryError, match="x: no rigid motion"):
            rigid(broken, "x")


def test_matrices_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for text, message in (
        (EYE + "1", "got 17 numbers"),
        ("1 2 x", "expected numbers"),
        ("", "empty"),
    ):
        path.write_text(text)
        with pytest.raises(GeometryError, match=message):
            read_matrix(path)


def test_the_log_of_open3d(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("0\t0\t1\n" + EYE + "7 7 8\n" + EYE.replace("0.5", "nan"))
    poses = read_log(path)
    assert list(poses) == [0, 7]
    assert poses[7] is None
    path.write_text("0 0 1\n" + EYE + "7 7 8\n1 0 0 0\n")
    with pytest.raises(GeometryError, match="entry 1: expected a header and 4 rows"):
        read_log(path)


def test_the_list_of_tum(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    half = 0.5**0.5
    path.write_text(f"# t\n2.5 1 2 3 0 0 {half} {half}\n1.5 4 5 6 0 0 0 2\n3 nan 0 0 0 0 0 1\n")
    times, poses = read_timed(path)
    assert times.tolist() == [1.5, 2.5]
    assert poses[0].translation.tolist() == [4, 5, 6]
    turned = poses[1].rotate(torch.tensor([[1.0, 0, 0]]))
    torch.testing.assert_close(turned, torch.tensor([[0.0, 1, 0]]), atol=1e-6, rtol=0)
    for text, message in (("1 2 3\n", "line 1: expected 8"), ("1 0 0 0 0 0 0 0\n", "length 0")):
        path.write_text(text)
        with pytest.raises(GeometryError, match=message):
            read_timed(path)
