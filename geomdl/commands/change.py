"""What `geomdl convert` does to a shape between reading and writing it."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from geomdl.commands.options import Axis, Change
from geomdl.errors import GeometryError
from geomdl.io.arrays import Shape
from geomdl.ops.differential import face_normals
from geomdl.ops.sampling import sample_surface
from geomdl.ops.voxelize import voxelize
from geomdl.render.texture import bilinear
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.structures.srgb import from_srgb
from geomdl.viewer.field import cell_mesh, field_of, level_mesh

SURFACES = (".ply", ".obj", ".off", ".stl", ".glb", ".gltf")
GRIDS = (".npz", ".safetensors")


def changed(shape: Shape, change: Change, ending: str, source: Path) -> Shape:
    """The shape as it is to be written into a file with this ending.

    Grids become surfaces or points where the ending asks for them. Raises GeometryError that
    names the source.
    """
    if isinstance(shape, VoxelGrid) and change.kind is not None:
        shape = of_kind(shape, change.kind)
    if isinstance(shape, VoxelGrid | SparseVoxels):
        shape = unfold(shape, change, ending)
    if isinstance(shape, Mesh | PointCloud):
        shape = moved(shape, change)
    if isinstance(shape, Mesh):
        if change.points is not None:
            shape = sampled(shape, change.points, change.seed)
        elif change.vertices:
            shape = shape.point_cloud()
    elif isinstance(shape, PointCloud) and change.points is not None:
        raise GeometryError(f"{source}: --points samples meshes; --thin thins clouds")
    if isinstance(shape, PointCloud) and change.thin is not None:
        shape = thinned(shape, change.thin)
    if change.voxelize is not None and isinstance(shape, Mesh | PointCloud):
        if ending not in GRIDS:
            raise GeometryError(f"{source}: --voxelize makes grids, which .npz holds, not {ending}")
        shape = voxelized(shape, change.voxelize, change.kind, source)
    if isinstance(shape, Mesh) and ending not in (*SURFACES, *GRIDS):
        raise GeometryError(
            f"{source}: {ending} holds points; --points N samples the surface, --vertices takes "
            "its vertices"
        )
    return shape


def of_kind(grid: VoxelGrid, kind: str) -> VoxelGrid:
    """A grid as one of another kind. Raises GeometryError where that is not defined."""
    if kind == grid.kind:
        return grid
    if kind == "occupancy":
        return grid.to_occupancy(solid=grid.kind == "sdf")
    if kind == "ternary":
        return grid.to_ternary()
    if kind == "distance":
        return grid.to_distance()
    raise GeometryError(f"--kind: a grid of {grid.kind} does not become {kind}")


def unfold(grid: VoxelGrid | SparseVoxels, change: Change, ending: str) -> Shape:
    """A grid as a surface, as points, or as it is, by the ending of the file."""
    sampled_ones = change.points is not None or change.vertices
    if ending in GRIDS and not (change.cells or change.level is not None or sampled_ones):
        return grid
    field = field_of(grid, change.level, False)
    if ending not in (*SURFACES, *GRIDS) and not sampled_ones:
        shown = field.sites if field.sites is not None else None
        if shown is None:
            assert field.shown is not None
            shown = field.shown.nonzero()
        return PointCloud(field.world(shown.float() + 0.5))
    mesh = cell_mesh(field) if change.cells else level_mesh(field)
    if not len(mesh):
        raise GeometryError("grid: expected a surface, got none; --level sets where it lies")
    return mesh


def moved(shape: Mesh | PointCloud, change: Change) -> Mesh | PointCloud:
    """Turned, scaled, and then centred on the middle of its box."""
    matrix = torch.eye(4, dtype=torch.float64)
    if change.turn_up is not None:
        matrix[:3, :3] = turn(*change.turn_up)
    matrix[:3, :3] *= change.scale
    corners = shape.vertices if isinstance(shape, Mesh) else shape.points
    if change.center and len(corners):
        placed = corners.double() @ matrix[:3, :3].T
        matrix[:3, 3] = -(placed.amin(0) + placed.amax(0)) / 2
    if torch.equal(matrix, torch.eye(4, dtype=torch.float64)):
        return shape
    return shape.transformed(matrix.to(corners))


def turn(was: Axis, now: Axis) -> Tensor:
    """The rotation (3, 3) float64 that takes one axis to another, by the shortest way."""
    axes = {name: torch.eye(3, dtype=torch.float64)[i] for i, name in enumerate("xyz")}
    a, b = (axes[name[-1]] * (-1 if name[0] == "-" else 1) for name in (was, now))
    dot = float(a @ b)
    if dot == 1:
        return torch.eye(3, dtype=torch.float64)
    if dot == -1:  # half a turn around the next axis
        around = a.roll(1).abs()
        return 2 * torch.outer(around, around) - torch.eye(3, dtype=torch.float64)
    side = torch.linalg.cross(a, b)
    return torch.outer(b, a) - torch.outer(a, b) + torch.outer(side, side)


def sampled(mesh: Mesh, count: int, seed: int) -> PointCloud:
    """`count` points of the surface, evenly by area, with normals and colours."""
    points, face, weights = sample_surface(mesh.vertices, mesh.faces, count, seed)
    normals = face_normals(mesh.vertices, mesh.faces)[face]
    labels = {name: values[face] for name, values in mesh.face_attributes.items()}
    labels.pop("colors", None)
    return PointCloud(points, normals, surface_colors(mesh, face, weights), labels)


def surface_colors(mesh: Mesh, face: Tensor, weights: Tensor) -> Tensor | None:
    """Faces (N,), weights (N, 3) -> linear colours (N, 3): vertex colours x textures."""
    index = mesh.face_material
    tinted = mesh.face_attributes.get("colors")
    if mesh.colors is None and tinted is None and (index is None or not mesh.materials):
        return None
    light = torch.ones(len(face), 3)
    if mesh.colors is not None:
        light = (mesh.colors[mesh.faces[face]] * weights[..., None]).sum(1).float()
    elif tinted is not None:
        light = tinted[face][:, :3].float()
    for number, material in enumerate(mesh.materials if index is not None else ()):
        assert index is not None
        mine = index[face] == number
        light[mine] *= material.color.float()
        if material.texture is not None and mesh.uvs is not None:
            uv = (mesh.uvs[face[mine]] * weights[mine][..., None]).sum(1).float()
            light[mine] *= bilinear(from_srgb(material.texture[..., :3].float()), uv)
    return light


def thinned(cloud: PointCloud, side: float) -> PointCloud:
    """One point for each cube of this side: means of places, normals and colours.

    Other attributes are those of the first point of each cube.
    """
    given = [x for x in (cloud.points, cloud.normals, cloud.colors) if x is not None]
    low = cloud.points.amin(0) if len(cloud) else cloud.points.new_zeros(3)
    wide = torch.cat([cloud.points - low, *given[1:]], 1).double()
    cubes = voxelize(cloud.points, side, features=wide, offsets=cloud.offsets)
    assert cubes.features is not None
    means = list(cubes.features.to(cloud.points.dtype).split(3, 1))
    normals = colors = None
    if cloud.colors is not None:
        colors = means.pop().clamp(0, 1)
    if cloud.normals is not None:
        normals = torch.nn.functional.normalize(means.pop(), dim=1)
    kept = {name: values[cubes.first] for name, values in cloud.attributes.items()}
    return PointCloud(means[0] + low, normals, colors, kept, cubes.offsets)


def voxelized(
    shape: Mesh | PointCloud, resolution: int, kind: str | None, source: Path
) -> VoxelGrid:
    """A grid with `resolution` cells along the longest side: sdf of meshes, occupancy of clouds."""
    from geomdl import fields

    if isinstance(shape, Mesh):
        if kind == "ternary":
            return fields.mesh_to_grid(shape, "sdf", resolution).to_ternary()
        grid = fields.mesh_to_grid(shape, kind or "sdf", resolution)
        if kind == "occupancy":
            return replace(grid, values=grid.values.to(torch.uint8))
        return grid
    if kind not in (None, "occupancy"):
        raise GeometryError(f"{source}: a cloud has no inside, so no grid of {kind}; occupancy")
    low, high = shape.bounds
    side = float((high - low).max())
    if side == 0:
        raise GeometryError(f"{source}: all points are the same, so they span no grid")
    cell = side / (resolution - 1)
    return VoxelGrid.occupancy_from_points(
        shape.points, cell, origin=low - cell / 2, shape=shapes(low, high, cell)
    )


def shapes(low: Tensor, high: Tensor, cell: float) -> list[int]:
    """Cells along each axis of a grid whose first and last cells are centred on the corners."""
    return [int(n) + 1 for n in ((high - low) / cell).round()]
