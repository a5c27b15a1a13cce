"""MinkUNet18A labels the turns of a laser scanner on a street: SemanticKITTI, sequence 08 tests.

    geomdl fit semantickitti_minkunet18a          many hours on a GPU

Wants the data under GEOMDL_DATA (`scenes.datasets.semantic_kitti` says in which layout). Each cell
of 5 cm holds the remission. Measured on one point of each cell, where others measure on all. Not
run here: what was published stands in REFERENCE, and EXPECT is empty.
"""

from dataclasses import dataclass
from functools import partial

from torch import Generator, nn

from core2d.train.recipe import Batch, Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.augment import crop, mirror, scale, turn
from geomdl.models.minkunet import minkunet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.rooms import loss, metrics, predict, prepared
from scenes.datasets.semantic_kitti import CLASSES, semantic_kitti

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

DATA = "SemanticKITTI, sequence 08 tests"
EXPECT: dict[str, float] = {}
REFERENCE = {
    "miou": Reference(0.631, "MinkUNet-W32, sequence 08: mmdetection3d configs/minkunet README")
}


@dataclass(frozen=True)
class Config:
    """cell: metres of the cubes of which one point each is looked at.

    most: points of a turn that train at once.
    """

    train: Train = Train(
        epochs=15,
        batch=16,
        rate=2e-3,
        optimiser="adamw",
        decay=0.01,
        schedule="one-cycle",
        warmup=0.05,
    )
    cell: float = 0.05
    most: int = 80_000


def data(config: Config) -> Data:
    """Sequences 00 to 10 but 07, which validates, and 08, which tests. Raises InputError."""
    return semantic_kitti(
        prepare=partial(prepared, cell=config.cell),
        augment=partial(augmented, most=config.most),
    )


def augmented(batch: Batch, generator: Generator, most: int) -> Batch:
    """At most so many points of each turn, turned about the vertical, mirrored, scaled."""
    batch = crop(batch, generator, most=most)
    return scale(mirror(turn(batch, generator), generator), generator, low=0.95, high=1.05)


def model(config: Config) -> nn.Module:
    return OnVoxels(minkunet("18A", classes=len(CLASSES), inputs=1, stem=3), config.cell)
