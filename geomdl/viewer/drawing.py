"""What a scene and a look come to: coloured surfaces, dots, lines, photographs, words.

`compose` makes a Drawing; the page and the picture only put it on the screen, so both show the
same. Colours are linear light. Every part has a `name` (unique in the drawing, such as
'bunny/surface 3'), the `item` it belongs to, and a `key`: equal keys are equal contents, so the
page sends again only what has changed.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from geomdl.structures import Camera, Mesh


@dataclass(frozen=True, eq=False)
class Part:
    """What all parts have."""

    name: str
    item: str
    key: Hashable


@dataclass(frozen=True, eq=False)
class Surface(Part):
    """Triangles with the colours they are to have: per vertex, or materials with textures.

    The mesh holds normals, already flat or smooth; lit tells whether light falls on it.
    wireframe: off, over or only. front: only the sides that faces show. opacity in 0..1.
    """

    mesh: Mesh
    lit: bool = True
    wireframe: str = "off"
    front: bool = False
    opacity: float = 1.0


@dataclass(frozen=True, eq=False)
class Dots(Part):
    """Points (N, 3), linear colours (N, 3), a radius in metres; keep (N,) is false for the clipped.

    `place` is the key of the points alone: where only colours or keep differ, it stays.
    normals (N, 3) or None are for light in pictures.
    """

    points: Tensor
    colors: Tensor
    radius: float
    place: Hashable
    keep: Tensor | None = None
    normals: Tensor | None = None
    lit: bool = True


@dataclass(frozen=True, eq=False)
class Lines(Part):
    """Segments (S, 2, 3), linear colours (S, 3), width in pixels."""

    segments: Tensor
    colors: Tensor
    width: float = 1.5


@dataclass(frozen=True, eq=False)
class Photo(Part):
    """A camera as a pyramid `size` metres deep, with its photograph (H, W, 3) sRGB in 0..1.

    The image is small enough to send; None draws the pyramid alone.
    """

    camera: Camera
    size: float
    image: Tensor | None
    color: tuple[float, float, float] = (0.1, 0.1, 0.1)


@dataclass(frozen=True, eq=False)
class Words(Part):
    """Text at a point (3,) of the world."""

    position: Tensor
    text: str


@dataclass(frozen=True, eq=False)
class Legend:
    """What the colours of `title` mean: a ramp with its limits, or labels with names and colours.

    entries: label -> (name, linear colour). more: how many labels were left out.
    """

    title: str
    ramp: str = ""
    limits: tuple[float, float] | None = None
    entries: Mapping[int, tuple[str, tuple[float, float, float]]] = field(default_factory=dict)
    more: int = 0


@dataclass(frozen=True, eq=False)
class Drawing:
    """The parts, the legends, and the corners (3,) of the box around the unclipped items."""

    parts: tuple[Part, ...]
    legends: tuple[Legend, ...]
    low: Tensor
    high: Tensor
    up: str
    background: str
