"""Where to look from: named directions, a camera that just fits a shape, an orbit around it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Camera, Mesh, PointCloud, Pose

Shape = Mesh | PointCloud

# Where the camera stands, in the axes (right, back, up) of a shape whose front faces the viewer.
VIEWS: dict[str, tuple[float, float, float]] = {
    "front": (0.0, -1.0, 0.0),
    "right": (1.0, 0.0, 0.0),
    "back": (0.0, 1.0, 0.0),
    "left": (-1.0, 0.0, 0.0),
    "top": (0.0, 0.0, 1.0),
    "bottom": (0.0, 0.0, -1.0),
    "corner": (0.65, -1.0, 0.55),
    "left corner": (-0.65, -1.0, 0.55),
    "back corner": (-0.65, 1.0, 0.55),
    "above": (0.45, -0.8, 1.2),
    "behind above": (-0.45, 0.8, 1.2),
}

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def look_at(
    eye: Tensor | Sequence[float],
    target: Tensor | Sequence[float],
    up: Tensor | Sequence[float] = (0.0, 0.0, 1.0),
    *,
    size: tuple[int, int] = (640, 480),
    fov: float = 40.0,
) -> Camera:
    """Eye, target, up (3,) in the world -> Camera of `size` (width, height) in pixels.

    fov: degrees across the longer side. Looking along `up` is fine: another axis stands in.
    """
    eye, target, up = (torch.as_tensor(v, dtype=torch.float32) for v in (eye, target, up))
    forward = torch.nn.functional.normalize(target - eye, dim=0)
    up = torch.nn.functional.normalize(up, dim=0)
    if float(torch.linalg.cross(forward, up).norm()) < 1e-3:
        up = frame_of(up)[1]
    return _lens(size, fov, Pose.look_at(eye, target, up))


def frame_of(up: Tensor | str | Sequence[float]) -> Tensor:
    """An up vector (3,), or 'x', 'y', 'z' -> rows right, back, up (3, 3) of a world basis.

    z up has x to the right and y to the back; y up (OBJ, glTF) has x right and -z to the back.
    """
    if isinstance(up, str):
        sign = -1.0 if up.startswith("-") else 1.0
        if up.removeprefix("-") not in AXES:
            raise GeometryError(f"up: expected x, y, z, -x, -y, -z or a vector, got {up!r}")
        up = [sign * x for x in AXES[up.removeprefix("-")]]
    high = torch.as_tensor(up, dtype=torch.float32)
    if high.shape != (3,) or float(high.norm()) == 0:
        raise GeometryError(f"up: expected a vector (3,) that is not zero, got {high.tolist()}")
    high = torch.nn.functional.normalize(high, dim=0)
    right = torch.tensor([1.0, 0.0, 0.0]) - high[0] * high
    if float(right.norm()) < 0.3:
        right = torch.tensor([0.0, 1.0, 0.0]) - high[1] * high
    right = torch.nn.functional.normalize(right, dim=0)
    return torch.stack([right, torch.linalg.cross(high, right), high])


def frame_shape(
    shape: Shape,
    direction: str | Sequence[float] = "corner",
    *,
    size: tuple[int, int] = (640, 480),
    up: Tensor | str | Sequence[float] = "z",
    fov: float = 35.0,
    margin: float = 0.06,
) -> Camera:
    """Shape, direction -> the closest Camera from which the whole shape is in the picture.

    direction: a name of VIEWS, or where the camera stands (right, back, up) seen from the shape.
    margin: the share of the picture left free on each side.
    """
    points = _positions(shape)
    if isinstance(direction, str):
        if direction not in VIEWS:
            raise GeometryError(f"direction: expected one of {', '.join(VIEWS)}, got {direction!r}")
        direction = VIEWS[direction]
    basis = frame_of(up)
    away = torch.as_tensor(direction, dtype=torch.float32) @ basis
    if float(away.norm()) == 0:
        raise GeometryError("direction: expected a vector that is not zero")
    away = torch.nn.functional.normalize(away, dim=0)
    upright = basis[2] if float(torch.linalg.cross(away, basis[2]).norm()) > 1e-3 else basis[1]
    centre = (points.amin(0) + points.amax(0)) / 2
    pose = Pose.look_at(centre + away, centre, upright)
    seen = (points - centre) @ pose.rotation.T  # camera axes, around the centre
    lens = _lens(size, fov, pose)
    horizontal, vertical = ((0.5 - margin) * n / float(lens.intrinsics[0, 0]) for n in size)
    shift = fit_distance(seen, (horizontal, vertical))
    eye = centre + shift @ pose.rotation
    return lens.with_pose(Pose(pose.rotation, -(pose.rotation @ eye)))


def fit_distance(seen: Tensor, slopes: tuple[float, float]) -> Tensor:
    """Points (N, 3) in a camera's axes -> where the camera (3,) moves to see them all, just.

    slopes: of the right and the lower border of what it is to see, |x| <= slope * z.
    """
    shift = torch.zeros(3)
    distance = torch.zeros(())
    for axis, slope in enumerate(slopes):
        low = (-seen[:, axis] - slope * seen[:, 2]).amax()
        high = (seen[:, axis] - slope * seen[:, 2]).amax()
        distance = torch.maximum(distance, (low + high) / (2 * slope))
        shift[axis] = (high - low) / 2
    radius = (seen.amax(0) - seen.amin(0)).norm().clamp(min=1e-6)
    shift[2] = -torch.maximum(distance, 0.02 * radius - seen[:, 2].amin())
    return shift


def orbit(
    shape: Shape,
    count: int,
    *,
    size: tuple[int, int] = (640, 480),
    up: Tensor | str | Sequence[float] = "z",
    height: float = 0.45,
) -> list[Camera]:
    """Shape, count -> Cameras on a circle around it, all at one distance, from the front on.

    height: how far above the horizon the camera stands, as a slope.
    """
    expect_number("count", count, low=1)
    angles = [2 * math.pi * i / count for i in range(count)]
    directions = [(math.sin(a), -math.cos(a), height) for a in angles]
    points = _positions(shape)
    centre = (points.amin(0) + points.amax(0)) / 2
    fitted = [frame_shape(shape, d, size=size, up=up) for d in directions]
    distance = max(float((camera.centre - centre).norm()) for camera in fitted)
    basis = frame_of(up)
    return [
        look_at(
            centre + distance * torch.nn.functional.normalize(torch.tensor(d) @ basis, dim=0),
            centre,
            basis[2],
            size=size,
            fov=35.0,
        )
        for d in directions
    ]


def is_interior(shape: Shape) -> bool:
    """Whether the faces of a mesh look inwards, as those of a scanned room do."""
    if not isinstance(shape, Mesh) or len(shape) == 0:
        return False
    a, b, c = shape.vertices[shape.faces].unbind(1)
    across = torch.linalg.cross(b - a, c - a)
    area = across.norm(dim=1)
    middle = (a + b + c) / 3
    centre = (middle * area[:, None]).sum(0) / area.sum().clamp(min=1e-30)
    outward = (across * (middle - centre)).sum()
    reach = (area * (middle - centre).norm(dim=1)).sum()
    return bool(outward < -0.15 * reach)


def room_directions(shape: Mesh, up: Tensor | str | Sequence[float]) -> list[tuple[float, ...]]:
    """Where to stand to look into a scanned room (right, back, up): middle, left, right, top.

    Most of the seen surface should face the viewer; in a room that is closed all around every
    side is as good, and the front corner is taken.
    """
    a, b, c = shape.vertices[shape.faces].float().unbind(1)
    across = torch.linalg.cross(b - a, c - a)
    return room_turns(frame_of(up) @ across.sum(0), float(across.norm(dim=1).sum()))


def room_turns(facing: Tensor, area: float) -> list[tuple[float, ...]]:
    """The sum (3,) of the faces' normals times areas as (right, back, up), and the sum of areas.

    -> the directions of `room_directions`.
    """
    closed = float(facing[:2].norm()) < 0.08 * area
    angle = math.atan2(-1.0, 0.65) if closed else math.atan2(float(facing[1]), float(facing[0]))
    turned = [angle + step for step in (0.0, -0.9, 0.9)]
    around = [
        (math.cos(t), math.sin(t), high) for t, high in zip(turned, (0.75, 0.6, 0.6), strict=True)
    ]
    return [*around, VIEWS["top"]]


def _positions(shape: Shape) -> Tensor:
    points = shape.points if isinstance(shape, PointCloud) else shape.vertices
    if isinstance(shape, Mesh) and len(shape):
        used = torch.zeros(len(points), dtype=torch.bool).index_fill(0, shape.faces.flatten(), True)
        points = points[used]
    if len(points) == 0:
        raise GeometryError(f"shape: expected at least one point to look at, got {shape!r}")
    return points.detach().float()


def _lens(size: tuple[int, int], fov: float, pose: Pose) -> Camera:
    width, height = size
    if not 0 < fov < 170:
        raise GeometryError(f"fov: expected degrees between 0 and 170, got {fov}")
    focal = max(width, height) / 2 / math.tan(math.radians(fov) / 2)
    intrinsics = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    return Camera(intrinsics, pose, width, height)
