"""A reconstructed room labelled by a trained network, beside what its places truly are."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.metrics import confusion, iou, label_metrics
from core2d.train.evaluate import evaluating
from core2d.train.runs import open_run, read_run
from geomdl.recipes.find import find
from geomdl.render import save_image, sheet
from geomdl.structures import Camera, Mesh, PointCloud
from geomdl.viewer.compose import compose
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.picture import picture_of
from geomdl.viewer.scene import Item, Scene
from scenes.build.home import S3DIS, SCANNET

NONE = "none of these"
STRIP = 0.3  # of a panel's width, added for the legend


@dataclass(frozen=True)
class Answer:
    """What a run says of a shape: probabilities (N, K) of its points or vertices, the K classes."""

    chances: Tensor
    classes: tuple[str, ...]

    @property
    def label(self) -> Tensor:
        """The likeliest class (N,) int64."""
        return self.chances.argmax(1)

    def shares(self) -> dict[str, float]:
        """The share of the points that each class got, the largest first; none of nothing."""
        counts = self.label.bincount(minlength=len(self.classes)) / max(len(self.chances), 1)
        order = counts.argsort(descending=True, stable=True).tolist()
        return {self.classes[k]: round(float(counts[k]), 4) for k in order if counts[k] > 0}


@dataclass(frozen=True)
class Scores:
    """Against the truth, over all points that are of one of the classes.

    miou: mean over the classes that occur in truth or answer. iou: of each class that the truth
    holds. confidence: mean probability of what was answered. asked: share of the points that count.
    """

    miou: float
    accuracy: float
    class_accuracy: float
    confidence: float
    asked: float
    iou: Mapping[str, float]


def answer(run: Path, shape: Mesh | PointCloud) -> Answer:
    """What the network of a run's folder says of a mesh's vertices or a cloud's points.

    Raises InputError where the run is of another kind.
    """
    trained = open_run(run, find)
    read = getattr(trained.recipe, "read", None)
    if read is None:
        raise InputError(f"{run}: expected a run that reads shapes, got {trained.recipe.__name__}")
    with evaluating(trained.model):
        chances = trained.recipe.predict(trained.model, read(shape, trained.config))
    places = len(shape.vertices) if isinstance(shape, Mesh) else len(shape.points)
    if chances.ndim != 2 or len(chances) != places:
        raise InputError(f"{run}: expected a class per point, got {tuple(chances.shape)}")
    return Answer(chances, tuple(read_run(run)["data"]["classes"]))


def meant(kinds: Sequence[str], classes: Sequence[str]) -> Tensor:
    """Kinds of procedural things -> the class (len(kinds),) of each, VOID where there is none.

    classes: the kinds themselves, ScanNet's or S3DIS's; the latter call all the rest clutter.
    """
    places = {name.replace(" ", ""): number for number, name in enumerate(classes)}
    found = []
    for kind in kinds:
        names = (kind, SCANNET.get(kind, ""), S3DIS.get(kind, ""), "clutter")
        found.append(next((places[name] for name in names if name in places), VOID))
    return torch.tensor(found)


def scores(given: Answer, truth: Tensor) -> Scores:
    """An answer and the true classes (N,), VOID for none -> Scores. Raises InputError for none."""
    known = truth != VOID
    if not bool(known.any()):
        raise InputError("truth: expected points of the network's classes, got none")
    matrix = confusion(given.label, truth, len(given.classes), ignore=VOID)
    each, held = iou(matrix), matrix.sum(1) > 0
    return Scores(
        **label_metrics(matrix),
        confidence=float(given.chances.amax(1)[known].mean()),
        asked=float(known.float().mean()),
        iou={name: float(each[k]) for k, name in enumerate(given.classes) if held[k]},
    )


def drawn(
    shape: Mesh | PointCloud,
    labels: Mapping[str, Tensor | None],
    classes: Sequence[str],
    camera: Camera,
    path: Path,
) -> None:
    """A picture file: a panel for each of `labels` (N,), by title, with a legend of its classes.

    None is a panel in the shape's own colours. What the camera sees gets a strip on its right.
    """
    wide = round((1 + STRIP) * camera.width)
    camera = dataclasses.replace(camera, width=wide)  # more to the right, the same elsewhere
    names = {**dict(enumerate(classes)), VOID: NONE}
    panels = []
    for label in labels.values():
        look = Look(color_by="own" if label is None else "label", sides="front")
        given = {} if label is None else {"label": label.int()}
        told = dataclasses.replace(shape, attributes=given)
        drawing = compose(Scene([Item("room", (told,), label_names=names)]), look)
        panels.append(picture_of(drawing, camera, look, Finish(occlusion=0.5)))
    save_image(path, sheet(panels, list(labels), columns=len(panels)))


def section(run: str, found: Scores, given: Answer) -> str:
    """The part of the demo's report that tells of labels."""
    shares = given.shares()
    lines = "".join(
        f"| {name} | {each:.3f} | {shares.get(name, 0):.1%} |\n" for name, each in found.iou.items()
    )
    return f"""
## What is where

By `{run}`, which learned from simulated scans of other rooms, of another builder. Of the vertices
{found.asked:.1%} belong to one of its classes (ceilings and small things do not); over these:

| mean IoU | accuracy | mean recall | mean confidence |
|---|---|---|---|
| {found.miou:.3f} | {found.accuracy:.1%} | {found.class_accuracy:.1%} | {found.confidence:.1%} |

| class | IoU | share of the answers |
|---|---|---|
{lines}
![labels](labels.png)

`geomdl view labelled.ply --color-by label` shows them.
"""
