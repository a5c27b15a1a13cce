"""Shapes to volumetric grids, and back: the five kinds of grid and what each says of a cell.

occupancy  1 where the surface passes through the cell
ternary    0 known empty, 1 surface, 2 unknown (only a scan can leave cells unknown)
distance   metres to the closest surface point, 0 on the surface
sdf        the same, negative inside
tsdf       sdf in units of the truncation, cut to [-1, 1], with weights

Values belong to cell centres: the centre of cell (i, j, k) is origin + (i + 0.5, ...) * cell.
"""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.ops.isosurface import isosurface
from geomdl.ops.raycast import closest_point, signed_distance
from geomdl.ops.voxelize import voxelize_mesh
from geomdl.structures import Mesh, VoxelGrid

MESH_KINDS = ("occupancy", "distance", "sdf")


def cell_centres(shape: tuple[int, int, int], origin: Tensor, cell: float) -> Tensor:
    """Grid of `shape` -> centres (X, Y, Z, 3) in metres."""
    axes = [
        origin[d] + (torch.arange(n, device=origin.device, dtype=origin.dtype) + 0.5) * cell
        for d, n in enumerate(shape)
    ]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def grid_around(mesh: Mesh, resolution: int, padding: float) -> tuple[Tensor, float]:
    """Origin (3,) and cell of the cube of `resolution`^3 cells centred on the mesh.

    The longest side of the bounding box spans the cube less `padding` cells on either side.
    """
    low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
    extent = float((high - low).max())
    if extent == 0.0:
        raise GeometryError("mesh: all vertices are the same point, so it spans no grid")
    if resolution <= 2 * padding:
        raise GeometryError(f"resolution: expected more than {2 * padding}, got {resolution}")
    cell = extent / (resolution - 2 * padding)
    return (low + high) / 2 - cell * resolution / 2, cell


def mesh_to_grid(mesh: Mesh, kind: str, resolution: int = 64, padding: float = 2.0) -> VoxelGrid:
    """Mesh -> VoxelGrid (R, R, R) of `kind` occupancy, distance or sdf, around the mesh.

    padding is in cells. The sign of an sdf is that of the generalised winding number, so open
    meshes get a sensible one. Raises GeometryError.
    """
    if kind not in MESH_KINDS:
        raise GeometryError(
            f"kind: expected one of {', '.join(MESH_KINDS)}, got {kind!r} (ternary and tsdf grids "
            "come from scans: see geomdl.ops.fuse)"
        )
    expect_number("resolution", resolution, low=1)
    expect_number("padding", padding, low=0)
    if len(mesh.faces) == 0:
        raise GeometryError("mesh: expected at least one face, got none")
    origin, cell = grid_around(mesh, resolution, padding)
    shape = (resolution, resolution, resolution)
    if kind == "occupancy":
        values = voxelize_mesh(mesh.vertices, mesh.faces, cell, origin, list(shape)).float()
    else:
        centres = cell_centres(shape, origin, cell).reshape(-1, 3)
        if kind == "sdf":
            flat = signed_distance(mesh.vertices, mesh.faces, centres)
        else:
            flat = (closest_point(mesh.vertices, mesh.faces, centres)[0] - centres).norm(dim=-1)
        values = flat.reshape(shape)
    return VoxelGrid(values, kind, origin=origin, cell=cell)


def grid_to_mesh(grid: VoxelGrid, level: float | None = None) -> Mesh:
    """VoxelGrid -> Mesh of its level set: 0 of an sdf or tsdf, 0.5 of an occupancy grid.

    A distance grid has no inside, so it asks for a `level` above 0. Cells of a tsdf that no
    frame saw (weight 0) give no surface. Raises GeometryError.
    """
    defaults = {"sdf": 0.0, "tsdf": 0.0, "occupancy": 0.5}
    if level is None and grid.kind not in defaults:
        raise GeometryError(f"level: a {grid.kind} grid needs one, it has no surface of its own")
    level = defaults[grid.kind] if level is None else level
    values = grid.values
    if grid.kind == "occupancy":  # outside is low here, and large in a distance
        values, level = -values.float(), -level
    mask = None if grid.weights is None else grid.weights > 0
    vertices, faces = isosurface(values, level, grid.origin, grid.cell, mask)
    return Mesh(vertices, faces)
