"""What colours things: numbers, labels and colours of shapes, their limits and legends."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.posed import PosedImages
from geomdl.ops.differential import point_normals
from geomdl.ops.neighbors import build_tree, nearest_within
from geomdl.ops.raycast import build_bvh, closest_point
from geomdl.render import colormap
from geomdl.render.image import color
from geomdl.render.viewpoint import VIEWS, frame_of
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.structures.srgb import from_srgb
from geomdl.viewer.drawing import Legend
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene, Shape

PLAIN = ("own", "plain", "normal")
COMPUTED = ("height", "depth", "distance")
MOST_ENTRIES = 40  # labels in a legend
TABLE = 65_536  # different labels that a table of colours holds
SAMPLE = 200_000  # numbers from which limits are read
FAR = 1.0e18  # metres; its square is still a float


@dataclass(frozen=True, eq=False)
class Values:
    """Floats (N,), labels (N,) or linear colours (N, 3), by vertex (or point) or by face."""

    values: Tensor
    on_faces: bool = False

    @property
    def labels(self) -> bool:
        """Whether the values are whole numbers, which name things."""
        return not self.values.is_floating_point()


def attributes(scene: Scene, frame: int = 0) -> tuple[str, ...]:
    """What color_by may be for a scene: the computed ones, then the attributes of its shapes."""
    found: dict[str, None] = {}
    solid, grids = 0, 0
    for item in scene.items:
        shape = scene.shape(item.name, frame)
        body = body_of(shape)
        grids += isinstance(shape, VoxelGrid | SparseVoxels)
        if body is not None:
            solid += 1
            named = {**body.attributes, **(body.face_attributes if isinstance(body, Mesh) else {})}
            found.update({name: None for name, value in named.items() if _usable(value)})
    computed = COMPUTED[: 3 if solid and solid + grids > 1 else 2]
    return (*PLAIN, *computed, *(("value",) if grids else ()), *(n for n in found if n != "value"))


def body_of(shape: Shape) -> Mesh | PointCloud | None:
    """The mesh or cloud that a shape is, or the points that came with photographs."""
    if isinstance(shape, PosedImages):
        return shape.points
    return shape if isinstance(shape, Mesh | PointCloud) else None


def values_of(scene: Scene, item: Item, look: Look, view: tuple[Tensor, Tensor]) -> Values | None:
    """What colours an item; None where color_by asks for no numbers or the item has none.

    view: the eye and the direction (3,) of depth.
    """
    by = look.color_by
    if by in PLAIN:
        return None
    frame = scene.frame_of(item, look.frame)
    body = body_of(scene.shape(item.name, frame))
    if body is None:
        return None
    key = ("values", item.name, frame, by, *about(scene, look, view))
    return scene.cache.get(key, lambda: _values(scene, item, body, look, view))


def limits_of(values: Sequence[Tensor]) -> tuple[float, float]:
    """Floats (N,) of several shapes -> the range of their middle 98 percent, from a sample."""
    total = sum(len(v) for v in values)
    step = max(total // SAMPLE, 1)
    every = torch.cat([v[::step].detach().float() for v in values]) if values else torch.empty(0)
    finite = every[every.isfinite()].sort().values
    if len(finite) == 0:
        return 0.0, 1.0
    low, high = (float(finite[i]) for i in (len(finite) // 100, -1 - len(finite) // 100))
    return (low, high) if low < high else (low, low + max(abs(low), 1.0) * 1e-6)


def colors_of(values: Tensor, look: Look, limits: tuple[float, float]) -> Tensor:
    """Floats or labels (N,), or colours (N, 3) -> linear colours (N, 3)."""
    if values.ndim == 2:
        return values
    if not values.is_floating_point():
        low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
        if high - low >= TABLE:
            return colormap.palette(values)
        return colormap.palette(torch.arange(low, high + 1))[values - low]
    steps = torch.linspace(0, 1, 1025)
    table = colormap.ramp(steps, 0.0, 1.0, look.ramp)
    grey = colormap.ramp(torch.tensor([torch.nan]), 0.0, 1.0)
    t = (values.float() - limits[0]) * (1024 / max(limits[1] - limits[0], 1e-30))
    index = torch.where(t.isnan(), 1025.0, t.clamp(0, 1024).round()).int()
    return torch.cat([table, grey])[index]


def ramp_legend(title: str, look: Look, limits: tuple[float, float]) -> Legend:
    """What the colours of numbers mean."""
    return Legend(title, look.ramp, limits)


def label_legend(title: str, found: Sequence[tuple[Item, Tensor]]) -> Legend:
    """What the colours of labels mean: items with the labels (N,) that they show.

    Of too many labels those that occur most are listed.
    """
    counts: dict[int, int] = {}
    names: dict[int, str] = {}
    for item, values in found:
        for label, count in zip(*_counted(values), strict=True):
            counts[label] = counts.get(label, 0) + count
            names.setdefault(label, item.label_names.get(label, str(label)))
    listed = sorted(sorted(counts, key=lambda label: -counts[label])[:MOST_ENTRIES])
    colors = colormap.palette(torch.tensor(listed, dtype=torch.int64)).tolist()
    entries = {
        label: (names[label], (rgb[0], rgb[1], rgb[2]))
        for label, rgb in zip(listed, colors, strict=True)
    }
    return Legend(title, entries=entries, more=len(counts) - len(listed))


def title_of(scene: Scene, look: Look) -> str:
    """The title of the legend."""
    if look.color_by == "distance":
        return f"distance to {target_of(scene, look).name}"
    return look.color_by


def target_of(scene: Scene, look: Look) -> Item:
    """The item to which distances are measured: look.distance_to, or the last of several."""
    if look.distance_to is not None:
        item = scene[look.distance_to]
        if body_of(scene.shape(item.name, look.frame)) is None:
            raise GeometryError(f"distance_to: expected a mesh or a cloud, got {item.name!r}")
        return item
    solid = [i for i in scene.items if body_of(scene.shape(i.name, look.frame)) is not None]
    if not solid or len(scene.items) < 2:
        raise GeometryError("distance_to: expected the name of another mesh or cloud, got None")
    return solid[-1]


def cloud_normals(scene: Scene, name: str, frame: int, cloud: PointCloud) -> Tensor:
    """Unit normals (N, 3) of a cloud: its own, or estimated ones that look away from its middle."""

    def estimate() -> Tensor:
        points = cloud.points.detach().float()
        if len(points) < 3:
            return torch.zeros_like(points)
        middle = (points.amin(0) + points.amax(0)) / 2
        return -point_normals(points, min(12, len(points)), middle)

    if cloud.normals is not None:
        return torch.nn.functional.normalize(cloud.normals.detach().float(), dim=1)
    return scene.cache.get(("cloud normals", name, frame), estimate)


def depth_view(look: Look, low: Tensor, high: Tensor, up: str) -> tuple[Tensor, Tensor]:
    """The eye and the unit direction (3,) along which depth is measured.

    Where the look has no eye: from the front corner, at three times the radius of the box.
    """
    if look.eye is not None and look.target is not None:
        eye, target = torch.tensor(look.eye), torch.tensor(look.target)
    else:
        target = (low + high) / 2
        away = torch.tensor(VIEWS["corner"]) @ frame_of(up)
        eye = target + torch.nn.functional.normalize(away, dim=0) * 1.5 * (high - low).norm()
    return eye, torch.nn.functional.normalize(target - eye, dim=0)


def plain_color(look: Look) -> Tensor:
    """The linear colour (3,) of what has none."""
    return color(look.color)


def _usable(value: Tensor) -> bool:
    return value.ndim == 1 or (value.ndim == 2 and value.shape[1] in (1, 3))


def about(scene: Scene, look: Look, view: tuple[Tensor, Tensor]) -> tuple[object, ...]:
    """What the values depend on besides the shape and color_by, for keys."""
    if look.color_by == "height":
        return (look.up or scene.up,)
    if look.color_by == "depth":
        return tuple(view[0].tolist() + view[1].tolist())
    if look.color_by == "distance":
        target = target_of(scene, look)
        return (target.name, scene.frame_of(target, look.frame))
    return ()


def _values(
    scene: Scene, item: Item, shape: Mesh | PointCloud, look: Look, view: tuple[Tensor, Tensor]
) -> Values | None:
    points = shape.points if isinstance(shape, PointCloud) else shape.vertices
    points = points.detach().float()
    if look.color_by == "height":
        return Values(points @ frame_of(look.up or scene.up)[2])
    if look.color_by == "depth":
        return Values((points - view[0]) @ view[1])
    if look.color_by == "distance":
        target = target_of(scene, look)
        return None if target.name == item.name else Values(_distance(scene, look, points, target))
    on_faces = look.color_by in getattr(shape, "face_attributes", {})
    named = shape.face_attributes if on_faces and isinstance(shape, Mesh) else shape.attributes
    if look.color_by not in named or not _usable(named[look.color_by]):
        return None
    return Values(_simple(named[look.color_by].detach()), on_faces)


def _simple(value: Tensor) -> Tensor:
    """An attribute (N,), (N, 1) or (N, 3) -> floats (N,), labels (N,) or linear colours (N, 3).

    Bytes (N, 3) are sRGB; vectors that leave 0..1 come as their lengths.
    """
    if value.ndim == 2 and value.shape[1] == 3:
        if value.dtype == torch.uint8:
            return from_srgb(torch.linspace(0, 1, 256))[value.int()]
        within = len(value) == 0 or (float(value.min()) >= 0 and float(value.max()) <= 1)
        return value.float() if within else value.float().norm(dim=1)
    flat = value.flatten()
    return flat.float() if flat.is_floating_point() else flat.long()


def _distance(scene: Scene, look: Look, points: Tensor, target: Item) -> Tensor:
    """Metres (N,) from points (N, 3) to the surface, or the nearest point, of the target."""
    frame = scene.frame_of(target, look.frame)
    body = body_of(scene.shape(target.name, frame))
    assert body is not None
    if isinstance(body, Mesh) and len(body):
        vertices, faces = body.vertices.detach().float(), body.faces
        bvh = scene.cache.get(("bvh", target.name, frame), lambda: build_bvh(vertices, faces))
        nearest, _, _ = closest_point(vertices, faces, points, bvh)
        return (points - nearest).norm(dim=1)
    there = body.vertices if isinstance(body, Mesh) else body.points
    there = there.detach().float()
    if len(there) == 0:
        raise GeometryError(f"distance_to: {target.name!r} has no points")
    tree = scene.cache.get(("tree", target.name, frame), lambda: build_tree(there))
    return (points - there[nearest_within(there, points, FAR, tree)]).norm(dim=1)


def _counted(labels: Tensor) -> tuple[list[int], list[int]]:
    """Labels (N,) -> the different ones and how often they occur."""
    if len(labels) == 0:
        return [], []
    low, high = int(labels.min()), int(labels.max())
    if high - low < 1 << 20:
        counts = torch.bincount(labels - low)
        found = counts.nonzero()[:, 0]
        return (found + low).tolist(), counts[found].tolist()
    distinct, counts = labels.unique(return_counts=True)
    return distinct.tolist(), counts.tolist()
