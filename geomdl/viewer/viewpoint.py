"""Where a drawing is seen from: a given camera, one that shows everything, named sides, orbits."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render.viewpoint import VIEWS, fit_distance, frame_of, look_at, room_turns
from geomdl.structures import Camera
from geomdl.viewer.drawing import Dots, Drawing, Lines, Part, Photo, Surface, Words
from geomdl.viewer.look import Look, Vector, vector

MARGIN = 0.05  # of the picture, left free on each side
MOST_POINTS = 400_000  # that a view is fitted to; a larger drawing is fitted to a sample
OBJECT_VIEWS = ("corner", "front", "right", "top")
ROOM_VIEWS = ("room", "room left", "room right", "top")
TILT = 0.004  # of views along the up axis, so that up stays up


@dataclass(frozen=True)
class Viewpoint:
    """Eye, target and up (3,) in the world; fov: vertical, in degrees."""

    eye: Vector
    target: Vector
    up: Vector
    fov: float

    def camera(self, width: int, height: int) -> Camera:
        """The pinhole Camera of a picture of width x height pixels."""
        camera = look_at(self.eye, self.target, self.up, size=(width, height))
        focal = height / 2 / math.tan(math.radians(self.fov) / 2)
        lens = [[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]]
        return dataclasses.replace(camera, intrinsics=torch.tensor(lens))


def initial(drawing: Drawing, look: Look, aspect: float = 4 / 3) -> Viewpoint:
    """The eye and target of the look, or else everything from the front corner.

    aspect: width / height. Rooms, whose faces are hidden from behind, are looked into.
    """
    if look.eye is not None and look.target is not None:
        return Viewpoint(look.eye, look.target, vector(frame_of(drawing.up)[2]), look.fov)
    return named(drawing, look, names(drawing)[0], aspect)


def names(drawing: Drawing) -> tuple[str, ...]:
    """The views of a sheet that suits the drawing: an object's sides, or ways into a room."""
    return ROOM_VIEWS if _rooms(drawing) else OBJECT_VIEWS


def named(drawing: Drawing, look: Look, name: str, aspect: float = 4 / 3) -> Viewpoint:
    """A name of geomdl.render.VIEWS or of ROOM_VIEWS -> everything, seen from there.

    Raises GeometryError for other names.
    """
    if name in VIEWS:
        return towards(drawing, look, VIEWS[name], aspect)
    if name not in ROOM_VIEWS:
        known = ", ".join([*VIEWS, *ROOM_VIEWS[:3]])
        raise GeometryError(f"views: expected one of {known}, got {name!r}")
    across = torch.zeros(3)
    area = 0.0
    for mesh in (part.mesh for part in _rooms(drawing) or _surfaces(drawing)):
        a, b, c = mesh.vertices.float()[mesh.faces].unbind(1)
        twice = torch.linalg.cross(b - a, c - a)
        across, area = across + twice.sum(0), area + float(twice.norm(dim=1).sum())
    direction = room_turns(frame_of(drawing.up) @ across, area)[ROOM_VIEWS.index(name)]
    return towards(drawing, look, direction, aspect)


def towards(
    drawing: Drawing, look: Look, direction: Sequence[float], aspect: float = 4 / 3
) -> Viewpoint:
    """Where the camera stands (right, back, up) seen from the drawing -> all of it, just fitted."""
    points, centre = _points(drawing)
    return _fitted(points, centre, frame_of(drawing.up), direction, look.fov, aspect)


