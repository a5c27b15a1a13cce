"""Where the frames of an RGB-D folder are: 7-Scenes, TUM and Open3D layouts."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from geomdl.errors import GeometryError
from geomdl.io.images import image_size
from geomdl.io.poses import read_log, read_matrix, read_pose, read_timed
from geomdl.io.source import Source, is_file, read_source
from geomdl.structures import Camera, Pose

_PICTURES = (".png", ".jpg", ".jpeg", ".ppm", ".pgm")
_SCENES = re.compile(r"(frame-\d+)\.depth\.(png|pgm)")
NEAR_IN_TIME = 0.02  # seconds, as in TUM's associate.py
_CANDIDATES = 8  # on each side; at 30 Hz there are one or two


@dataclass(frozen=True)
class Entry:
    """One frame on the disk. `pose` is camera to world, or the file to read it from."""

    name: str
    depth: Path
    color: Path | None = None
    pose: Pose | Path | None = None
    timestamp: float | None = None

    def camera_to_world(self) -> Pose | None:
        """The pose, read now if it has a file of its own."""
        return read_pose(self.pose) if isinstance(self.pose, Path) else self.pose


@dataclass(frozen=True)
class Layout:
    """All frames of a folder, in order, and how to read them."""

    kind: str
    entries: tuple[Entry, ...]
    intrinsics: NDArray[np.float64] | None
    depth_scale: float


def find_layout(folder: Path) -> Layout:
    """The frames of a folder. Raises GeometryError when it has no layout that is known."""
    if not folder.is_dir():
        raise GeometryError(f"{folder}: expected a folder of RGB-D frames")
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise GeometryError(f"{folder}: cannot be read: {error.strerror}") from error
    if any(_SCENES.fullmatch(name) for name in names):
        return _seven_scenes(folder, names)
    if "depth.txt" in names:
        return _tum(folder)
    if "depth" in names:
        return _open3d(folder, names)
    parts = [name for name in names if re.fullmatch(r"seq-\d+", name)]
    hint = f"; did you mean {folder / parts[0]}?" if parts else ""
    raise GeometryError(
        f"{folder}: no RGB-D frames: expected frame-000000.depth.png ... (7-Scenes), depth.txt and "
        f"rgb.txt (TUM), or folders depth/ and color/ (Open3D){hint}"
    )


def _seven_scenes(folder: Path, names: list[str]) -> Layout:
    present = set(names)
    entries = []
    for name in names:
        match = _SCENES.fullmatch(name)
        if match is None:
            continue
        stem = match[1]
        color = next((f"{stem}.color{e}" for e in _PICTURES if f"{stem}.color{e}" in present), None)
        pose = f"{stem}.pose.txt"
        entries.append(
            Entry(
                name=stem,
                depth=folder / name,
                color=None if color is None else folder / color,
                pose=folder / pose if pose in present else None,
            )
        )
    return Layout("7-Scenes", tuple(entries), _intrinsics(folder), 1000.0)


def _tum(folder: Path) -> Layout:
    depths = _listing(folder / "depth.txt")
    colors = _listing(folder / "rgb.txt") if is_file(folder / "rgb.txt") else []
    chosen = associate(_times(depths), _times(colors))
    times = np.zeros(0)
    poses: list[Pose] = []
    if is_file(folder / "groundtruth.txt"):
        times, poses = read_timed(folder / "groundtruth.txt")
    entries = []
    for index, (time, path) in enumerate(depths):
        if colors and chosen[index] < 0:
            continue
        pose = None
        if len(times):
            closest = int(np.abs(times - time).argmin())
            pose = poses[closest] if abs(times[closest] - time) <= NEAR_IN_TIME else None
        color = colors[chosen[index]][1] if colors else None
        entries.append(Entry(path.stem, path, color, pose, time))
    if not entries:
        raise GeometryError(f"{folder}: no depth frame has a colour frame within {NEAR_IN_TIME} s")
    return Layout("TUM", tuple(entries), _intrinsics(folder), 5000.0)


def associate(times: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """Times (N,) and other times (M,) -> index (N,) of the partner, -1 for none.

    Pairs within 0.02 s, each used once, the closest pairs first.
    """
    partner = np.full(len(times), -1)
    if not len(others) or not len(times):
        return partner
    order = np.argsort(others, kind="stable")
    middle = np.searchsorted(others[order], times)
    pairs = []
    for i, at in enumerate(middle.tolist()):
        near = order[max(at - _CANDIDATES, 0) : at + _CANDIDATES].tolist()
        pairs += [(i, k) for k in near if abs(times[i] - others[k]) <= NEAR_IN_TIME]
    pairs.sort(key=lambda pair: (abs(times[pair[0]] - others[pair[1]]), pair))
    taken: set[int] = set()
    for i, k in pairs:
        if partner[i] < 0 and k not in taken:
            partner[i] = k
            taken.add(k)
    return partner


def _times(listing: list[tuple[float, Path]]) -> NDArray[np.float64]:
    return np.array([time for time, _ in listing])


def _listing(path: Path) -> list[tuple[float, Path]]:
    """Lines 'timestamp filename' in order of time."""
    source = read_source(path)
    found = []
    text = source.data.decode("utf-8", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split("#", 1)[0].split(None, 1)
        if not words:
            continue
        try:
            time = float(words[0])
            name = words[1].strip()
        except (ValueError, IndexError):
            time, name = float("nan"), ""
        if not abs(time) < 1e12:
            raise source.error(f"line {number}", f"expected 'time filename', got {line[:60]!r}")
        found.append((time, source.reference(name, f"line {number}")))
    return sorted(found)


def _open3d(folder: Path, names: list[str]) -> Layout:
    depths = _pictures(folder / "depth")
    kind = next((name for name in ("color", "rgb", "image") if name in names), None)
    colors = _pictures(folder / kind) if kind else []
    if colors and len(colors) != len(depths):
        raise GeometryError(
            f"{folder}: {len(depths)} pictures in depth/, but {len(colors)} in {kind}/"
        )
    if not depths:
        raise GeometryError(f"{folder / 'depth'}: there are no pictures")
    log = next((n for n in names if n in ("trajectory.log", "camera_trajectory.log")), None)
    poses = read_log(folder / log) if log else {}
    entries = []
    for i, path in enumerate(depths):
        own = folder / "pose" / f"{path.stem}.txt"  # ScanNet's
        pose = own if is_file(own) else poses.get(i)
        entries.append(Entry(path.stem, path, colors[i] if colors else None, pose))
    return Layout("Open3D", tuple(entries), _intrinsics(folder), 1000.0)


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise GeometryError(f"{folder}: expected a folder of pictures")
    found = [path for path in folder.iterdir() if path.suffix.lower() in _PICTURES]
    return sorted(found, key=lambda path: (path.stem.isdecimal() and int(path.stem), path.name))


def _intrinsics(folder: Path) -> NDArray[np.float64] | None:
    """camera-intrinsics.txt (a 3x3 or 4x4 matrix) or Open3D's camera_intrinsic.json."""
    for name in ("camera-intrinsics.txt", "intrinsics.txt", "intrinsic.txt"):
        if is_file(folder / name):
            return read_matrix(folder / name, (3, 4))[:3, :3]
    for name in ("camera_intrinsic.json", "intrinsic.json"):
        if is_file(folder / name):
            return _json_intrinsics(read_source(folder / name))
    return None


