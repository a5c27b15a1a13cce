"""What is written and drawn around the items: axes, box with sizes, names, measured distances."""

import math
from collections.abc import Hashable

import torch
from torch import Tensor

from geomdl.io.posed import PosedImages
from geomdl.render.viewpoint import frame_of
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.drawing import Lines, Part, Words
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.paint import PLAIN
from geomdl.viewer.scene import Item, Scene, Shape

ITEM = "notes"  # the item of these parts, which is none of the scene
MOST_NAMES = 60  # of labels; of more, the largest
_AXES = torch.tensor([[0.75, 0.02, 0.03], [0.03, 0.5, 0.03], [0.03, 0.1, 0.85]])
_GREY, _MEASURE = (0.2, 0.2, 0.22), (0.9, 0.16, 0.0)


def note_parts(scene: Scene, look: Look, low: Tensor, high: Tensor) -> list[Part]:
    """Lines and words around what is shown, whose box has the corners low and high (3,)."""
    parts: list[Part] = []
    size = float((high - low).norm())
    up = look.up or scene.up
    if look.axes:
        parts += _axes(size)
    if look.box:
        parts += _box(low, high, up)
    if look.names:
        parts += _names(scene, look, up, look.planes(low, high))
    parts += _measures(look, size)
    return parts


def round_length(length: float) -> float:
    """The largest 1, 2 or 5 times a power of ten that is at most `length`.

    >>> round_length(0.37), round_length(7400.0)
    (0.2, 5000.0)
    """
    if not 0 < length < math.inf:
        return 1.0
    power = 10.0 ** math.floor(math.log10(length))
    return float(f"{max(f for f in (1, 2, 5) if f * power <= length * (1 + 1e-9)) * power:.3g}")


def size_text(length: float) -> str:
    """A length with four digits: '1.234', '0.05', '12350'."""
    return f"{float(f'{length:.4g}'):.10g}"


