"""Simulated scans of procedural rooms: points, colours, and what every point belongs to.

`scenes.build.home` furnishes a room for every seed, `scenes.scan.survey` looks at it from many
places with a noisy depth camera. The three sets have rooms that no other set has. A scan is made
when it is first asked for, in a few seconds, and kept in the cache folder under a key of the
builders' source and of all numbers that matter.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from core2d.errors import InputError, expect_choice
from core2d.losses import VOID
from core2d.train.order import seed_of
from core2d.train.recipe import Data
from scenes import build, scan
from scenes.build.home import LABELS, S3DIS, SCANNET, furnished_room
from scenes.datasets import s3dis, scannet
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.point_batches import Augment, Prepare, Scans
from scenes.scan.survey import survey

SETS = ("train", "validation", "test")
VOCABULARIES = ("rooms", "scannet", "s3dis")
# ScanNet's classes that these rooms have; the rest would only be void.
LIKE_SCANNET = tuple(name for name in scannet.CLASSES if name.replace(" ", "") in SCANNET.values())
LIKE_S3DIS = (*(name for name in s3dis.CLASSES if name in S3DIS.values()), "clutter")


def room_scans(
    *,
    sizes: Sequence[int] = (120, 15, 30),
    vocabulary: str = "scannet",
    cell: float = 0.03,
    views: int = 24,
    seed: int = 0,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Whole rooms: points in metres, z up, the floor at 0; features (N, 3) sRGB in 0..1.

    label (N,): by `vocabulary` the kinds of `scenes.build.home.LABELS` ("rooms"), or those classes
    of ScanNet or S3DIS that these rooms have, with 255 for what belongs to none of ScanNet's and
    "clutter" for what belongs to none of S3DIS's. instance (N,) from 0. sizes: rooms in the sets.
    cell: metres of the cubes that hold one point each. Raises InputError.
    """
    if len(sizes) != 3 or min(sizes) < 0:
        raise InputError(f"sizes: expected three numbers of rooms, got {tuple(sizes)}")
    classes, table = vocabulary_of(vocabulary)
    read = partial(read_scan, table=table, cell=cell, views=views, seed=seed)
    names = [tuple(f"{part}/{i}" for i in range(n)) for part, n in zip(SETS, sizes, strict=True)]
    return Data(
        Scans(names[0], read, prepare, augment),
        Scans(names[1], read, prepare),
        Scans(names[2], read, prepare),
        classes,
        f"simulated scans of procedural rooms, {vocabulary} classes",
    )


def vocabulary_of(name: str) -> tuple[tuple[str, ...], Tensor]:
    """A vocabulary's name -> its classes, and the class (len(LABELS),) of every kind of a room."""
    expect_choice("vocabulary", name, VOCABULARIES)
    if name == "rooms":
        return LABELS, torch.arange(len(LABELS))
    if name == "scannet":
        places = {c.replace(" ", ""): i for i, c in enumerate(LIKE_SCANNET)}
        found = [places.get(SCANNET.get(label, ""), VOID) for label in LABELS]
        return LIKE_SCANNET, torch.tensor(found)
    found = [LIKE_S3DIS.index(S3DIS.get(label, "clutter")) for label in LABELS]
    return LIKE_S3DIS, torch.tensor(found)


def read_scan(name: str, *, table: Tensor, cell: float, views: int, seed: int) -> dict[str, Tensor]:
    """A scan "train/0" -> points, features, label by `table`, instance."""
    found = kept_scan(name, cell, views, seed)
    return {
        "points": found["points"],
        "features": found["colors"].float() / 255,
        "label": table[found["label"].long()],
        "instance": found["instance"].long(),
    }


@cache
def kept_scan(name: str, cell: float, views: int, seed: int) -> dict[str, Tensor]:
    """The tensors of a scan, mapped from the cache folder; made where they are not there."""
    part, _, number = name.partition("/")
    expect_choice("name", part, SETS)
    folders = [Path(package.__path__[0]) for package in (build, scan)]
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    decode = partial(made, name=name, cell=cell, views=views, seed=seed)
    return decoded(f"room-scan-{part}-{number}-{seed}-{cell:g}-{views}", sources, decode)


def made(sources: Sequence[Path], name: str, cell: float, views: int, seed: int) -> Arrays:
    """Furnish and scan the room of a name and a seed."""
    own = seed_of("room scan", seed, name) % 2**31
    found = survey(furnished_room(own), torch.Generator().manual_seed(own), views=views, cell=cell)
    return {
        "points": found.points.numpy(),
        "colors": found.colors.numpy(),
        "label": found.label.to(torch.uint8).numpy(),
        "instance": found.instance.to(torch.int16).numpy(),
    }
