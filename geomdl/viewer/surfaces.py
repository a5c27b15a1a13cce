"""Meshes to coloured, clipped Surfaces."""

import dataclasses
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.ops.clip import clip_mesh
from geomdl.render import colormap
from geomdl.render.viewpoint import is_interior
from geomdl.structures import Material, Mesh
from geomdl.viewer.drawing import Surface
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.paint import Values, colors_of, plain_color
from geomdl.viewer.pieces import Piece, parted, pieces_of
from geomdl.viewer.scene import Scene


@dataclass(frozen=True, eq=False)
class Painted:
    """A piece in its colours, and the corners (3,) of its box."""

    mesh: Mesh
    low: Tensor
    high: Tensor


def surface_parts(
    scene: Scene,
    name: str,
    look: Look,
    planes: Sequence[Plane],
    values: Values | None,
    limits: tuple[float, float] | None,
    paint_key: Hashable,
) -> list[Surface]:
    """The surfaces of item `name`, a Mesh with faces, for a look.

    values colour it where they are given, between the limits; paint_key says what they are.
    """
    frame = scene.frame_of(scene[name], look.frame)
    mesh = scene.shape(name, frame)
    assert isinstance(mesh, Mesh)
    flat = look.shading == "flat"
    made: Hashable = ("pieces", name, frame, flat)
    pieces = scene.cache.get(made, lambda: pieces_of(mesh, flat))
    worn: Hashable = (made, paint_key)
    painted = scene.passing.get(
        ("painted", worn),
        lambda: tuple(_painted(piece, mesh, look, values, limits) for piece in pieces),
    )
    front = look.sides == "front"
    if look.sides == "auto":
        front = scene.cache.get(("interior", name, frame), lambda: is_interior(mesh))
    parts = []
    for number, piece in enumerate(painted):
        kept, across = _cut(scene, piece, planes, (worn, number))
        if kept is None:
            continue
        style = (look.shading != "none", look.wireframe, front, look.opacity)
        key = (worn, number, across, style)
        parts.append(Surface(f"{name}/surface {number}", name, key, kept, *style))
    return parts


def _cut(
    scene: Scene, piece: Painted, planes: Sequence[Plane], key: Hashable
) -> tuple[Mesh | None, tuple[Plane, ...]]:
    """What is left of a piece, None for nothing, and the planes that cross it."""
    corners = torch.stack([piece.low, piece.high], 1)
    box = torch.cartesian_prod(*corners)  # (8, 3)
    across = []
    for plane in planes:
        signed = plane.signed(box)
        if float(signed.min()) > 0:
            return None, ()
        if float(signed.max()) > 0:
            across.append(plane)
    if not across:
        return piece.mesh, ()

    def cut() -> Mesh:
        mesh = piece.mesh
        for plane in across:
            mesh = _clipped(mesh, plane)
        return mesh

    mesh = scene.passing.get(("cut", key, tuple(across)), cut)
    return (mesh if len(mesh) else None), tuple(across)


def _clipped(mesh: Mesh, plane: Plane) -> Mesh:
    part = clip_mesh(mesh.vertices, mesh.faces, torch.tensor(plane.normal), plane.offset)
    normals = None if mesh.normals is None else part.at_points(mesh.normals)
    return Mesh(
        part.points,
        part.faces,
        normals=None if normals is None else torch.nn.functional.normalize(normals, dim=1),
        colors=None if mesh.colors is None else part.at_points(mesh.colors),
        uvs=None if mesh.uvs is None else part.at_corners(mesh.uvs, mesh.faces),
        materials=mesh.materials,
        face_material=None if mesh.face_material is None else mesh.face_material[part.face],
    )


def _painted(
    piece: Piece,
    mesh: Mesh,
    look: Look,
    values: Values | None,
    limits: tuple[float, float] | None,
) -> Painted:
    if values is None and look.color_by == "own":
        values = _face_colors(mesh)
    if values is not None:
        return Painted(_by_values(piece, mesh, look, values, limits), piece.low, piece.high)
    bare = Mesh(piece.points, piece.faces, normals=piece.normals)
    if look.color_by == "normal":
        worn = dataclasses.replace(bare, colors=colormap.of_normals(piece.normals).clamp(0, 1))
    elif look.color_by == "own":
        worn = _own(bare, piece, mesh, look)
    else:
        worn = _one_material(bare, look)
    return Painted(worn, piece.low, piece.high)


def _face_colors(mesh: Mesh) -> Values | None:
    """The colours of faces, where a file has them and nothing finer."""
    colors = mesh.face_attributes.get("colors")
    if mesh.colors is not None or mesh.face_material is not None or colors is None:
        return None
    fits = colors.is_floating_point() and colors.shape[1:] == (3,)
    return Values(colors.detach().float().clamp(0, 1), on_faces=True) if fits else None


def wears_plain(shape: Mesh, look: Look) -> bool:
    """Whether the colour of what has none is seen on a mesh that no values colour."""
    if look.color_by != "own":
        return look.color_by != "normal"
    if shape.face_material is not None and shape.materials:
        return shape.colors is None and bool((shape.face_material < 0).any())
    return shape.colors is None and _face_colors(shape) is None


def _by_values(
    piece: Piece, mesh: Mesh, look: Look, values: Values, limits: tuple[float, float] | None
) -> Mesh:
    points, normals, faces, vertex = piece.points, piece.normals, piece.faces, piece.vertex
    number, on_faces = values.values, values.on_faces
    if on_faces or values.labels:
        each = number[piece.face] if on_faces else _majority(number[mesh.faces[piece.face]])
        faces, vertex, chosen = parted(faces, each.repeat_interleave(3, 0))
        points, normals = points[vertex], normals[vertex]
    else:
        chosen = number[vertex]
    colors = colors_of(chosen, look, limits or (0.0, 1.0))
    return Mesh(points, faces, normals=normals, colors=colors)


def _majority(labels: Tensor) -> Tensor:
    """Labels (F, 3) of the corners -> the one (F,) that most have, else that of the first."""
    a, b, c = labels.unbind(1)
    return torch.where(b == c, b, a)


def _own(bare: Mesh, piece: Piece, mesh: Mesh, look: Look) -> Mesh:
    """With the colours, materials and textures of the file; every face has a material, or none."""
    colors = None if mesh.colors is None else mesh.colors.detach().float()[piece.vertex]
    if colors is not None:
        bare = dataclasses.replace(bare, colors=colors.clamp(0, 1))
    if mesh.face_material is None or not mesh.materials:
        return bare if colors is not None else _one_material(bare, look)
    worn = mesh.face_material[piece.face]
    none = torch.ones(3) if colors is not None else plain_color(look)
    materials = (*(m.to(dtype=torch.float32) for m in mesh.materials), Material(color=none))
    textured = mesh.uvs is not None and any(m.texture is not None for m in mesh.materials)
    return dataclasses.replace(
        bare,
        uvs=mesh.uvs.detach().float()[piece.face] if textured and mesh.uvs is not None else None,
        materials=materials,
        face_material=torch.where(worn < 0, len(mesh.materials), worn),
    )


def _one_material(bare: Mesh, look: Look) -> Mesh:
    index = torch.zeros(len(bare), dtype=torch.int64)
    material = Material("plain", color=plain_color(look))
    return dataclasses.replace(bare, materials=(material,), face_material=index)