def label_places(points: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3), labels (N,) -> the labels (L,) that occur most, and a point (L, 3) of each.

    The point is one of the label's own, the one closest to their middle.
    """
    found, index, count = labels.unique(return_inverse=True, return_counts=True)
    total = torch.zeros(len(found), 3, dtype=torch.float64)
    middle = total.index_add_(0, index, points.double()) / count[:, None]
    away = (points.double() - middle[index]).square().sum(1)
    least = torch.full((len(found),), torch.inf, dtype=torch.float64)
    least = least.scatter_reduce_(0, index, away, "amin")
    closest = (away == least[index]).nonzero()[:, 0].flip(0)
    row = torch.zeros(len(found), dtype=torch.int64)
    row[index[closest]] = closest
    chosen = count.argsort(descending=True, stable=True)[:MOST_NAMES].sort().values
    return found[chosen], points[row[chosen]]


def _axes(size: float) -> list[Part]:
    length = round_length(size / 4)
    ends = torch.eye(3) * length
    segments = torch.stack([torch.zeros(3, 3), ends], 1)
    words = [
        Words(f"{ITEM}/axis {name}", ITEM, ("axis", name, length), ends[i] * 1.06, name)
        for i, name in enumerate("xyz")
    ]
    return [Lines(f"{ITEM}/axes", ITEM, ("axes", length), segments, _AXES, 3.0), *words]


def _box(low: Tensor, high: Tensor, up: str) -> list[Part]:
    """The edges of the box, and its sizes at three that are seen from the front corner."""
    corners = torch.cartesian_prod(*torch.stack([low, high], 1).cpu().float())  # (8, 3)
    pairs = [(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit]
    segments = corners[torch.tensor(pairs)]
    key: tuple[Hashable, ...] = ("box", *low.tolist(), *high.tolist())
    grey = torch.tensor(_GREY).expand(12, 3).contiguous()
    parts: list[Part] = [Lines(f"{ITEM}/box", ITEM, key, segments, grey, 1.0)]
    middle, half = (low + high).cpu() / 2, (high - low).cpu() / 2
    right, back, top = frame_of(up).unbind(0)
    # right along the bottom at the front, back along the bottom at the right, up at the left
    places = ((right, -back - top), (back, right - top), (top, -right - back))
    for along, side in places:
        axis = int(along.abs().argmax())
        text = f"{'xyz'[axis]} {size_text(2 * float(half[axis]))}"
        position = middle + half * side
        parts.append(Words(f"{ITEM}/size {'xyz'[axis]}", ITEM, (key, up, axis), position, text))
    return parts


def _names(scene: Scene, look: Look, up: str, planes: tuple[Plane, ...]) -> list[Part]:
    """The name above every item, and those of labels where colours show labels."""
    words: list[Part] = []
    for item in scene.items:
        if item.name in look.hide:
            continue
        frame = scene.frame_of(item, look.frame)
        shape = scene.shape(item.name, frame)
        key: Hashable = ("name", item.name, frame, up)
        place = scene.cache.get(key, lambda shape=shape: _above(shape, frame_of(up)[2]))  # type: ignore[misc]
        if place is not None:
            words.append(Words(f"{ITEM}/name {item.name}", item.name, key, place, item.name))
        words += _label_names(scene, item, shape, look, planes)
    return words


def _above(shape: Shape, top: Tensor) -> Tensor | None:
    """The middle (3,) of the upper side of the box around a shape, a little higher."""
    if isinstance(shape, Camera):
        points = shape.centre.reshape(-1, 3)
    elif isinstance(shape, PosedImages):
        points = torch.stack([image.camera.centre for image in shape.images] or [torch.zeros(3)])
    elif isinstance(shape, VoxelGrid):
        points = torch.stack(shape.bounds)
    elif isinstance(shape, SparseVoxels):
        points = torch.cat([shape.coordinates, shape.coordinates + 1]) * shape.stride
    else:
        points = shape.points if isinstance(shape, PointCloud) else shape.vertices
    if not len(points):
        return None
    low, high = (bound.detach().cpu().float() for bound in (points.amin(0), points.amax(0)))
    return (low + high) / 2 + (high - low) * 0.54 * top


def _label_names(
    scene: Scene, item: Item, shape: Shape, look: Look, planes: tuple[Plane, ...]
) -> list[Part]:
    if look.color_by in PLAIN or not isinstance(shape, Mesh | PointCloud):
        return []
    frame = scene.frame_of(item, look.frame)
    key: Hashable = ("label places", item.name, frame, look.color_by)
    places = scene.cache.get(key, lambda: _places(shape, look.color_by))
    if places is None:
        return []
    labels, points = places
    keep = torch.ones(len(labels), dtype=torch.bool)
    for plane in planes:
        keep &= plane.signed(points) <= 0
    words: list[Part] = []
    for label, point in zip(labels[keep].tolist(), points[keep], strict=True):
        name = f"{ITEM}/label {item.name} {label}"
        text = item.label_names.get(label, str(label))
        words.append(Words(name, item.name, (key, label, text), point, text))
    return words


def _places(shape: Mesh | PointCloud, by: str) -> tuple[Tensor, Tensor] | None:
    """Where the names of labels stand, if the attribute holds labels."""
    points = shape.points if isinstance(shape, PointCloud) else shape.vertices
    values = shape.attributes.get(by)
    if isinstance(shape, Mesh) and by in shape.face_attributes:
        values, points = shape.face_attributes[by], points[shape.faces].mean(1)
    if values is None or values.is_floating_point() or values.numel() != len(points):
        return None
    if not len(points):
        return None
    return label_places(points.detach().cpu().float(), values.detach().cpu().long().flatten())


def _measures(look: Look, size: float) -> list[Part]:
    """A line with a cross at both ends, and its length, for every measured distance."""
    parts: list[Part] = []
    arm = torch.eye(3) * 0.006 * size
    for number, numbers in enumerate(look.measure):
        ends = torch.tensor(numbers, dtype=torch.float32).reshape(2, 3)
        crosses = torch.stack([ends[:, None] - arm, ends[:, None] + arm], 2).flatten(0, 1)
        segments = torch.cat([ends[None], crosses])
        colors = torch.tensor(_MEASURE).expand(len(segments), 3).contiguous()
        key = ("measure", numbers, size)
        text = size_text(math.dist(numbers[:3], numbers[3:]))
        name = f"{ITEM}/measure {number}"
        parts.append(Lines(name, ITEM, key, segments, colors, 2.5))
        parts.append(Words(f"{name} text", ITEM, (key, text), ends.mean(0), text))
    return parts
