"""Simulated scans of rooms in which people and dogs walk and furniture is pushed: 4D data.

An example is a clip: a few frames, each seen from a few places, all in one cloud whose rows come
frame by frame and say by "time" to which frame they belong. `scenes.build.moving` moves the rooms;
the three sets have rooms that no other set has. Made when first asked for, kept in the cache.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_choice, expect_number
from core2d.train.order import seed_of
from core2d.train.recipe import Data
from scenes import build, scan
from scenes.build.home import LABELS
from scenes.build.moving import moving_room
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.point_batches import Augment, Prepare, Scans
from scenes.datasets.room_scans import LIKE_SCANNET, SETS, vocabulary_of
from scenes.scan.survey import survey

MOVERS = ("person", "dog")
CLASSES = (*LIKE_SCANNET, *MOVERS)
SECONDS = 0.3  # between two frames


def moving_scans(
    *,
    sizes: Sequence[int] = (60, 8, 16),
    frames: int = 4,
    cell: float = 0.05,
    views: int = 6,
    seed: int = 0,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Clips of `frames` frames 0.3 s apart, each seen by `views` views of its own.

    points (N, 3) metres, features (N, 3) sRGB in 0..1, time (N,) frame of each point, ascending,
    label (N,) ScanNet's classes that these rooms have, person and dog; 255 for others. sizes: rooms
    in the sets, one clip of each. Raises InputError.
    """
    if len(sizes) != 3:
        raise InputError(f"sizes: expected three numbers of rooms, got {tuple(sizes)}")
    expect_number("frames", frames, low=2)
    read = partial(read_clip, frames=frames, cell=cell, views=views, seed=seed)
    names = [tuple(f"{part}/{i}" for i in range(n)) for part, n in zip(SETS, sizes, strict=True)]
    return Data(
        Scans(names[0], read, prepare, augment),
        Scans(names[1], read, prepare),
        Scans(names[2], read, prepare),
        CLASSES,
        "simulated scans of moving rooms",
    )


def class_table() -> Tensor:
    """The class (len(LABELS),) of every kind of a room, 255 for none."""
    table = vocabulary_of("scannet")[1].clone()
    for number, name in enumerate(MOVERS):
        table[LABELS.index(name)] = len(LIKE_SCANNET) + number
    return table


def read_clip(name: str, *, frames: int, cell: float, views: int, seed: int) -> dict[str, Tensor]:
    """A clip "train/0" -> points, features, label, time."""
    found = kept_clip(name, frames, cell, views, seed)
    return {
        "points": found["points"],
        "features": found["colors"].float() / 255,
        "label": class_table()[found["label"].long()],
        "time": found["time"].long(),
    }


@cache
def kept_clip(name: str, frames: int, cell: float, views: int, seed: int) -> dict[str, Tensor]:
    """The tensors of a clip, mapped from the cache folder; made where they are not there."""
    part, _, number = name.partition("/")
    expect_choice("name", part, SETS)
    folders = [Path(package.__path__[0]) for package in (build, scan)]
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    decode = partial(made, name=name, frames=frames, cell=cell, views=views, seed=seed)
    key = f"moving-scan-{part}-{number}-{seed}-{frames}-{cell:g}-{views}"
    return decoded(key, [*sources, Path(__file__)], decode)


def made(
    sources: Sequence[Path], name: str, frames: int, cell: float, views: int, seed: int
) -> Arrays:
    """Move and scan the room of a name and a seed."""
    own = seed_of("moving scan", seed, name) % 2**31
    room, generator = moving_room(own, frames, seconds=SECONDS), Generator().manual_seed(own)
    scans = [survey(room.room(t), generator, views=views, cell=cell) for t in range(frames)]
    time = torch.cat([torch.full((len(s.points),), t) for t, s in enumerate(scans)])
    return {
        "points": torch.cat([s.points for s in scans]).numpy(),
        "colors": torch.cat([s.colors for s in scans]).numpy(),
        "label": torch.cat([s.label for s in scans]).to(torch.uint8).numpy(),
        "time": time.to(torch.uint8).numpy(),
    }
