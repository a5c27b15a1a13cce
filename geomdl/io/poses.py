"""Camera poses in text files: 4x4 matrices, Open3D's .log, TUM's quaternion lists."""

import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from geomdl.errors import GeometryError
from geomdl.io.numbers import parse_floats
from geomdl.io.source import read_source
from geomdl.structures import Pose

# What old Windows run-times print for NaN and infinity.
_WINDOWS_NAN = re.compile(rb"-?1\.#(IND|QNAN|SNAN|INF)\w*([-+]\d+)?", re.IGNORECASE)


def read_matrix(path: Path, rows: tuple[int, ...] = (4,)) -> NDArray[np.float64]:
    """A text file of a square matrix -> (n, n). Raises GeometryError."""
    source = read_source(path)
    text = _WINDOWS_NAN.sub(b"nan", source.data.replace(b",", b" "))
    try:
        values = parse_floats(text)
    except ValueError:
        raise source.error("content", f"expected numbers, got {source.data[:40]!r}") from None
    side = round(len(values) ** 0.5)
    if side not in rows or side * side != len(values):
        wanted = " or ".join(f"{n}x{n}" for n in rows)
        raise source.error("content", f"expected a matrix {wanted}, got {len(values)} numbers")
    return values.reshape(side, side)


def rigid(matrix: NDArray[np.float64], place: str) -> Pose | None:
    """A 4x4 matrix -> Pose in float32; None when it is not finite (lost track).

    Rounding in the file is cleaned up by the closest rotation. Raises GeometryError starting with
    `place` when the matrix is no rigid motion.
    """
    if not np.isfinite(matrix).all():
        return None
    try:
        raw = torch.from_numpy(matrix)
        Pose.from_matrix(raw)
        pose = Pose.nearest(raw)
        return Pose(pose.rotation.float(), pose.translation.float())
    except GeometryError as error:
        raise GeometryError(f"{place}: no rigid motion: {error}") from error


def read_pose(path: Path) -> Pose | None:
    """A .pose.txt of 7-Scenes -> camera to world, None where it is NaN or infinite."""
    return rigid(read_matrix(path), str(path))


def read_log(path: Path) -> dict[int, Pose | None]:
    """Open3D's trajectory .log -> camera to world by frame number."""
    source = read_source(path)
    lines = [line for line in source.data.split(b"\n") if line.strip()]
    poses: dict[int, Pose | None] = {}
    for start in range(0, len(lines), 5):
        block = lines[start : start + 5]
        try:
            head = block[0].split()
            values = parse_floats(_WINDOWS_NAN.sub(b"nan", b"\n".join(block[1:])))
            number, matrix = int(head[0]), values.reshape(4, 4)
        except (ValueError, IndexError):
            raise source.error(
                f"entry {start // 5}", f"expected a header and 4 rows, got {block[0][:60]!r}"
            ) from None
        poses[number] = rigid(matrix, f"{path}: entry {start // 5}")
    return poses


def read_timed(path: Path) -> tuple[NDArray[np.float64], list[Pose]]:
    """TUM's 'time tx ty tz qx qy qz qw' -> times (N,) ascending and camera to world."""
    source = read_source(path)
    times, poses = [], []
    for number, line in enumerate(source.data.split(b"\n"), start=1):
        text = line.split(b"#", 1)[0].replace(b",", b" ").strip()
        if not text:
            continue
        try:
            values = parse_floats(_WINDOWS_NAN.sub(b"nan", text))
        except ValueError:
            values = np.zeros(0)
        if len(values) != 8:
            raise source.error(f"line {number}", f"expected 8 numbers, got {text[:60]!r}")
        if not np.isfinite(values).all():
            continue
        x, y, z, w = values[4:]
        if x * x + y * y + z * z + w * w < 1e-12:
            raise source.error(f"line {number}", "a quaternion of length 0")
        numbers = torch.from_numpy(np.array([w, x, y, z])), torch.from_numpy(values[1:4].copy())
        pose = Pose.from_quaternion(*numbers)
        times.append(values[0])
        poses.append(Pose(pose.rotation.float(), pose.translation.float()))
    order = np.argsort(times, kind="stable")
    return np.array(times)[order], [poses[i] for i in order]