def _json_intrinsics(source: Source) -> NDArray[np.float64]:
    """Open3D writes the matrix column by column, with whole-number pixel centres."""
    try:
        matrix = np.array(json.loads(source.data)["intrinsic_matrix"], dtype=np.float64)
        matrix = matrix.reshape(3, 3).T
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise source.error("intrinsic_matrix", f"cannot be understood: {error}") from error
    matrix[:2, 2] += 0.5
    return matrix


def layout_camera(folder: Path, layout: Layout) -> Camera:
    """The camera of a layout. Without a file: the known default of the depth camera it came from.

    TUM and Open3D name (525, 525, 319.5, 239.5) with whole-number pixel centres; 7-Scenes
    (585, 585, 320, 240).
    """
    width, height = image_size(layout.entries[0].depth)
    matrix = layout.intrinsics
    if matrix is None:
        if (width, height) != (640, 480):
            raise GeometryError(
                f"{folder}: no camera-intrinsics.txt, and the default is for 640x480, not "
                f"{width}x{height}; pass camera="
            )
        focal = 585.0 if layout.kind == "7-Scenes" else 525.0
        matrix = np.array([[focal, 0, 320.0], [0, focal, 240.0], [0, 0, 1]])
    try:
        return Camera(torch.from_numpy(matrix).float(), Pose.identity(), width, height)
    except GeometryError as error:
        raise GeometryError(f"{folder}: camera intrinsics: {error}") from error
