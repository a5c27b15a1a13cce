"""What a clip plane shows of a grid's values where it cuts the grid."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from geomdl.ops.clip import clip_mesh
from geomdl.ops.voxelize import read_nearest, trilinear
from geomdl.structures import Mesh
from geomdl.structures.voxels import UNKNOWN
from geomdl.viewer.cells import across, cells_across, contour, lattice, sections
from geomdl.viewer.drawing import Lines, Part, Surface
from geomdl.viewer.field import CONTINUOUS, Field
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.notes import round_length
from geomdl.viewer.paint import colors_of, plain_color
from geomdl.viewer.scene import Scene

_OUTSIDE = 0.35  # opacity of values outside of what is solid, so that the surface shows through
_INK = 0.02
_SHADE = 0.55  # of isolines beside the colour around them


@dataclass(frozen=True, eq=False)
class _Slice:
    """The solid part of a slice, what lies around it, and the border (S, 2, 3) between them.

    Along lines (T, 2, 3) with their colours (T, 3) the values are round numbers.
    """

    inside: Mesh
    outside: Mesh | None = None
    border: Tensor | None = None
    lines: Tensor | None = None
    ink: Tensor | None = None


def slice_parts(
    scene: Scene,
    item: str,
    root: Hashable,
    field: Field,
    look: Look,
    planes: Sequence[Plane],
    *,
    as_cells: bool,
) -> list[Part]:
    """The slices of a field at all planes, each cut by the other planes.

    as_cells: those of the cells that are shown; else, and for distances, smooth. root: the key of
    the field. Numbers have the colours of the ramp whatever colours the rest.
    """
    parts: list[Part] = []
    smooth = field.smooth is not None and (field.kind in CONTINUOUS or not as_cells)
    make = _smooth if smooth else _of_cells
    limits = number_limits(field, look)
    for number, plane in enumerate(planes):
        others = tuple(p for p in planes if p is not plane)
        about = (look.ramp, look.color, limits, smooth)
        key: Hashable = (root, "slice", plane, others, about)
        made = scene.passing.get(key, partial(make, field, plane, others, look))
        lit = field.numbers is None
        for name, mesh, share in (("in", made.inside, 1.0), ("out", made.outside, _OUTSIDE)):
            if mesh is not None and len(mesh):
                opacity = look.opacity * share
                place = f"{item}/slice {number} {name}"
                whole: Hashable = (key, name, opacity)
                parts.append(Surface(place, item, whole, mesh, lit, opacity=opacity))
        if made.border is not None and len(made.border):
            ink = torch.full((len(made.border), 3), _INK)
            place = f"{item}/slice {number} line"
            parts.append(Lines(place, item, (key, "line"), made.border, ink))
        if made.lines is not None and made.ink is not None and len(made.lines):
            place = f"{item}/slice {number} isolines"
            parts.append(Lines(place, item, (key, "isolines"), made.lines, made.ink, 1.0))
    return parts


def number_limits(field: Field, look: Look) -> tuple[float, float]:
    """The ends of the ramp for the numbers of a grid."""
    chosen = look.limits if look.color_by == "value" else None
    return chosen or field.limits


def _of_cells(field: Field, plane: Plane, others: Sequence[Plane], look: Look) -> _Slice:
    normal, offset = _in_grid(field, plane)
    if field.sites is not None:
        rows = across(field.sites, normal, offset).nonzero()[:, 0]
        cells = field.sites[rows]
    else:
        assert field.shown is not None
        cells = cells_across(field.shape, normal, offset)
        drawn = field.shown[cells.unbind(1)]
        if field.kind == "ternary" and field.numbers is not None:
            drawn = drawn | (field.numbers[field.rows(cells)] == UNKNOWN)
        cells = cells[drawn]
        rows = field.rows(cells)
    points, faces, owner = sections(cells, normal, offset)
    colors = _colors(field, rows, look)[owner]
    points, faces, colors = _cut(field, points, faces, colors, others)
    return _Slice(_mesh(field, plane, points, faces, colors))


def _colors(field: Field, rows: Tensor, look: Look) -> Tensor:
    """Linear colours (M, 3) of cells by their rows (M,)."""
    if field.numbers is not None:
        return colors_of(field.numbers[rows], look, number_limits(field, look))
    if field.colors is not None and look.color_by == "own":
        return field.colors[rows]
    return plain_color(look).expand(len(rows), 3)


def _smooth(field: Field, plane: Plane, others: Sequence[Plane], look: Look) -> _Slice:
    assert field.smooth is not None
    normal, offset = _in_grid(field, plane)
    points, faces = lattice(field.shape, normal, offset)
    points, faces, _ = _cut(field, points, faces, points, others)
    if len(faces) and field.known is not None:
        middle = points[faces].mean(1)
        seen = read_nearest(field.known.float()[None], middle, torch.zeros(3), 1.0)[:, 0] > 0.5
        faces = faces[seen]
    if not len(faces):
        return _Slice(_mesh(field, plane, points[:0], faces, points[:0]))
    values = trilinear(field.smooth[None], points, torch.zeros(3), 1.0)[:, 0]
    limits = number_limits(field, look)
    if field.kind in CONTINUOUS:
        colors = colors_of(values, look, limits)
    elif field.numbers is not None and field.numbers.is_floating_point():
        colors = colors_of(-values, look, limits)
    else:
        colors = plain_color(look).expand(len(points), 3)
    inside = _side(field, plane, points, faces, values, colors, below=True)
    if field.kind not in CONTINUOUS:
        return _Slice(inside)
    outside = _side(field, plane, points, faces, values, colors, below=False)
    border = contour(points, faces, values, field.smooth_level)
    lines, ink = _isolines(points, faces, values, field.smooth_level, look, limits)
    return _Slice(inside, outside, field.world(border), field.world(lines), ink)


def _isolines(
    points: Tensor,
    faces: Tensor,
    values: Tensor,
    level: float,
    look: Look,
    limits: tuple[float, float],
) -> tuple[Tensor, Tensor]:
    """Segments (T, 2, 3) and colours (T, 3) at about 14 round values between the limits."""
    low, high = limits
    step = round_length((high - low) / 10)
    numbers = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    inner = [x for x in numbers if low < x < high and abs(x - level) > 0.1 * step]
    found = [contour(points, faces, values, x) for x in inner]
    colors = colors_of(torch.tensor(inner), look, limits) * _SHADE
    counts = torch.tensor([len(segments) for segments in found], dtype=torch.int64)
    return torch.cat([*found, points.new_zeros(0, 2, 3)]), colors.repeat_interleave(counts, 0)


def _side(
    field: Field,
    plane: Plane,
    points: Tensor,
    faces: Tensor,
    values: Tensor,
    colors: Tensor,
    *,
    below: bool,
) -> Mesh:
    """The part of a slice whose values (P,) are below, or above, the level."""
    # Values stand as positions on a line, so that a cut of that line is a cut by value.
    line = torch.nn.functional.pad(values[:, None], (0, 2))
    sign = 1.0 if below else -1.0
    part = clip_mesh(line, faces, torch.tensor([sign, 0.0, 0.0]), sign * field.smooth_level)
    return _mesh(field, plane, part.at_points(points), part.faces, part.at_points(colors))


def _in_grid(field: Field, plane: Plane) -> tuple[Tensor, float]:
    """The normal (3,) and the offset of a plane in grid coordinates."""
    normal = torch.tensor(plane.normal)
    return normal, (plane.offset - float(normal.double() @ field.origin.double())) / field.cell


def _cut(
    field: Field, points: Tensor, faces: Tensor, values: Tensor, planes: Sequence[Plane]
) -> tuple[Tensor, Tensor, Tensor]:
    """What of a mesh in grid coordinates, with values (P, C), lies within all planes."""
    for plane in planes:
        if not len(faces):
            break
        part = clip_mesh(points, faces, *_in_grid(field, plane))
        points, faces, values = part.points, part.faces, part.at_points(values)
    return points, faces, values


def _mesh(field: Field, plane: Plane, points: Tensor, faces: Tensor, colors: Tensor) -> Mesh:
    normals = torch.tensor(plane.normal).expand(len(points), 3).contiguous()
    return Mesh(field.world(points), faces, normals, colors.contiguous())
