"""What the recipes that label rooms share: scans of unseen rooms, crops, loss, metrics, reading."""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from core2d.losses import VOID, cross_entropy, lovasz
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import crop, drop, elastic, jitter, mirror, recolour, scale, turn
from geomdl.recipes.own_scan import own_scan
from geomdl.recipes.segmentation import measured
from geomdl.structures import Mesh, PointCloud
from scenes.datasets.point_batches import Augment, Prepare, thinned
from scenes.datasets.room_scans import LIKE_SCANNET, room_scans

DATA = "simulated scans of procedural rooms, scannet classes"
CLASSES = LIKE_SCANNET
LIMITS = (
    "Learned from simulated scans of procedural rooms alone: no real scan, no real furniture.",
    "Wants a place indoors in metres, z up to 40 degrees off, in colour, with a point in nearly "
    "every cell of its surfaces; `geomdl predict` turns leaning scans upright, puts points on the "
    "faces of coarse meshes, and warns of the rest.",
    "Ceilings and small things (books, cushions, clothes, rugs) belong to none of the classes; "
    "they are given one of them all the same.",
    "The confidence is the network's own probability and is not calibrated.",
)
TURNS, SHIFT = 8, 0.025  # copies of a user's scan that are asked; metres, half a cell
RARE = 0.5  # weight of the Lovasz loss, which counts rare classes like common ones
THINNEST = 0.4  # share of the points that a scan may lack: real ones are thinner than ours


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at. rooms: in the three sets.

    window: side of the columns that train, metres. most: points of a room that train at once.
    """

    train: Train = Train(
        epochs=10,
        batch=2,
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
    prepare, augment = ways(config.cell, config.window, config.most)
    return room_scans(sizes=config.rooms, prepare=prepare, augment=augment)


def ways(cell: float, window: float, most: int) -> tuple[Prepare, Augment]:
    """What is done with every scan, and with those that train; see `Config`."""
    return partial(prepared, cell=cell), partial(augmented, window=window, most=most)


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
    """A window, thinned, turned, mirrored, scaled, bent, jittered, in other light."""
    batch = crop(batch, generator, size=window, most=most)
    batch = middle(drop(batch, generator, most=THINNEST))
    batch = mirror(turn(batch, generator), generator)
    batch = elastic(scale(batch, generator, low=0.9, high=1.1), generator, cell=0.4, bend=0.08)
    return recolour(jitter(batch, generator, sigma=0.003, limit=0.01), generator)


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Cross entropy over the labelled points, in nats, and RARE of their Lovasz loss."""
    return labelled(scores(model, batch), batch["label"])


def labelled(found: Tensor, label: Tensor) -> Tensor:
    """`loss` of logits (N, classes) and labels (N,)."""
    return cross_entropy(found, label, ignore=VOID) + RARE * lovasz(found, label, ignore=VOID)


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

    Where the batch comes from `read`, one point of each cell is asked, in TURNS copies of the scan
    whose answers are averaged, and the rest of the cell is given its answer.
    """
    if "whose" not in x:
        return torch.softmax(scores(model, x).float(), 1)
    total = torch.zeros(())
    for number in range(TURNS):
        total = total + torch.softmax(scores(model, turned(x, number)).float(), 1)
    return (total / TURNS)[x["whose"]]


def turned(batch: Batch, number: int) -> Batch:
    """Copy `number` of a scan in its middle: turned by so many of TURNS parts of a circle.

    Every other one is mirrored, and by the bits of the number it is moved by half a cell along
    each axis. Copy 0 is the scan itself.
    """
    cosine, sine = math.cos(angle := 2 * math.pi * number / TURNS), math.sin(angle)
    side = -1 if number % 2 else 1
    matrix = torch.tensor([[side * cosine, -side * sine, 0], [sine, cosine, 0], [0, 0, 1]])
    moved = SHIFT * torch.tensor([number >> axis & 1 for axis in range(3)])
    points = batch["points"]
    return {**batch, "points": points @ matrix.to(points).mT + moved.to(points)}


def read(shape: Mesh | PointCloud, config: Config) -> Batch:
    """A mesh's vertices or a cloud, metres, z roughly up -> one point of each cell, and "whose".

    "whose" (P,) is the row of every vertex or point. How a scan is made like those that train, and
    what is warned of: `own_scan`. Raises InputError.
    """
    scan = own_scan(shape, config.cell)
    offsets = torch.tensor([0, len(scan.points)])
    batch = {"points": scan.points, "offsets": offsets, "features": scan.colors}
    return middle(batch) | {"whose": scan.whose}
