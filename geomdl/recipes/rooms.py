"""What the recipes that label rooms share: scans of unseen rooms, crops, loss, metrics, reading."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from core2d.losses import VOID, cross_entropy
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import crop, elastic, jitter, mirror, recolour, scale, turn
from geomdl.ops import voxelize
from geomdl.recipes.segmentation import measured
from geomdl.structures import Mesh, PointCloud
from geomdl.structures.srgb import to_srgb
from scenes.datasets.point_batches import thinned
from scenes.datasets.room_scans import LIKE_SCANNET, room_scans

DATA = "simulated scans of procedural rooms, scannet classes"
CLASSES = LIKE_SCANNET


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at. rooms: in the three sets.

    window: side of the columns that train, metres. most: points of a room that train at once.
    """

    train: Train = Train(
        epochs=10,
        batch=4,
        rate=3e-3,
        decay=1e-3,
        schedule="one-cycle",
        warmup=0.1,
    )
    cell: float = 0.05
    rooms: tuple[int, int, int] = (120, 5, 30)
    window: float = 4.0
    most: int = 10_000


def data(config: Config) -> Data:
    """Rooms thinned to one point a cell; windows of them train, whole ones are tested."""
    return room_scans(
        sizes=config.rooms,
        prepare=partial(prepared, cell=config.cell),
        augment=partial(augmented, window=config.window, most=config.most),
    )


def prepared(batch: Batch, cell: float) -> Batch:
    """One point a cell, the middle of x and y at the origin."""
    return middle(thinned(batch, cell))


def middle(batch: Batch) -> Batch:
    """Each cloud with the middle of its points' box in x and y at the origin."""
    points = batch["points"].clone()
    for own in points.split(batch["offsets"].diff().tolist()):
        if len(own):
            own[:, :2] -= (own[:, :2].amin(0) + own[:, :2].amax(0)) / 2
    return {**batch, "points": points}


def augmented(batch: Batch, generator: Generator, window: float, most: int) -> Batch:
    """A window, turned, mirrored, scaled, bent, jittered, in other light."""
    batch = middle(crop(batch, generator, size=window, most=most))
    batch = mirror(turn(batch, generator), generator)
    batch = elastic(scale(batch, generator, low=0.9, high=1.1), generator, cell=0.4, bend=0.08)
    return recolour(jitter(batch, generator, sigma=0.003, limit=0.01), generator)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross entropy over the labelled points, in nats."""
    return cross_entropy(scores(model, batch), batch["label"], ignore=VOID)


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Over all labelled points of the set: mean IoU of the classes, accuracy, mean recall."""
    return measured(partial(scores, model), examples, 1)


def scores(model: nn.Module, batch: Batch) -> Tensor:
    """A packed batch -> logits (N, classes) of its points."""
    return model(batch["points"], batch["offsets"], centred(batch["features"]))


def centred(colours: Tensor) -> Tensor:
    """sRGB colours (N, 3) in 0..1 -> about -1 to 1."""
    return 2 * colours - 1


def predict(model: nn.Module, x: Batch) -> Tensor:
    """A packed batch -> probabilities (N, classes) of its points.

    Where the batch comes from `read`, one point of each cell is asked and the rest of the cell is
    given its answer.
    """
    chances = torch.softmax(scores(model, x).float(), 1)
    return chances[x["whose"]] if "whose" in x else chances


def read(shape: Mesh | PointCloud, config: Config) -> Batch:
    """A mesh's vertices or a cloud, metres, z up -> one point of each cell, and "whose" (P,) it is.

    Without colours all is grey.
    """
    cloud = shape.point_cloud() if isinstance(shape, Mesh) else shape
    points = cloud.points.float().clone()
    low = points[:, 2].kthvalue(1 + len(points) // 200).values  # the floor, but for stray points
    points[:, 2] -= low
    colours = torch.full_like(points, 0.5) if cloud.colors is None else to_srgb(cloud.colors)
    cells = voxelize(points, config.cell)
    first = cells.first
    offsets = torch.tensor([0, len(first)])
    batch = {"points": points[first], "offsets": offsets, "features": colours[first].float()}
    return middle(batch) | {"whose": cells.inverse}
