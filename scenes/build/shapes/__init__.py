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
from scenes.build.shapes import living, seats, tables, things, vehicles, vessels
from scenes.build.solid import Pieces

_MAKERS: dict[str, tuple[Callable[[Draw], Pieces], tuple[str, ...]]] = {
    "bed": (seats.bed, ("frame", "mattress", "leg", "pillow")),
    "bicycle": (vehicles.bicycle, ("wheel", "frame", "handlebar", "saddle")),
    "boat": (vehicles.boat, ("hull", "cabin", "mast", "sail")),
    "bottle": (vessels.bottle, ("body", "neck", "cap")),
    "car": (vehicles.car, ("body", "cabin", "wheel")),
    "chair": (seats.chair, ("seat", "back", "leg", "arm")),
    "dog": (living.dog, ("body", "head", "leg", "tail")),
    "glasses": (things.glasses, ("rim", "lens", "temple")),
    "guitar": (things.guitar, ("body", "neck", "head")),
    "hammer": (things.hammer, ("handle", "head")),
    "headphones": (things.headphones, ("band", "cup", "pad")),
    "helicopter": (vehicles.helicopter, ("body", "tail", "rotor", "skid")),
    "knife": (things.knife, ("blade", "handle", "guard")),
    "lamp": (tables.lamp, ("base", "pole", "shade")),
    "laptop": (things.laptop, ("base", "screen", "keyboard")),
    "mug": (vessels.mug, ("body", "handle")),
    "person": (living.person, ("head", "torso", "arm", "leg")),
    "plane": (vehicles.plane, ("body", "wing", "tail", "engine")),
    "plant": (living.plant, ("pot", "stem", "leaf")),
    "rocket": (vehicles.rocket, ("body", "nose", "fin", "engine")),
    "shelf": (tables.shelf, ("frame", "board", "door")),
    "skateboard": (things.skateboard, ("deck", "truck", "wheel")),
    "sofa": (seats.sofa, ("seat", "back", "arm", "leg")),
    "stool": (seats.stool, ("seat", "leg")),
    "table": (tables.table, ("top", "leg", "apron")),
    "teapot": (vessels.teapot, ("body", "lid", "spout", "handle")),
    "tree": (living.tree, ("trunk", "crown")),
    "umbrella": (things.umbrella, ("canopy", "shaft", "handle")),
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
