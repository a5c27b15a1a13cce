"""Moving rooms seen by still depth cameras: sequences of frames, every point with its time.

`scenes.build.moving` lets people and dogs walk and furniture be pushed. A network over space and
time gets a whole sequence; one over space alone gets the same frames one by one
(`frames_apart`), so that both see the same points. Made when first asked for, then kept.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_choice
from core2d.offsets import items_of
from core2d.train.order import seed_of
from core2d.train.recipe import Batch, Data
from scenes import build, scan
from scenes.build.moving import moving_room
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.point_batches import Augment, Prepare, Scans
from scenes.datasets.room_scans import SETS, vocabulary_of
from scenes.scan.survey import survey, viewpoints

MOVING = ("still", "moving")


def moving_scans(
    *,
    sizes: Sequence[int] = (40, 5, 10),
    frames: int = 8,
    vocabulary: str = "moving",
    cell: float = 0.05,
    views: int = 6,
    seed: int = 0,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Sequences: points in metres, z up; "time" (N,) int64, the frame; features (N, 3) sRGB.

    label (N,): whether a point belongs to what moves at some time of the sequence ("moving"), or
    a class of `room_scans`' vocabularies. instance (N,). sizes: rooms in the sets, of which no two
    are alike. The cameras stand still, the same for all frames. Raises InputError.
    """
    if len(sizes) != 3 or min(sizes) < 0:
        raise InputError(f"sizes: expected three numbers of rooms, got {tuple(sizes)}")
    classes: tuple[str, ...] = MOVING
    table: Tensor | None = None
    if vocabulary != "moving":
        classes, table = vocabulary_of(vocabulary)
    read = partial(read_sequence, table=table, frames=frames, cell=cell, views=views, seed=seed)
    names = [tuple(f"{part}/{i}" for i in range(n)) for part, n in zip(SETS, sizes, strict=True)]
    return Data(
        Scans(names[0], read, prepare, augment),
        Scans(names[1], read, prepare),
        Scans(names[2], read, prepare),
        classes,
        f"simulated scans of moving rooms, {vocabulary} classes",
    )


def frames_apart(batch: Batch) -> Batch:
    """A packed batch of sequences -> one of single frames, in the order of sequences and times."""
    offsets, time = batch["offsets"], batch["time"]
    frames = int(time.max()) + 1 if len(time) else 1
    order = (items_of(offsets) * frames + time).argsort(stable=True)
    apart = {name: value[order] for name, value in batch.items() if name != "offsets"}
    return {**apart, "offsets": frame_offsets(offsets, time, frames)}


def frame_offsets(offsets: Tensor, time: Tensor, frames: int) -> Tensor:
    """Offsets (B+1,) of sequences, time (N,) -> offsets (B frames + 1,) of their frames."""
    place = items_of(offsets) * frames + time
    counts = torch.bincount(place, minlength=frames * (len(offsets) - 1))
    return torch.nn.functional.pad(counts.cumsum(0), (1, 0))


def read_sequence(
    name: str, *, table: Tensor | None, frames: int, cell: float, views: int, seed: int
) -> dict[str, Tensor]:
    """A sequence "train/0" -> points, time, features, label by `table` or by motion, instance."""
    found = kept_sequence(name, frames, cell, views, seed)
    label = found["moving"] if table is None else table[found["label"].long()]
    return {
        "points": found["points"],
        "time": found["time"].long(),
        "features": found["colors"].float() / 255,
        "label": label.long(),
        "instance": found["instance"].long(),
    }


@cache
def kept_sequence(name: str, frames: int, cell: float, views: int, seed: int) -> dict[str, Tensor]:
    """The tensors of a sequence, mapped from the cache folder; made where they are not there."""
    part, _, number = name.partition("/")
    expect_choice("name", part, SETS)
    folders = [Path(package.__path__[0]) for package in (build, scan)]
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    decode = partial(made, name=name, frames=frames, cell=cell, views=views, seed=seed)
    key = f"moving-scan-{part}-{number}-{seed}-{frames}-{cell:g}-{views}"
    return decoded(key, sources, decode)


def made(
    sources: Sequence[Path], name: str, frames: int, cell: float, views: int, seed: int
) -> Arrays:
    """Furnish the room of a name and a seed, and scan it in every frame."""
    own = seed_of("moving scan", seed, name) % 2**31
    moving = moving_room(own, frames)
    generator = Generator().manual_seed(own)
    poses = viewpoints(moving.room(0), views, generator)
    moves = torch.zeros(len(moving.home.things), dtype=torch.uint8)
    moves[list(moving.poses)] = 1
    parts: dict[str, list[np.ndarray]] = {}
    for frame in range(frames):
        # The same light in every frame, other noise.
        light = Generator().manual_seed(own)
        noise = Generator().manual_seed(seed_of("frame", own, frame))
        found = survey(moving.room(frame), noise, cell=cell, poses=poses, light=light)
        values = {
            "points": found.points,
            "colors": found.colors,
            "label": found.label.to(torch.uint8),
            "instance": found.instance.to(torch.int16),
            "moving": moves[found.instance],
            "time": torch.full((len(found.points),), frame, dtype=torch.uint8),
        }
        for key, value in values.items():
            parts.setdefault(key, []).append(value.numpy())
    return {key: np.concatenate(values) for key, values in parts.items()}
