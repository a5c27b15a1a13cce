"""Procedural shape classes with parts: `shape("chair", seed)` is another chair for every seed.

KINDS names the classes; PARTS names the parts of each, whose places in the tuple are the labels.
Every kind is a function of its file that draws proportions from continuous ranges and picks among
styles, so classes vary within and come near to each other (stool and table, mug and vase).
"""

from collections.abc import Callable

import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from scenes.build.draw import Draw
from scenes.build.shapes import seats, tables, vessels
from scenes.build.solid import Pieces

_MAKERS: dict[str, tuple[Callable[[Draw], Pieces], tuple[str, ...]]] = {
    "bed": (seats.bed, ("frame", "mattress", "leg", "pillow")),
    "bottle": (vessels.bottle, ("body", "neck", "cap")),
    "chair": (seats.chair, ("seat", "back", "leg", "arm")),
    "lamp": (tables.lamp, ("base", "pole", "shade")),
    "mug": (vessels.mug, ("body", "handle")),
    "shelf": (tables.shelf, ("frame", "board", "door")),
    "sofa": (seats.sofa, ("seat", "back", "arm", "leg")),
    "stool": (seats.stool, ("seat", "leg")),
    "table": (tables.table, ("top", "leg", "apron")),
    "teapot": (vessels.teapot, ("body", "lid", "spout", "handle")),
    "vase": (vessels.vase, ("body", "foot", "handle")),
}
KINDS: tuple[str, ...] = tuple(_MAKERS)
PARTS: dict[str, tuple[str, ...]] = {kind: parts for kind, (_, parts) in _MAKERS.items()}


def shape(kind: str, seed: int) -> Mesh:
    """A kind of KINDS and a seed -> Mesh with `label`, the part, on vertices (V,) and faces (F,).

    The box about it has its middle at the origin and a longest side of 1; z is up and the front
    looks to -y (what has a long way to go, to +x). Parts are closed and may reach into each
    other. Raises GeometryError.

    >>> shape("chair", 0).attributes["label"].unique().tolist()
    [0, 1, 2]
    """
    if kind not in KINDS:
        raise GeometryError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    maker, names = _MAKERS[kind]
    pieces = maker(Draw(kind, seed))
    points = torch.cat([solid.points for _, solid in pieces])
    low, high = points.amin(0), points.amax(0)
    points = (points - (low + high) / 2) / (high - low).amax()
    faces, first = [], 0
    for _, solid in pieces:
        faces.append(solid.faces + first)
        first += solid.points.shape[0]
    part = torch.tensor([names.index(name) for name, _ in pieces])
    of_points = torch.tensor([solid.points.shape[0] for _, solid in pieces])
    of_faces = torch.tensor([solid.faces.shape[0] for _, solid in pieces])
    return Mesh(
        points,
        torch.cat(faces),
        attributes={"label": part.repeat_interleave(of_points)},
        face_attributes={"label": part.repeat_interleave(of_faces)},
    )