def orbit(
    drawing: Drawing, look: Look, count: int, aspect: float = 4 / 3, height: float = 0.45
) -> list[Viewpoint]:
    """A full turn around the drawing at one distance, from the front on.

    height: how far above the horizon the camera stands, as a slope. The eye of the look, where it
    is given, is turned around its target instead.
    """
    basis = frame_of(drawing.up)
    turns = [2 * math.pi * i / count for i in range(count)]
    if look.eye is not None and look.target is not None:
        first = initial(drawing, look, aspect)
        centre = torch.tensor(look.target)
        right, back, up = (basis @ (torch.tensor(look.eye) - centre)).tolist()
        around = [(math.cos(t), math.sin(t)) for t in turns]
        local = torch.tensor([(c * right - s * back, s * right + c * back, up) for c, s in around])
        eyes = centre + local @ basis
        return [dataclasses.replace(first, eye=vector(eye)) for eye in eyes]
    points, centre = _points(drawing)
    directions = [(math.sin(t), -math.cos(t), height) for t in turns]
    some = points[:: max(len(points) // 50_000, 1)] - centre
    slope = torch.tensor([aspect, 1.0]) * ((1 - 2 * MARGIN) * math.tan(math.radians(look.fov) / 2))
    reach = 1e-6
    for away in torch.tensor(directions[:: max(count // 24, 1)]) @ basis:
        seen = some @ look_at(away, torch.zeros(3), basis[2]).world_to_camera.rotation.T
        needed = (seen[:, :2].abs() / slope).amax(1) - seen[:, 2]
        reach = max(reach, float(needed.max()))
    away = torch.nn.functional.normalize(torch.tensor(directions) @ basis, dim=1)
    up = vector(basis[2])
    return [Viewpoint(vector(centre + reach * a), vector(centre), up, look.fov) for a in away]


def _fitted(
    points: Tensor,
    centre: Tensor,
    basis: Tensor,
    direction: Sequence[float],
    fov: float,
    aspect: float,
) -> Viewpoint:
    right, back, up = direction
    if math.hypot(right, back) < TILT * abs(up):
        back = -TILT * abs(up)
    away = torch.tensor([right, back, up]) @ basis
    if float(away.norm()) == 0:
        raise GeometryError("direction: expected a vector that is not zero")
    away = torch.nn.functional.normalize(away, dim=0)
    turned = look_at(centre + away, centre, basis[2]).world_to_camera.rotation
    slope = (1 - 2 * MARGIN) * math.tan(math.radians(fov) / 2)
    shift = fit_distance((points - centre) @ turned.T, (slope * aspect, slope))
    eye = centre + shift @ turned
    target = eye - away * (eye - centre).dot(away)
    return Viewpoint(vector(eye), vector(target), vector(basis[2]), fov)


def _points(drawing: Drawing) -> tuple[Tensor, Tensor]:
    """Points (N, 3) that are to be in the picture, and the middle (3,) of their box."""
    solid = [part for part in drawing.parts if isinstance(part, Surface | Dots | Photo)]
    all_points = [p for p in map(_of_part, solid or drawing.parts) if len(p)]
    if not all_points:
        corners = torch.stack([drawing.low, drawing.high], 1).float()
        all_points = [torch.cartesian_prod(*corners)]
    share = max(sum(map(len, all_points)) // MOST_POINTS, 1)
    if any(part.name.endswith("/box") for part in drawing.parts):
        all_points.append(torch.cartesian_prod(*torch.stack([drawing.low, drawing.high], 1)))
    points = torch.cat([p[:: share if len(p) > 1000 else 1].float() for p in all_points])
    low, high = points.amin(0), points.amax(0)
    if torch.equal(low, high):  # a single point: seen in a cube of one metre, or what rounds to one
        half = max(0.5, 1e-3 * float(low.abs().max()))
        points = low + half * torch.cartesian_prod(*torch.tensor([[-1.0, 1.0]] * 3))
    return points, (low + high) / 2


def _of_part(part: Part) -> Tensor:
    if isinstance(part, Surface):
        return part.mesh.vertices.detach().float()
    if isinstance(part, Dots):
        points = part.points.detach().float()
        return points if part.keep is None else points[part.keep]
    if isinstance(part, Photo):
        return pyramid(part)
    if isinstance(part, Lines):
        return part.segments.float().flatten(0, 1)
    return part.position.float()[None] if isinstance(part, Words) else torch.zeros(0, 3)


def pyramid(photo: Photo) -> Tensor:
    """A Photo -> its apex and the four corners of its image plane (5, 3) in the world.

    Corners run clockwise from the upper left as the photograph shows them.
    """
    camera = dataclasses.replace(photo.camera, distortion=None).to("cpu", torch.float32)
    width, height = float(camera.width), float(camera.height)
    corners = torch.tensor([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    plane = camera.unproject(corners, torch.full((4,), float(photo.size)))
    return torch.cat([camera.centre[None], plane])


def _surfaces(drawing: Drawing) -> list[Surface]:
    return [part for part in drawing.parts if isinstance(part, Surface)]


def _rooms(drawing: Drawing) -> list[Surface]:
    return [part for part in _surfaces(drawing) if part.front]
