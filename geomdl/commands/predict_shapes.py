"""Meshes and clouds for a trained network, and what it says of their points as a shape."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core2d.errors import InputError
from core2d.files import save_text
from geomdl.commands.options import Axis, Change

if TYPE_CHECKING:
    from torch import Tensor

    from core2d.train.recipe import Batch
    from geomdl.structures import Mesh, PointCloud


Y_UP = (".glb", ".gltf")  # by these formats' own rule
LEAST_FLOOR = 0.01  # share of the points of a place that stands upright


@dataclass(frozen=True)
class Shapes:
    """Files of shapes as the recipe of a run reads them: recipe.read(shape, config) -> Batch.

    up: which way is up in the files, by default y in glb and gltf and else z. scale: what makes
    metres of their coordinates.
    """

    prepare: "Callable[[Mesh | PointCloud, Any], Batch]"
    config: Any
    up: Axis | None = None
    scale: float = 1.0

    ending = ".ply"

    def read(self, path: Path) -> "Batch":
        """A file -> a batch of one shape, in metres and with z up. Raises InputError."""
        from geomdl.commands.change import moved

        up = self.up or ("y" if path.suffix.lower() in Y_UP else "z")
        change = Change(scale=self.scale, turn_up=(up, "z"))
        return self.prepare(moved(opened(path), change), self.config)

    def write(self, path: Path, target: Path, chances: "Tensor", names: Sequence[str]) -> "Tensor":
        """Probabilities (N, K) of points or vertices -> the shape with its classes, in a file.

        As `save_labelled`. Gives the share (K,) of each class, and warns of a place without a
        floor. Raises InputError where there are not as many points as probabilities.
        """
        save_labelled(target, opened(path), chances, names)
        shares = chances.argmax(1).bincount(minlength=chances.shape[1]) / len(chances)
        if "floor" in names and float(shares[names.index("floor")]) < LEAST_FLOOR:
            warnings.warn(f"{path}: no floor was found; is z up in it (--up)?", stacklevel=2)
        return shares


def opened(path: Path) -> "Mesh | PointCloud":
    """A file -> mesh or cloud. Raises GeometryError, an InputError."""
    from geomdl.io import load
    from geomdl.structures import Mesh, PointCloud

    shape = load(path, drop_nonfinite=True)
    if not isinstance(shape, Mesh | PointCloud):
        raise InputError(f"{path}: expected a mesh or a cloud, got {shape!r}")
    return shape


def save_labelled(
    target: Path, shape: "Mesh | PointCloud", chances: "Tensor", names: Sequence[str]
) -> None:
    """Probabilities (N, K) of a shape's points or vertices -> the shape with its classes, a file.

    It gets attributes `label` and `confidence` and a colour per class; the names of the classes go
    into a text file beside it, where `geomdl view` finds them. A file there is replaced. Raises
    InputError where there are not as many points as probabilities.
    """
    from geomdl.io import save

    shape = labelled(shape, chances)
    target.parent.mkdir(parents=True, exist_ok=True)
    save(target, shape, overwrite=True)
    lines = "".join(f"{number} {name}\n" for number, name in enumerate(names))
    save_text(target.with_suffix(".labels.txt"), lines)


def labelled(shape: "Mesh | PointCloud", chances: "Tensor") -> "Mesh | PointCloud":
    """A shape and probabilities (N, K) of its points or vertices -> the shape in class colours.

    Raises InputError.
    """
    import torch

    from geomdl.commands.predict_pictures import palette
    from geomdl.structures import Mesh
    from geomdl.structures.srgb import from_srgb

    places = len(shape.vertices) if isinstance(shape, Mesh) else len(shape.points)
    if len(chances) != places:
        raise InputError(f"predict: expected a row for each of {places} points, got {len(chances)}")
    confidence, label = chances.max(1)
    colours = from_srgb(torch.from_numpy(palette(chances.shape[1])).float())[label]
    if shape.colors is not None:  # so that the shape is still seen under its classes
        colours = colours * (0.35 + 0.65 * shape.colors.mean(1, keepdim=True).sqrt())
    attributes = {**shape.attributes, "label": label.int(), "confidence": confidence}
    return dataclasses.replace(shape, colors=colours, attributes=attributes)
