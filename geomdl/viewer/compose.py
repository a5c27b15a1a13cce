"""A scene and a look -> a Drawing. All that is computed is kept in the scene's cache."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.posed import PosedImages
from geomdl.render import colormap
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.cameras import camera_parts
from geomdl.viewer.drawing import Dots, Drawing, Legend, Part
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.notes import note_parts
from geomdl.viewer.paint import (
    PLAIN,
    Values,
    about,
    attributes,
    body_of,
    cloud_normals,
    colors_of,
    depth_view,
    label_legend,
    limits_of,
    plain_color,
    ramp_legend,
    title_of,
    values_of,
)
from geomdl.viewer.pointsize import radius_of
from geomdl.viewer.scene import Item, Scene, Shape
from geomdl.viewer.surfaces import surface_parts, wears_plain
from geomdl.viewer.voxels import voxel_parts


@dataclass(frozen=True, eq=False)
class Colouring:
    """What colours the shown items: values by item, the limits they share, and the legends."""

    values: dict[str, Values]
    limits: tuple[float, float] | None
    legends: tuple[Legend, ...]
    key: Hashable

    def key_of(self, item: Item, shape: Mesh | PointCloud, look: Look) -> Hashable:
        """What the colours of an item depend on."""
        if item.name in self.values:
            return self.key
        own = look.color_by in ("own", "normal")
        if isinstance(shape, Mesh) and len(shape):
            plain = wears_plain(shape, look)
        else:
            plain = look.color_by != "normal" and not (own and shape.colors is not None)
        return (look.color_by if own else "plain", look.color if plain else None)


def compose(scene: Scene, look: Look) -> Drawing:
    """Scene, Look -> Drawing. Safe from many threads; equal arguments give equal keys.

    Limits of numbers are those of the first frame of what is shown, so that colours stay while
    things move. Depth is measured from look.eye; a picture from elsewhere needs its own drawing.
    Raises GeometryError for items and attributes that are not there.
    """
    for name in look.hide:
        scene[name]
    shown = [item for item in scene.items if item.name not in look.hide]
    low, high = box_of(scene, shown, look.frame)
    planes = look.planes(low, high)
    view = depth_view(look, low, high, look.up or scene.up)
    colouring = _colouring(scene, shown, look, view)
    parts: list[Part] = []
    legends = list(colouring.legends)
    for item in shown:
        shape = scene.shape(item.name, look.frame)
        if isinstance(shape, VoxelGrid | SparseVoxels):
            limits = colouring.limits
            cells, found = voxel_parts(
                scene, item.name, shape, look, planes, limits=limits, view=view
            )
            parts += cells
            titles = {legend.title for legend in legends}
            legends += [legend for legend in found if legend.title not in titles]
        else:
            parts += _parts(scene, item, shape, look, planes, colouring)
        if isinstance(shape, PosedImages | Camera):
            extent = float((high - low).norm())
            parts += camera_parts(scene, item.name, shape, look, extent=extent)
    parts += note_parts(scene, look, low, high)
    return Drawing(
        tuple(parts),
        tuple(legends) if look.legend else (),
        low,
        high,
        look.up or scene.up,
        look.background,
    )


def box_of(scene: Scene, items: Sequence[Item], frame: int) -> tuple[Tensor, Tensor]:
    """The corners (3,) of the box around items, not clipped; the unit cube around nothing."""
    corners = []
    for item in items:
        number = scene.frame_of(item, frame)
        shape = scene.shape(item.name, number)
        key = ("box", item.name, number)
        points = scene.cache.get(key, lambda shape=shape: _corners(shape))  # type: ignore[misc]
        corners.append(points)
    every = torch.cat(corners) if corners else torch.empty(0, 3)
    if len(every) == 0:
        return torch.zeros(3), torch.ones(3)
    return every.amin(0), every.amax(0)


def _corners(shape: Shape) -> Tensor:
    """A shape -> the corners (2, 3) of its box, (0, 3) for one without points."""
    if isinstance(shape, Mesh):
        points = shape.vertices.detach().float()
        if len(shape):
            used = torch.zeros(len(points), dtype=torch.bool)
            used[shape.faces.flatten()] = True
            points = points if bool(used.all()) else points[used]
    elif isinstance(shape, PointCloud):
        points = shape.points.detach().float()
    elif isinstance(shape, VoxelGrid):
        return torch.stack(shape.bounds).detach().float()
    elif isinstance(shape, SparseVoxels):
        cells = shape.coordinates.float()
        points = torch.cat([cells, cells + 1])[:, :3] * shape.stride
    elif isinstance(shape, Camera):
        points = shape.centre.detach().float().reshape(-1, 3)
    else:
        centres = [image.camera.centre.detach().float() for image in shape.images]
        seen = shape.points.points.float() if shape.points is not None else torch.empty(0, 3)
        points = torch.cat([torch.stack(centres) if centres else torch.empty(0, 3), seen])
    if len(points) == 0:
        return points
    return torch.stack([points.amin(0), points.amax(0)])


def _colouring(
    scene: Scene, shown: Sequence[Item], look: Look, view: tuple[Tensor, Tensor]
) -> Colouring:
    by = look.color_by
    if by in PLAIN:
        return Colouring({}, None, (), None)
    found = {item.name: values_of(scene, item, look, view) for item in shown}
    values = {name: value for name, value in found.items() if value is not None}
    if not values and shown and by not in attributes(scene, look.frame):
        there = ", ".join(attributes(scene, look.frame))
        raise GeometryError(f"color_by: expected one of {there}, got {by!r}")
    numbers = {n: v for n, v in values.items() if not v.labels and v.values.ndim == 1}
    labels = [(scene[n], v.values) for n, v in values.items() if v.labels]
    limits, legends = None, []
    if numbers:
        first = look.replace(frame=0)
        start = [values_of(scene, scene[name], first, view) for name in numbers]
        low, high = limits_of([v.values for v in start if v is not None])
        limits = look.limits or (0.0 if by == "distance" and high > 0 else low, high)
        legends.append(ramp_legend(title_of(scene, look), look, limits))
    if labels:
        legends.append(label_legend(title_of(scene, look), labels))
    frames = look.frame if by == "distance" and scene.frame_count > 1 else 0
    key = (by, look.ramp, limits, *about(scene, look, view), frames)
    return Colouring(values, limits, tuple(legends), key)


def _parts(
    scene: Scene,
    item: Item,
    shape: Shape,
    look: Look,
    planes: tuple[Plane, ...],
    colouring: Colouring,
) -> Sequence[Part]:
    if isinstance(shape, Mesh) and len(shape):
        values, key = colouring.values.get(item.name), colouring.key_of(item, shape, look)
        return surface_parts(scene, item.name, look, planes, values, colouring.limits, key)
    body = body_of(shape)
    if body is None:
        return []
    cloud = body.point_cloud() if isinstance(body, Mesh) else body
    return _dots(scene, item, cloud, look, planes, colouring)


def _dots(
    scene: Scene,
    item: Item,
    cloud: PointCloud,
    look: Look,
    planes: tuple[Plane, ...],
    colouring: Colouring,
) -> Sequence[Dots]:
    """The points of a cloud in their colours, with what the planes keep."""
    if len(cloud) == 0:
        return []
    frame = scene.frame_of(item, look.frame)
    place = ("points", item.name, frame)
    points = scene.cache.get(place, lambda: cloud.points.detach().float().contiguous())
    values = colouring.values.get(item.name)
    worn = (place, colouring.key_of(item, cloud, look))

    def paint() -> Tensor:
        if values is not None:
            return colors_of(values.values, look, colouring.limits or (0.0, 1.0))
        if look.color_by == "normal":
            normals = cloud_normals(scene, item.name, frame, cloud)
            return colormap.of_normals(normals).clamp(0, 1)
        if look.color_by == "own" and cloud.colors is not None:
            return cloud.colors.detach().float().clamp(0, 1)
        return plain_color(look).expand(len(points), 3)

    def kept() -> Tensor:
        keep = planes[0].signed(points) <= 0
        for plane in planes[1:]:
            keep &= plane.signed(points) <= 0
        return keep

    colors = scene.passing.get(("painted", worn), paint)
    keep = scene.passing.get(("keep", place, planes), kept) if planes else None
    if keep is not None and not bool(keep.any()):
        return []
    if look.point_size is None:
        radius = scene.cache.get(("radius", place), lambda: radius_of(points))
    else:
        radius = look.point_size / 2
    normals = None if cloud.normals is None else cloud.normals.detach().float()
    lit = look.shading != "none"
    key = (worn, planes, radius, lit)
    return [
        Dots(f"{item.name}/points", item.name, key, points, colors, radius, place, keep, normals,
             lit)
    ]  # fmt: skip
