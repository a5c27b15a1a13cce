"""SemanticKITTI: 43,552 turns of a laser scanner on a driving car, every point of 19 classes.

Behley et al. 2019, on KITTI's odometry sequences: sequences/00/velodyne/000000.bin, float32
x y z remission; sequences/00/labels/000000.label, uint32 with the class in the lower 16 bits and
the instance above. Sequence 08 tests, as the labels of 11 to 21 are not public.
"""

from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.train.recipe import Data
from scenes.datasets.bins import read_table, relabelled
from scenes.datasets.download import find_folder
from scenes.datasets.point_batches import Augment, Prepare, Scans

CLASSES = (
    "car", "bicycle", "motorcycle", "truck", "other vehicle", "person", "bicyclist",
    "motorcyclist", "road", "parking", "sidewalk", "other ground", "building", "fence",
    "vegetation", "trunk", "terrain", "pole", "traffic sign",
)  # fmt: skip
# Numbers of the files for each class; what moves has its own ones, which count as the same.
NUMBERS = (
    (10, 252), (11,), (15,), (18, 258), (13, 16, 20, 256, 257, 259), (30, 254), (31, 253),
    (32, 255), (40, 60), (44,), (48,), (49,), (50,), (51,), (70,), (71,), (72,), (80,), (81,),
)  # fmt: skip
VOIDS = (0, 1, 52, 99)
TRAIN = ("00", "01", "02", "03", "04", "05", "06", "07", "09", "10")
TEST = ("08",)
FOLDERS = (
    ("semantic_kitti", "sequences/*/velodyne/*.bin"),
    ("SemanticKITTI", "sequences/*/velodyne/*.bin"),
    ("semantickitti", "sequences/*/velodyne/*.bin"),
)


def semantic_kitti(
    *,
    validation: Sequence[str] = ("07",),
    folder: str | PathLike[str] | None = None,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Single turns: points in metres about the scanner, z up; features (N, 1) the remission.

    label (N,), 255 for void; instance (N,), 0 for none. validation: training sequences that are
    set aside. folder: where `sequences` lies, else it is searched for. Raises InputError.
    """
    if unknown := sorted(set(validation) - set(TRAIN)):
        raise InputError(f"validation: expected some of {', '.join(TRAIN)}, got {unknown[0]}")
    root = Path(folder) if folder else find_folder("semantic_kitti", FOLDERS)
    read = partial(read_turn, root)
    if not turns(root, (*TRAIN, *TEST)):
        raise InputError(f"{root}: expected sequences/00/velodyne/000000.bin, found none")
    train = turns(root, [name for name in TRAIN if name not in validation])
    return Data(
        Scans(train, read, prepare, augment),
        Scans(turns(root, validation), read, prepare),
        Scans(turns(root, TEST), read, prepare),
        CLASSES,
        "SemanticKITTI (sequence 08 tests)",
    )


def turns(folder: Path, sequences: Sequence[str]) -> tuple[str, ...]:
    """The scans of some sequences as "00/000000", in the order of time."""
    return tuple(
        f"{name}/{path.stem}"
        for name in sequences
        for path in sorted((folder / "sequences" / name / "velodyne").glob("*.bin"))
    )


def read_turn(folder: Path, name: str) -> dict[str, Tensor]:
    """A scan -> points (N, 3), features (N, 1), label (N,), instance (N,). Raises InputError."""
    sequence, _, number = name.partition("/")
    root = folder / "sequences" / sequence
    table = torch.from_numpy(read_table(root / "velodyne" / f"{number}.bin", "f4", 4))
    path = root / "labels" / f"{number}.label"
    words = torch.from_numpy(read_table(path, "u4", 1)[:, 0].astype("i8"))
    if len(words) != len(table):
        raise InputError(f"{path}: expected {len(table)} labels, got {len(words)}")
    label = relabelled(words & 0xFFFF, classes_table(), str(path))
    if bool((label < 0).any()):
        wrong = int((words & 0xFFFF)[label < 0][0])
        raise InputError(f"{path}: class {wrong} is none of SemanticKITTI's")
    points, features = table[:, :3].contiguous(), table[:, 3:].contiguous()
    return {"points": points, "features": features, "label": label, "instance": words >> 16}


def classes_table() -> Tensor:
    """The files' numbers (260,) -> the 19 classes, 255 for void, -1 for numbers there are not."""
    table = torch.full((260,), -1)
    table[list(VOIDS)] = VOID
    for number, own in enumerate(NUMBERS):
        table[list(own)] = number
    return table
