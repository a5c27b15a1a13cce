"""A Drawing made ready for pictures from many places: few large pieces instead of many parts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.ops.differential import point_normals
from geomdl.ops.raycast import build_bvh
from geomdl.render.solid import Solid
from geomdl.render.splat import MOST_NORMALS
from geomdl.render.strokes import edges_of
from geomdl.structures import Material, Mesh
from geomdl.viewer.drawing import Dots, Drawing, Lines, Photo, Surface
from geomdl.viewer.viewpoint import pyramid

INK = 0.3  # of the colour of faces that their edges have where the faces are not drawn
FEW = 4000  # points that are drawn as balls
SOME = 60_000  # points that the shadow map is fitted to


@dataclass(frozen=True, eq=False)
class Body:
    """Surfaces that are drawn together; lit, wired and opacity (P,) are those of the pieces.

    bvh: for rays, where the body is translucent.
    """

    solid: Solid
    front: bool
    lit: Tensor
    wired: Tensor
    opacity: Tensor
    bvh: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Points:
    """Discs of `radius` metres: points and linear colours (N, 3), normals (N, 3) or None."""

    points: Tensor
    normals: Tensor | None
    colors: Tensor
    radius: float
    lit: bool


@dataclass(frozen=True, eq=False)
class Stage:
    """Opaque and translucent bodies, points, and lines: segments (S, 2, 3), inks (S, 3), widths.

    bounds (N, 3): points that hold what casts shadows. varied: whether vertices have colours of
    their own.
    """

    solids: tuple[Body, ...]
    clear: tuple[Body, ...]
    dots: tuple[Points, ...]
    segments: Tensor
    inks: Tensor
    widths: Tensor
    bounds: Tensor
    varied: bool


def stage_of(drawing: Drawing) -> Stage:
    """Drawing -> Stage. Clouds without normals get some, unless they are huge, or become balls."""
    surfaces = [part for part in drawing.parts if isinstance(part, Surface)]
    photos = [part for part in drawing.parts if isinstance(part, Photo)]
    filled = [part for part in surfaces if part.wireframe != "only"]
    opaque = [part for part in filled if not _is_clear(part)]
    opaque += [_picture_plane(photo) for photo in photos if photo.image is not None]
    dotted = [part for part in drawing.parts if isinstance(part, Dots)]
    opaque += [_balls(part) for part in dotted if _few(part)]
    bodies = [_body([p for p in opaque if p.front == front]) for front in (False, True)]
    clear = [part for part in filled if _is_clear(part)]
    glass = [_body([p for p in clear if p.front == front], True) for front in (False, True)]
    lines = [part for part in drawing.parts if isinstance(part, Lines)]
    lines += [_edges(part) for part in surfaces if part.wireframe == "only"]
    lines += [_frame(photo) for photo in photos]
    dots = tuple(_points(part) for part in dotted if not _few(part))
    widths = [torch.full((len(part.segments),), float(part.width)) for part in lines]
    solids = tuple(body for body in bodies if body.solid.pieces)
    casters = [body.solid.vertices for body in solids] + [each.points for each in dots]
    return Stage(
        solids,
        tuple(body for body in glass if body.solid.pieces),
        dots,
        torch.cat([torch.zeros(0, 2, 3), *(part.segments.float() for part in lines)]),
        torch.cat([torch.zeros(0, 3), *(part.colors.float() for part in lines)]),
        torch.cat([torch.zeros(0), *widths]),
        _bounds(casters, drawing),
        any(_is_varied(part.mesh) for part in filled) or len(dotted) > 0,
    )


def _body(parts: Sequence[Surface], clear: bool = False) -> Body:
    solid = Solid.of([part.mesh for part in parts])
    return Body(
        solid,
        bool(parts) and parts[0].front,
        torch.tensor([part.lit for part in parts]),
        torch.tensor([part.wireframe == "over" for part in parts]),
        torch.tensor([part.opacity for part in parts]),
        build_bvh(solid.vertices, solid.faces) if clear and parts else None,
    )


def _is_clear(part: Surface) -> bool:
    return part.opacity < 1 or any(_lets_through(material) for material in part.mesh.materials)


def _lets_through(material: Material) -> bool:
    image = material.texture
    masked = image is not None and image.shape[2] == 4 and float(image[..., 3].min()) < 0.99
    return material.opacity < 1 or masked


def _is_varied(mesh: Mesh) -> bool:
    return mesh.colors is not None and bool((mesh.colors != mesh.colors[:1]).any())


def _points(part: Dots) -> Points:
    points, colors, normals = part.points.float(), part.colors, part.normals
    if part.keep is not None:
        points, colors = points[part.keep], colors[part.keep]
        normals = None if normals is None else normals[part.keep]
    if normals is None and part.lit and 3 <= len(points) <= MOST_NORMALS:
        normals = point_normals(points, min(12, len(points)), points.new_zeros(3))
    return Points(points, normals if part.lit else None, colors, part.radius, part.lit)


def _few(part: Dots) -> bool:
    """Whether there are too few points to tell a surface, so that balls show them better."""
    return part.lit and part.normals is None and len(part.points) <= FEW


def _balls(part: Dots) -> Surface:
    """The points as balls."""
    points, colors = part.points.float(), part.colors.float()
    if part.keep is not None:
        points, colors = points[part.keep], colors[part.keep]
    corners, faces = _ball()
    first = len(corners) * torch.arange(len(points))[:, None, None]
    mesh = Mesh(
        (points[:, None] + part.radius * corners).flatten(0, 1),
        (first + faces).flatten(0, 1),
        normals=corners.repeat(len(points), 1),
        colors=colors.repeat_interleave(len(corners), 0),
    )
    return Surface(part.name, part.item, part.key, mesh)


def _ball() -> tuple[Tensor, Tensor]:
    """Vertices (258, 3) on the unit sphere and faces (512, 3): an octahedron with divided faces."""
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0])] * 3)  # (8, 3)
    triangles = torch.diag_embed(signs)
    mirrored = signs.prod(1) < 0
    triangles[mirrored] = triangles[mirrored].flip(1)
    for _ in range(3):
        a, b, c = triangles.unbind(1)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        triangles = torch.cat([torch.stack(part, 1) for part in parts])
    corners, faces = triangles.flatten(0, 1).unique(dim=0, return_inverse=True)
    return torch.nn.functional.normalize(corners, dim=1), faces.view(-1, 3)


def _picture_plane(photo: Photo) -> Surface:
    """The photograph on the base of its pyramid."""
    uvs = torch.tensor([[[0.0, 1], [1, 1], [1, 0]], [[0, 1], [1, 0], [0, 0]]])
    mesh = Mesh(
        pyramid(photo)[1:],
        torch.tensor([[0, 1, 2], [0, 2, 3]]),
        uvs=uvs,
        materials=(Material(texture=photo.image),),
        face_material=torch.zeros(2, dtype=torch.int64),
    )
    return Surface(photo.name, photo.item, photo.key, mesh, lit=False)


def _frame(photo: Photo) -> Lines:
    """The edges of the pyramid."""
    pairs = torch.tensor([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1]])
    segments = pyramid(photo)[pairs]
    colors = torch.tensor(photo.color).expand(len(segments), 3)
    return Lines(photo.name, photo.item, photo.key, segments, colors)


def _edges(part: Surface) -> Lines:
    """The edges of all faces, in a darker colour than theirs."""
    mesh = part.mesh
    edges = edges_of(mesh.faces)
    colors = Solid.of([mesh]).colors[edges].mean(1) * INK
    return Lines(part.name, part.item, part.key, mesh.vertices.float()[edges], colors, 1.0)


def _bounds(casters: Sequence[Tensor], drawing: Drawing) -> Tensor:
    """Points (N, 3) that about span everything: a sample, and the outermost ones."""
    some = []
    for points in (p for p in casters if len(p)):
        outermost = torch.cat([points.argmin(0), points.argmax(0)])
        some += [points[:: math.ceil(len(points) / SOME)], points[outermost]]
    return torch.cat(some) if some else torch.stack([drawing.low, drawing.high]).float()
