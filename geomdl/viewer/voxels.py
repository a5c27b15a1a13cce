"""Grids as parts of a drawing: cells, isosurface, and slices where planes cut them."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from geomdl.structures import Mesh, SparseVoxels, VoxelGrid
from geomdl.structures.voxels import SURFACE, UNKNOWN
from geomdl.viewer.drawing import Legend, Part, Surface
from geomdl.viewer.field import CONTINUOUS, TERNARY_NAMES, Field, cell_mesh, field_of, level_mesh
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.paint import (
    PLAIN,
    Values,
    label_legend,
    limits_of,
    ramp_legend,
    target_of,
    values_of,
)
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.slices import number_limits, slice_parts
from geomdl.viewer.surfaces import surface_parts

_TITLES = {"sdf": "signed distance", "tsdf": "truncated distance", "occupancy": "occupancy"}


def voxel_parts(
    scene: Scene,
    item_name: str,
    grid: VoxelGrid | SparseVoxels,
    look: Look,
    planes: Sequence[Plane],
    *,
    limits: tuple[float, float] | None = None,
    view: tuple[Tensor, Tensor] | None = None,
) -> tuple[list[Part], list[Legend]]:
    """The parts of a grid, item `item_name` of the scene, and what its colours mean.

    Cells show the sides that one can see, the isosurface comes from marching cubes; both are cut
    by the planes, where slices show the grid's numbers. color_by 'value' are these numbers.
    limits: of heights and depths, by default the item's own; view: the eye and the direction (3,)
    of depth, by default along z. Raises GeometryError.
    """
    item = scene[item_name]
    root: Hashable = ("grid", item_name, scene.frame_of(item, look.frame), look.level)
    field = scene.cache.get(root, lambda: field_of(grid, look.level, bool(item.label_names)))
    inner = scene.cache.get((root, "meshes"), lambda: _meshes(scene, item, field))
    wanted = _wanted(field, look)
    parts: list[Part] = []
    legends: list[Legend] = []
    # Sides of cells that lie in a plane would flicker with the slice there.
    sliced = look.slices and "cells" in wanted and field.kind not in CONTINUOUS
    shift = 2e-4 * field.cell if sliced else 0.0
    shrunk = tuple(replace(plane, offset=plane.offset - shift) for plane in planes)
    for kind in wanted:
        name = inner.items[kind == "surface"].name
        values, ends = _values(scene, inner, name, field, look, limits, view)
        style = look
        if kind == "cells" and look.shading == "flat":
            style = look.replace(shading="smooth")  # their normals are those of their sides
        made = _surfaces(inner, name, style, shrunk, values, ends, view)
        for number, part in enumerate(made):
            place, key = f"{item_name}/{kind} {number}", (root, part.key)
            parts.append(replace(part, name=place, item=item_name, key=key))
        if values is not None:
            legends.append(_legend(item, field, values.values, look, ends, look.color_by))
    if look.slices and planes:
        cells = "cells" in wanted
        slices = slice_parts(scene, item_name, root, field, look, planes, as_cells=cells)
        parts += slices
        if slices and field.numbers is not None and look.color_by != "value":
            ends, title = number_limits(field, look), _TITLES.get(field.kind, field.kind)
            legends.append(_legend(item, field, field.numbers, look, ends, title))
    return parts, legends[:1] if len({legend.title for legend in legends}) == 1 else legends


def _wanted(field: Field, look: Look) -> tuple[str, ...]:
    """Which meshes of a field a look shows: cells, surface or both."""
    if look.voxels == "auto":
        return ("surface",) if field.kind in CONTINUOUS else ("cells",)
    return ("cells", "surface") if look.voxels == "both" else (look.voxels,)


def _meshes(scene: Scene, item: Item, field: Field) -> Scene:
    """The cells and the surface of a field as a scene, to be painted and cut as meshes are.

    The other items follow, for distances to them.
    """
    others = [
        replace(other, frames=tuple(partial(scene.shape, other.name, i) for i in range(count)))
        for other in scene.items
        if other is not item and (count := len(other.frames))
    ]
    apart = "~" * max(len(name) + 1 for name in scene.names)  # names that no other item has
    cells = Item(f"cells{apart}", (partial(cell_mesh, field),))
    surface = Item(f"surface{apart}", (partial(level_mesh, field),))
    return Scene((cells, surface, *others), scene.up)


def _values(
    scene: Scene,
    inner: Scene,
    name: str,
    field: Field,
    look: Look,
    limits: tuple[float, float] | None,
    view: tuple[Tensor, Tensor] | None,
) -> tuple[Values | None, tuple[float, float] | None]:
    """What colours a mesh of the field, and the ends of the ramp."""
    if look.color_by in PLAIN:
        return None, None
    if look.color_by == "distance":
        look = look.replace(distance_to=target_of(scene, look).name)
    along = (torch.zeros(3), torch.tensor([0.0, 0.0, 1.0])) if view is None else view
    values = values_of(inner, inner[name], look, along)
    if values is None or values.labels or values.values.ndim == 2:
        return values, None
    if look.color_by == "value":
        return values, number_limits(field, look)
    return values, look.limits or limits or limits_of([values.values])


def _surfaces(
    inner: Scene,
    name: str,
    look: Look,
    planes: Sequence[Plane],
    values: Values | None,
    ends: tuple[float, float] | None,
    view: tuple[Tensor, Tensor] | None,
) -> Sequence[Surface]:
    mesh = inner.shape(name)
    assert isinstance(mesh, Mesh)
    if not len(mesh):
        return []
    seen = view if look.color_by == "depth" and view is not None else ()
    about = (look.color_by, look.color, look.ramp, look.up, look.distance_to, ends, look.frame)
    paint = (about, tuple(x for vector in seen for x in vector.tolist()))
    return surface_parts(inner, name, look, planes, values, ends, paint)


def _legend(
    item: Item,
    field: Field,
    numbers: Tensor,
    look: Look,
    ends: tuple[float, float] | None,
    title: str,
) -> Legend:
    if numbers.is_floating_point() and numbers.ndim == 1:
        return ramp_legend(title, look, ends or (0.0, 1.0))
    names = item.label_names
    if field.kind == "ternary":
        names, numbers = {**TERNARY_NAMES, **names}, torch.tensor([SURFACE, UNKNOWN])
    return label_legend(title, [(replace(item, label_names=names), numbers)])
