"""How a scene is looked at. One Look draws the page and the picture; its fields are the options of
`geomdl view` and `geomdl render`, and the controls of the page."""

import dataclasses
import functools
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, get_type_hints
from urllib.parse import parse_qs, quote, urlsplit

from geomdl.errors import GeometryError
from geomdl.viewer.kinds import fits, words

if TYPE_CHECKING:
    from torch import Tensor  # a command's --help reads Look and does not wait for torch

Shading = Literal["smooth", "flat", "none"]
Wireframe = Literal["off", "over", "only"]
Voxels = Literal["auto", "cells", "surface", "both"]
Ramp = Literal["viridis", "turbo"]
Sides = Literal["auto", "both", "front"]
Vector = tuple[float, float, float]

AXES: dict[str, Vector] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CLIP = re.compile(rf"([xyz]|{_NUMBER}(?:,{_NUMBER}){{2}})\s*([<>])\s*({_NUMBER})(%?)")


@dataclass(frozen=True, kw_only=True)
class Look:
    """Every way to change what is seen. Lengths in the units of the files (metres).

    Lists of fields beside the page: `docs/viewer.md`. Raises GeometryError for values that cannot
    be.
    """

    color_by: str = "own"
    """own (texture, material, colours), plain, normal, height, depth, distance, or the name of an
    attribute of the shape; whole numbers are labels"""
    distance_to: str | None = None
    """with --color-by distance: the item to which distances are measured"""
    color: str = "#cfd2d6"
    """colour of what has none, '#rrggbb'"""
    ramp: Ramp = "viridis"
    """colours of numbers"""
    limits: tuple[float, float] | None = None
    """numbers at the ends of the ramp; the middle 98 percent by default"""
    legend: bool = True
    """the legend of numbers and labels"""
    shading: Shading = "smooth"
    """light on surfaces: smooth, flat (by face) or none"""
    wireframe: Wireframe = "off"
    """edges of faces: off, over the surface, or only them"""
    sides: Sides = "auto"
    """both sides of faces or their front alone; auto opens rooms, whose faces look inwards"""
    opacity: float = 1.0
    """of surfaces, 0..1"""
    point_size: float | None = None
    """diameter of points; by default it closes the gaps"""
    voxels: Voxels = "auto"
    """grids as cells, as their isosurface, or both; auto takes what suits the kind"""
    level: float | None = None
    """value of the isosurface; 0 for signed distances, 0.5 for occupancy by default"""
    slices: bool = True
    """a grid's values where a clip plane cuts it"""
    clip: tuple[str, ...] = ()
    """keep one side of a plane: 'z<1.2', 'x>50%' of the extent, or '0.6,0,0.8<1' for a normal"""
    cameras: bool = True
    """cameras as pyramids"""
    camera_size: float | None = None
    """depth of the pyramids; by default it suits their distances"""
    photos: bool = True
    """the photographs in the pyramids"""
    axes: bool = False
    """x red, y green, z blue at the origin"""
    box: bool = False
    """a box around everything, with its sizes"""
    names: bool = False
    """the names of the items, and of labels, at their places"""
    hide: tuple[str, ...] = ()
    """items that are not drawn"""
    measure: tuple[tuple[float, float, float, float, float, float], ...] = ()
    """distances between two points each, x y z x y z"""
    background: str = "#ffffff"
    """'#rrggbb', or none for a transparent picture"""
    up: str | None = None
    """x, y, z, -x, -y or -z; by default what photos hold upright, y for glb, gltf, obj, else z"""
    frame: int = 0
    """of a sequence, counted from 0"""
    eye: Vector | None = None
    """where the camera stands; by default everything is in the picture"""
    target: Vector | None = None
    """what the camera looks at"""
    fov: float = 40.0
    """of the camera, vertical, in degrees"""

    def __post_init__(self) -> None:
        for name, hint in _hints().items():
            if not fits(getattr(self, name), hint):
                raise GeometryError(
                    f"{name}: expected {words(hint)}, got {getattr(self, name)!r:.80}"
                )
        for name, low, high in (("opacity", 0.0, 1.0), ("fov", 1.0, 160.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise GeometryError(f"{name}: expected {low:g} to {high:g}, got {value}")
        for name in ("point_size", "camera_size"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise GeometryError(f"{name}: expected more than 0, got {value}")
        if self.limits is not None and not self.limits[0] < self.limits[1]:
            raise GeometryError(f"limits: expected low < high, got {self.limits}")
        for name in ("color", "background"):
            value = getattr(self, name)
            if not re.fullmatch("#[0-9a-fA-F]{6}", value) and (name, value) != (
                "background", "none",
            ):  # fmt: skip
                raise GeometryError(f"{name}: expected '#rrggbb', got {value!r}")
        if self.up is not None and self.up.removeprefix("-") not in AXES:
            raise GeometryError(f"up: expected x, y, z, -x, -y or -z, got {self.up!r}")
        if (self.eye is None) != (self.target is None):
            raise GeometryError("eye: expected together with target")
        for text in self.clip:
            _parts(text)

    def planes(self, low: "Tensor", high: "Tensor") -> tuple["Plane", ...]:
        """The clip planes of a scene whose box has the corners low and high (3,)."""
        return tuple(plane(text, low, high) for text in self.clip)

    def replace(self, **changes: Any) -> "Look":
        """The same with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_query(self) -> str:
        """What differs from the defaults, as the part of a link after 'look='."""
        plain = Look()
        differs = {
            f.name: value
            for f in dataclasses.fields(self)
            if (value := getattr(self, f.name)) != getattr(plain, f.name)
        }
        return quote(json.dumps(differs, separators=(",", ":")), safe="") if differs else ""


@functools.cache
def _hints() -> dict[str, Any]:
    """The kind of every field."""
    return get_type_hints(Look)


@dataclass(frozen=True)
class Plane:
    """Keeps the points x with normal . x <= offset; the normal is a unit vector."""

    normal: Vector
    offset: float

    def signed(self, points: "Tensor") -> "Tensor":
        """Points (..., 3) -> metres beyond the plane (...,); what is kept is not positive."""
        import torch

        return points.float() @ torch.tensor(self.normal, device=points.device) - self.offset


def plane(text: str, low: "Tensor", high: "Tensor") -> Plane:
    """'z<1.2' -> Plane; a percentage counts between the lowest and the highest point of the box."""
    import torch

    normal, sign, number, percent = _parts(text)
    corners = torch.cartesian_prod(*torch.stack([low, high], 1).float().cpu())  # (8, 3)
    along = corners @ torch.tensor(normal)
    if percent:
        number = float(torch.lerp(along.min(), along.max(), number / 100))
    x, y, z = normal
    return Plane((sign * x, sign * y, sign * z), sign * number)


def _parts(text: str) -> tuple[Vector, float, float, bool]:
    """The unit normal, 1 for '<' and -1 for '>', the number, and whether it is a percentage."""
    found = _CLIP.fullmatch(text.strip())
    if found is None:
        raise GeometryError(
            f"clip: expected such as 'z<1.2', 'x>50%' or '0.6,0,0.8<1', got {text!r}"
        )
    direction, sign, number, percent = found.groups()
    x, y, z = AXES[direction] if direction in AXES else map(float, direction.split(","))
    length = (x * x + y * y + z * z) ** 0.5
    if not math.isfinite(float(number)):
        raise GeometryError(f"clip: expected a number that is finite, got {text!r}")
    if not 0 < length < float("inf"):
        raise GeometryError(f"clip: expected a normal that is not zero, got {text!r}")
    share = float(number) if percent or direction in AXES else float(number) / length
    unit = (x / length, y / length, z / length)
    return unit, 1.0 if sign == "<" else -1.0, share, bool(percent)


def from_link(link: str, look: Look = Look()) -> Look:
    """A permalink of the page -> `look` changed to what it holds.

    Reads viser's initialCameraPosition, initialCameraLookAt and initialCameraFov (radians), and
    `look`. Raises GeometryError for a link that cannot be understood.
    """
    query = parse_qs(urlsplit(link).query)
    changes: dict[str, Any] = {}
    try:
        if "look" in query:
            changes = dict(json.loads(query["look"][0]))
        for name, field in (("initialCameraPosition", "eye"), ("initialCameraLookAt", "target")):
            if name in query:
                changes[field] = [float(x) for x in query[name][0].split(",")]
        if "initialCameraFov" in query:
            changes["fov"] = float(query["initialCameraFov"][0]) * 180 / math.pi
        return revive(changes, look)
    except (ValueError, TypeError) as error:
        raise GeometryError(f"link: cannot be understood: {error}") from error


def revive(changes: dict[str, Any], look: Look = Look()) -> Look:
    """Fields as JSON holds them (lists for tuples) -> `look` with them. Raises GeometryError."""
    unknown = sorted(set(changes) - set(_hints()))
    if unknown:
        raise GeometryError(f"look: expected fields of Look, got {unknown[0]!r}")
    return look.replace(**{name: _tuple(value) for name, value in changes.items()})


def vector(values: Iterable[SupportsFloat]) -> Vector:
    """Three numbers of a tensor, an array or a list as a Vector."""
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
