"""Parts to one mesh: labelled, coloured pieces that are put together and moved."""

import dataclasses
import math
from collections.abc import Sequence

import torch

from geomdl.structures import Mesh, Pose
from scenes.build.paint import Paint, painted
from scenes.build.primitives import COARSE, Detail, box, rounded_box

Vector = tuple[float, float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A coloured mesh and the name of its class."""

    label: str
    mesh: Mesh


def moved(mesh: Mesh, by: Vector, turn: float = 0.0) -> Mesh:
    """Turned about z by radians, then shifted."""
    axis = torch.tensor([0.0, 0.0, float(turn)])
    return mesh.transformed(Pose.from_axis_angle(axis, torch.tensor([float(x) for x in by])))


def tilted(mesh: Mesh, about: Vector) -> Mesh:
    """Turned by an axis-angle vector in radians."""
    return mesh.transformed(Pose.from_axis_angle(torch.tensor(about)))


def block(low: Vector, high: Vector, paint: Paint | torch.Tensor, detail: Detail = COARSE) -> Mesh:
    """Painted box between two corners; patterns start at its middle."""
    size = [b - a for a, b in zip(low, high, strict=True)]
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    return moved(painted(box(size, detail), paint), (x, y, z))


def cushion(
    low: Vector, high: Vector, radius: float, paint: Paint | torch.Tensor, detail: float = 0.05
) -> Mesh:
    """Painted round-edged box between two corners."""
    size = [b - a for a, b in zip(low, high, strict=True)]
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    radius = min(radius, min(size) / 2)
    return moved(painted(rounded_box(size, radius, detail), paint), (x, y, z))


def parts_moved(parts: Sequence[Part], by: Vector, turn: float = 0.0) -> list[Part]:
    """All parts turned about z, then shifted."""
    return [Part(part.label, moved(part.mesh, by, turn)) for part in parts]


def joined(objects: Sequence[Sequence[Part]], names: Sequence[str]) -> Mesh:
    """Objects of parts -> one mesh with (V,) int64 attributes `label` (in names) and `instance`."""
    meshes = []
    for number, parts in enumerate(objects):
        for part in parts:
            count = part.mesh.vertices.shape[0]
            label = torch.full((count,), names.index(part.label), dtype=torch.int64)
            attributes = {"label": label, "instance": torch.full_like(label, number)}
            meshes.append(dataclasses.replace(part.mesh, attributes=attributes))
    return Mesh.concatenate(meshes).merged()


def rectangle_of(parts: Sequence[Part]) -> tuple[float, float, float, float]:
    """x0 y0 x1 y1 of the floor under the parts in metres."""
    x0, y0, _ = torch.stack([part.mesh.bounds[0] for part in parts]).amin(0).tolist()
    x1, y1, _ = torch.stack([part.mesh.bounds[1] for part in parts]).amax(0).tolist()
    return x0, y0, x1, y1


def footprint(parts: Sequence[Part], turn: float = 0.0) -> tuple[float, float]:
    """Size (x, y) in metres of the floor rectangle under the parts after a turn of k x 90 deg."""
    x0, y0, x1, y1 = rectangle_of(parts)
    x, y = x1 - x0, y1 - y0
    return (y, x) if round(turn / (math.pi / 2)) % 2 else (x, y)
