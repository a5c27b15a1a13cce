"""What lies under a click: the ray of the pixel against what the drawing shows."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.io.posed import PosedImages
from geomdl.ops.raycast import build_bvh, first_hit
from geomdl.structures import Mesh, SparseVoxels, VoxelGrid
from geomdl.viewer import facts
from geomdl.viewer.compose import compose
from geomdl.viewer.drawing import Dots, Drawing, Photo, Surface
from geomdl.viewer.field import field_of
from geomdl.viewer.look import Look, Plane, Vector
from geomdl.viewer.paint import body_of
from geomdl.viewer.scene import Scene
from geomdl.viewer.viewpoint import pyramid

COVERED = 0.75  # pixels from a point at which it covers the click
AROUND = 5.0  # pixels in which the nearest point is looked for
BLOCK = 1 << 16  # points that are tested at once, in the cache
THROUGH = 64  # back sides that a ray passes at most
INWARD = 1e-3  # cells by which a side is left behind to know its cell
IMAGE = torch.tensor([[1, 2, 3], [1, 3, 4]])
SIDES = torch.tensor([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 1], [1, 2, 3], [1, 3, 4]])


@dataclass(frozen=True)
class Pick:
    """A thing at a position (metres). index: of the face, point, cell or photograph.

    kind: 'face', 'point', 'cell', 'surface' (of a grid), 'slice' or 'camera'. values: what is
    known there, to be read.
    """

    item: str
    position: Vector
    index: int
    kind: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ray:
    """Origin and unit direction (3,) float64, radians of a pixel, and the part that is kept."""

    origin: Tensor
    direction: Tensor
    pixel: float
    near: float = 0.0
    far: float = math.inf

    def at(self, distance: float) -> Tensor:
        return self.origin + distance * self.direction


@dataclass(frozen=True)
class _Hit:
    """Metres along the ray, what was hit, and where in it."""

    distance: float
    item: str
    index: int
    kind: str
    weights: Tensor | None = None
    part: Surface | Dots | Photo | None = None


def pick(
    scene: Scene, look: Look, origin: Vector, direction: Vector, pixel_angle: float
) -> Pick | None:
    """The first thing that a ray meets in the scene as `look` shows it; None for nothing.

    origin and direction (3,) in the world; pixel_angle (radians) is that of a pixel: points are
    taken within a few of them. Hidden items, what planes clip and sides that are not drawn are
    passed. Raises GeometryError.
    """
    start, way = (torch.as_tensor(v, dtype=torch.float64) for v in (origin, direction))
    expect_tensor("origin", start, "3", finite=True)
    expect_tensor("direction", way, "3", finite=True)
    if not float(way.norm()) > 0:
        raise GeometryError(f"direction: expected more than zero, got {tuple(direction)}")
    if not 0 <= pixel_angle < 1:
        raise GeometryError(f"pixel_angle: expected radians of a pixel, got {pixel_angle}")
    ray = _Ray(start, way / way.norm(), pixel_angle)
    drawing = compose(scene, look)
    kept = _kept(ray, look.planes(drawing.low, drawing.high))
    hits = [*_photos(drawing, ray, outlines=False)]
    if kept is not None:
        hits += _solids(scene, look, drawing, kept)
        hits += [_dots(part, kept) for part in drawing.parts if isinstance(part, Dots)]
    hits = [hit for hit in hits if hit.distance < math.inf]
    if not hits:
        hits = _photos(drawing, ray, outlines=True)
    if not hits:
        return None
    return _told(scene, look, drawing, ray, min(hits, key=lambda hit: hit.distance))


def _kept(ray: _Ray, planes: Sequence[Plane]) -> _Ray | None:
    """The part of a ray that no plane clips; None where nothing is left."""
    near, far = ray.near, ray.far
    for plane in planes:
        normal = torch.tensor(plane.normal, dtype=torch.float64)
        rise, room = float(normal @ ray.direction), plane.offset - float(normal @ ray.origin)
        if rise > 0:
            far = min(far, room / rise)
        elif rise < 0:
            near = max(near, room / rise)
        elif room < 0:
            return None
    if near >= far:
        return None
    return _Ray(ray.origin, ray.direction, ray.pixel, near, far)


def _solids(scene: Scene, look: Look, drawing: Drawing, ray: _Ray) -> list[_Hit]:
    """The first face of each mesh and of each surface of a grid."""
    parts: dict[str, list[Surface]] = {}
    for part in drawing.parts:
        if isinstance(part, Surface) and part.opacity > 0:
            parts.setdefault(part.item, []).append(part)
    hits = []
    for name, surfaces in parts.items():
        frame = scene.frame_of(scene[name], look.frame)
        shape = scene.shape(name, frame)
        if isinstance(shape, Mesh):
            key: Hashable = ("bvh", name, frame)
            bvh = scene.cache.get(key, lambda m=shape: _hierarchy(m))  # type: ignore[misc]
            found = _first(shape, bvh, ray, surfaces[0].front)
            hits.append(_Hit(found[0], name, found[1], "face", found[2], surfaces[0]))
            continue
        for part in surfaces:
            # Drawn geometry is clipped already; a slice lies in its plane.
            whole = _Ray(ray.origin, ray.direction, ray.pixel)
            if not _crosses(part.mesh, whole):
                continue
            key = ("bvh of part", part.key)
            bvh = scene.passing.get(key, lambda m=part.mesh: _hierarchy(m))  # type: ignore[misc]
            found = _first(part.mesh, bvh, whole, part.front)
            kind = part.name.removeprefix(f"{name}/").split(" ")[0].removesuffix("s")
            hits.append(_Hit(found[0], name, found[1], kind, found[2], part))
    return hits


def _hierarchy(mesh: Mesh) -> Tensor:
    return build_bvh(mesh.vertices.detach().float(), mesh.faces)


def _first(mesh: Mesh, bvh: Tensor, ray: _Ray, front: bool) -> tuple[float, int, Tensor]:
    """Distance (inf for none), face and barycentric (3,) of the first face on the ray's part.

    front: sides that look away are passed.
    """
    vertices = mesh.vertices.detach().float()
    way = ray.direction.float()[None]
    start = ray.near
    for _ in range(THROUGH):
        origin = ray.at(start).float()[None]
        distance, face, weights = first_hit(vertices, mesh.faces, origin, way, bvh)
        along = start + float(distance)
        if int(face) < 0 or along > ray.far:
            break
        if not front or _looks_at(vertices[mesh.faces[face[0]]], way[0]):
            return along, int(face), weights[0]
        start = along + max(abs(along), float(distance)) * 1e-6 + 1e-9
    return math.inf, -1, torch.zeros(3)


def _looks_at(corners: Tensor, way: Tensor) -> bool:
    """Whether a ray comes to the front of a triangle (3, 3)."""
    normal = torch.linalg.cross(corners[1] - corners[0], corners[2] - corners[0])
    return float(normal @ way) < 0


def _crosses(mesh: Mesh, ray: _Ray) -> bool:
    """Whether the ray meets the ball around a mesh."""
    low, high = mesh.bounds
    middle = ((low + high) / 2).double() - ray.origin
    along = float(middle @ ray.direction)
    across = float((middle - along * ray.direction).norm())
    radius = float((high - low).double().norm()) / 2
    return across <= radius * 1.0001 and along >= -radius


def _dots(part: Dots, ray: _Ray) -> _Hit:
    """The disc that covers the click, the front-most of several; else the nearest within pixels."""
    frame = torch.linalg.qr(ray.direction[:, None], mode="complete").Q  # its first column is +-d
    axes = torch.cat([frame[:, 1:], ray.direction[:, None]], 1).float()  # (3, 3)
    start = -(ray.origin.float() @ axes)[:, None]
    points = part.points.detach().cpu().float()
    covering, beside = (math.inf, -1), (math.inf, -1)
    closest = math.inf
    for first in range(0, len(part.points), BLOCK):
        block = slice(first, first + BLOCK)
        x, y, along = torch.addmm(start, axes.T, points[block].T)
        away = (x * x + y * y).sqrt_()
        reach = along * (AROUND * ray.pixel)
        near = (away <= reach.clamp_(min=part.radius)) & (along > ray.near) & (along <= ray.far)
        if part.keep is not None:
            near &= part.keep[block].cpu()
        rows = near.nonzero()[:, 0]
        if len(rows) == 0:
            continue
        away, along = away[rows], along[rows]
        over = away <= (along * (COVERED * ray.pixel)).clamp(min=part.radius)
        if bool(over.any()):
            depth = torch.where(over, along, torch.inf)
            best = int(depth.argmin())
            covering = min(covering, (float(depth[best]), first + int(rows[best])))
        angle = away / along
        best = int(angle.argmin())
        if float(angle[best]) < closest:
            closest = float(angle[best])
            beside = (float(along[best]), first + int(rows[best]))
    distance, index = covering if covering[1] >= 0 else beside
    return _Hit(distance, part.item, index, "point", None, part)


def _photos(drawing: Drawing, ray: _Ray, *, outlines: bool) -> list[_Hit]:
    """The photographs on the ray; with `outlines` the pyramids too, though one sees through."""
    photos = [
        p for p in drawing.parts if isinstance(p, Photo) and (outlines or p.image is not None)
    ]
    if not photos:
        return []
    corners = torch.stack([pyramid(photo) for photo in photos])  # (P, 5, 3)
    sides = SIDES if outlines else IMAGE
    faces = (torch.arange(len(photos))[:, None, None] * 5 + sides).flatten(0, 1)
    origin, way = ray.origin.float()[None], ray.direction.float()[None]
    distance, face, _ = first_hit(corners.flatten(0, 1), faces, origin, way)
    if int(face) < 0:
        return []
    photo = photos[int(face) // len(sides)]
    number = int(photo.name.rpartition(" ")[2])
    return [_Hit(float(distance), photo.item, number, "camera", None, photo)]


def _told(scene: Scene, look: Look, drawing: Drawing, ray: _Ray, hit: _Hit) -> Pick:
    """A hit with what is known there."""
    item, place = scene[hit.item], ray.at(hit.distance)
    shape = scene.shape(hit.item, look.frame)
    index, values, part = hit.index, {}, hit.part
    if hit.kind == "face" and isinstance(shape, Mesh) and hit.weights is not None:
        values = facts.of_face(shape, item, index, hit.weights)
        corners = shape.faces[index]
        values |= facts.computed(scene, item, look, drawing, corners, hit.weights)
    elif isinstance(part, Dots):
        place = part.points[index].detach().cpu().double()
        body = body_of(shape)
        if body is not None:
            cloud = body.point_cloud() if isinstance(body, Mesh) else body
            values = facts.of_point(cloud, item, index)
        one = torch.tensor([index])
        values |= facts.computed(scene, item, look, drawing, one, torch.ones(1))
    elif isinstance(part, Photo):
        values = facts.of_photo(part, place)
        if isinstance(shape, PosedImages):
            values = {"file": shape.images[index].path.name} | values
    elif isinstance(shape, VoxelGrid | SparseVoxels) and isinstance(part, Surface):
        index, values = _in_grid(scene, look, ray, hit, shape)
    x, y, z = place.tolist()
    if any(scene.origin):
        far = (f"{a + b:.12g}" for a, b in zip((x, y, z), scene.origin, strict=True))
        values = {"in the file": " ".join(far), **values}
    return Pick(hit.item, (x, y, z), index, hit.kind, values)


def _in_grid(
    scene: Scene, look: Look, ray: _Ray, hit: _Hit, grid: VoxelGrid | SparseVoxels
) -> tuple[int, dict[str, str]]:
    """The cell at a hit of a grid's surface, and what is known there."""
    item = scene[hit.item]
    key = ("grid", hit.item, scene.frame_of(item, look.frame), look.level)
    known = scene.cache.get(key, lambda: field_of(grid, look.level, bool(item.label_names)))
    place = ray.at(hit.distance)
    inward = ray.direction
    if hit.kind == "cell" and isinstance(hit.part, Surface):
        a, b, c = hit.part.mesh.vertices[hit.part.mesh.faces[hit.index]].detach().double()
        inward = -torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=0)
    return facts.of_cell(grid, known, item, place, place + INWARD * known.cell * inward)
