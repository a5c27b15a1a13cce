"""A path of the camera: viewpoints that it passes, a smooth way between them, files of it."""

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core2d.files import save_text
from geomdl.errors import GeometryError, expect_number
from geomdl.structures import rotation as so3
from geomdl.viewer.spline import Way
from geomdl.viewer.viewpoint import Viewpoint

VERSION = 1


@dataclass(frozen=True)
class Keyframe:
    """A viewpoint that the camera passes, and the seconds from there to the next one."""

    viewpoint: Viewpoint
    seconds: float = 2.0

    def __post_init__(self) -> None:
        expect_number("seconds", self.seconds, above=0)


@dataclass(frozen=True)
class CameraPath:
    """Keyframes in the order of time; with loop the last one leads back to the first.

    Place, distance and field of view run along Catmull-Rom splines over time, the direction along
    a Bezier curve of slerps (Shoemake 1985), so that the camera passes every keyframe without a
    jerk, and rests between two equal ones. Eye or target, whichever moves less over the whole
    path, is led along the spline and the other follows: an orbit stays on its circle. Raises
    GeometryError.
    """

    keyframes: tuple[Keyframe, ...]
    loop: bool = False

    def __post_init__(self) -> None:
        if not self.keyframes:
            raise GeometryError("keyframes: expected at least one, got none")

    @property
    def seconds(self) -> float:
        """How long the path takes; the seconds of the last keyframe count in a loop alone."""
        return float(self._knots()[-1])

    def at(self, time: float) -> Viewpoint:
        """Where the camera is at a time in seconds; at an end before the start or after the end."""
        return self.sampled([time])[0]

    def frames(self, fps: float) -> list[Viewpoint]:
        """The viewpoints of a film: both ends are in it, a loop leaves out its last frame."""
        expect_number("fps", fps, above=0)
        count = max(round(self.seconds * fps), 1 if self.loop else 0)
        return self.sampled([i / fps for i in range(count + (not self.loop))])

    def sampled(self, times: Sequence[float] | Tensor) -> list[Viewpoint]:
        """Where the camera is at each of `times` in seconds."""
        eye, target, up, fov = (v.tolist() for v in self._curve(_double(times)))
        return [_viewpoint(e, t, u, f) for e, t, u, f in zip(eye, target, up, fov, strict=True)]

    def _knots(self) -> Tensor:
        """The time (K,) of every keyframe; in a loop the first one again at the end."""
        steps = [key.seconds for key in self.keyframes]
        return _double([0.0, *(steps if self.loop else steps[:-1])]).cumsum(0)

    def _curve(self, times: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Times (T,) -> eyes (T, 3), targets (T, 3), ups (T, 3), fov (T,)."""
        views = [key.viewpoint for key in self.keyframes]
        if self.loop:
            views.append(views[0])
        eye, target, up = (
            _double([getattr(view, name) for view in views]) for name in ("eye", "target", "up")
        )
        fov = _double([view.fov for view in views])[:, None]
        up = torch.nn.functional.normalize(up, dim=1)
        away = target - eye
        distance = away.norm(dim=1, keepdim=True)
        turn = so3.to_quaternion(_axes(away / distance, up))
        way = Way(self._knots(), times, self.loop)
        middle = so3.from_quaternion(way.turned(turn))  # columns right, down, forward
        along = way.spline(distance.log()).exp() * middle[..., 2]
        if _length(eye) <= _length(target):
            first = way.spline(eye)
            second = first + along
        else:
            second = way.spline(target)
            first = second - along
        level = bool((up - up[0]).norm(dim=1).max() < 1e-6)
        upward = up[:1].expand(len(times), 3) if level else -middle[..., 1]
        lens = way.spline(fov)[:, 0].clamp(float(fov.min()), float(fov.max()))
        return first, second, upward, lens

    def save(self, path: str | Path) -> None:
        """Write the path as JSON."""
        save_text(Path(path), self.to_json())

    def to_json(self) -> str:
        """The path as text: eye, target, up, fov (vertical, degrees), seconds of each keyframe."""
        keys = [
            {**dataclasses.asdict(key.viewpoint), "seconds": key.seconds} for key in self.keyframes
        ]
        content = {"geomdl_path": VERSION, "loop": self.loop, "keyframes": keys}
        return json.dumps(content, indent=1)

    @staticmethod
    def load(path: str | Path) -> "CameraPath":
        """Read a path that `save` or nerfstudio's viewer wrote. Raises GeometryError."""
        try:
            return CameraPath.from_json(Path(path).read_bytes())
        except GeometryError as error:
            raise GeometryError(f"{path}: {error}") from error
        except OSError as error:
            raise GeometryError(f"{path}: cannot be read: {error.strerror or error}") from error

    @staticmethod
    def from_json(text: str | bytes) -> "CameraPath":
        """The text of such a file -> CameraPath. Raises GeometryError."""
        try:
            content = json.loads(text)
            if "geomdl_path" in content:
                return _own(content)
            if "camera_path" in content:
                return _nerfstudio(content)
        except GeometryError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            kind = type(error).__name__
            raise GeometryError(f"camera path: cannot be understood: {kind}: {error}") from error
        raise GeometryError("camera path: expected JSON with 'geomdl_path' or 'camera_path'")

    @staticmethod
    def recorded(
        samples: Sequence[tuple[float, Viewpoint]], tolerance: float = 0.01
    ) -> "CameraPath":
        """Times in seconds, ascending, with viewpoints -> the path with few keyframes.

        Of the samples only those are kept that the way between the others misses by more than
        `tolerance` of the distance to the target. Raises GeometryError.
        """
        times = [time for time, _ in samples]
        if len(times) < 2 or any(b <= a for a, b in pairwise(times)):
            raise GeometryError(f"samples: expected two or more ascending times, got {times[:8]}")
        kept = [0, len(samples) - 1]
        views = [view for _, view in samples]
        truth = CameraPath(tuple(Keyframe(view) for view in views))._curve(
            _double(range(len(views))) * 2.0
        )
        reach = (truth[1] - truth[0]).norm(dim=1)
        while True:
            path = _chosen(times, views, kept)
            got = path._curve(_double(times) - times[0])
            off = torch.stack(
                [(a - b).norm(dim=1) for a, b in zip(got[:2], truth[:2], strict=True)]
            )
            off = off.amax(0) / reach
            more = [
                worst
                for a, b in pairwise(kept)
                if b - a > 1
                and float(off[worst := a + 1 + int(off[a + 1 : b].argmax())]) > tolerance
            ]
            if not more:
                return path
            kept = sorted([*kept, *more])


def _own(content: dict[str, Any]) -> CameraPath:
    if content["geomdl_path"] != VERSION:
        raise GeometryError(
            f"geomdl_path: expected version {VERSION}, got {content['geomdl_path']!r}"
        )
    keys = [
        Keyframe(
            _viewpoint(key["eye"], key["target"], key["up"], key["fov"]),
            float(key["seconds"]),
        )
        for key in content["keyframes"]
    ]
    return CameraPath(tuple(keys), bool(content.get("loop", False)))


def _nerfstudio(content: dict[str, Any]) -> CameraPath:
    """Its dense list of cameras: OpenGL axes, 16 numbers by rows, vertical degrees."""
    poses = _double([shot["camera_to_world"] for shot in content["camera_path"]])
    if poses.ndim != 2 or poses.shape[1] != 16 or not bool(torch.isfinite(poses).all()):
        raise GeometryError("camera_to_world: expected 16 finite numbers in each camera")
    count = len(poses)
    fps = float(content.get("fps") or count / float(content.get("seconds") or count / 24))
    poses = poses.reshape(-1, 4, 4)
    eye, back, up = poses[:, :3, 3], poses[:, :3, 2], poses[:, :3, 1]
    rows = zip(
        eye.tolist(), (eye - back).tolist(), up.tolist(), content["camera_path"], strict=True
    )
    keys = [Keyframe(_viewpoint(e, t, u, shot["fov"]), 1 / fps) for e, t, u, shot in rows]
    return CameraPath(tuple(keys), bool(content.get("is_cycle", False)))


def _chosen(times: Sequence[float], views: Sequence[Viewpoint], kept: Sequence[int]) -> CameraPath:
    until = [*(times[i] for i in kept[1:]), times[kept[-1]] + 2.0]
    return CameraPath(
        tuple(Keyframe(views[i], end - times[i]) for i, end in zip(kept, until, strict=True))
    )


def _axes(forward: Tensor, up: Tensor) -> Tensor:
    """Unit directions and ups (K, 3) -> rotations (K, 3, 3), columns right, down, forward."""
    right = torch.linalg.cross(forward, up)
    steep = right.norm(dim=1, keepdim=True) < 1e-4
    spare = torch.eye(3, dtype=torch.float64)[forward.abs().argmin(1)]
    right = torch.where(steep, torch.linalg.cross(forward, spare), right)
    right = torch.nn.functional.normalize(right, dim=1)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1)


def _length(points: Tensor) -> float:
    return float(points.diff(dim=0).norm(dim=1).sum())


def _viewpoint(
    eye: Sequence[float], target: Sequence[float], up: Sequence[float], fov: float
) -> Viewpoint:
    vectors = []
    for row in (eye, target, up):
        if len(row) != 3 or not all(math.isfinite(float(v)) for v in row):
            raise GeometryError(f"camera path: expected three finite numbers, got {row!r}")
        vectors.append((float(row[0]), float(row[1]), float(row[2])))
    return Viewpoint(vectors[0], vectors[1], vectors[2], float(fov))


def _double(values: Any) -> Tensor:
    if isinstance(values, Tensor):
        return values.double()
    return torch.tensor(list(values), dtype=torch.float64)
