"""S3DIS: 272 rooms of six areas of offices, scanned in colour, every point of 13 classes.

Armeni et al. 2016. Three published layouts:
* the release: Stanford3dDataset_v1.2_Aligned_Version/Area_1/office_1/Annotations/chair_1.txt,
  lines "x y z r g b", a file for each thing;
* PointNet's tables: Area_1_office_1.npy (N, 7), x y z r g b label;
* mmdetection3d's binary tables: points/Area_1_office_1.bin and masks (`bins.py`).

Area 5 tests, as is usual, since it is another building; `test_area` gives the six folds.
"""

import re
from collections.abc import Sequence
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets.bins import read_bins, relabelled, shared_out
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.download import find_folder
from scenes.datasets.point_batches import Augment, Prepare, Scans

CLASSES = (
    "ceiling", "floor", "wall", "beam", "column", "window", "door",
    "table", "chair", "sofa", "bookcase", "board", "clutter",
)  # fmt: skip
TEXTS, TABLES, BINS = "Area_*/*/Annotations/*.txt", "Area_*.npy", "points/Area_*.bin"
FOLDERS = (
    ("Stanford3dDataset_v1.2_Aligned_Version", TEXTS),
    ("s3dis", TEXTS),
    ("s3dis", BINS),
    ("s3dis", TABLES),
    ("stanford_indoor3d", TABLES),
)
_NAME = re.compile(r"Area_([1-6])_.+")


def s3dis(
    *,
    test_area: int = 5,
    validation: float = 0.1,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Whole rooms: points in metres, z up; features (N, 3) sRGB in 0..1; label (N,); instance.

    test_area: the area that tests, 1 to 6. validation: the share of the other areas' rooms that
    is set aside by `seed`. folder: where the data lie, else they are searched for. Raises
    InputError.
    """
    if test_area not in range(1, 7):
        raise InputError(f"test_area: expected 1 to 6, got {test_area}")
    root = Path(folder) if folder else find_folder("s3dis", FOLDERS)
    names = rooms(root)
    tests = tuple(name for name in names if name.startswith(f"Area_{test_area}_"))
    others = [name for name in names if name not in tests]
    held = shared_out(others, validation, seed)
    read = partial(read_room, root)
    train = tuple(name for name in others if name not in held)
    return Data(
        Scans(train, read, prepare, augment),
        Scans(tuple(sorted(held)), read, prepare),
        Scans(tests, read, prepare),
        CLASSES,
        f"S3DIS (test on area {test_area})",
    )


def rooms(folder: Path) -> list[str]:
    """The rooms of a folder in any of the layouts, as "Area_1_office_1". Raises InputError."""
    found = {path.stem for pattern in (TABLES, BINS) for path in folder.glob(pattern)}
    found |= {
        f"{p.parent.parent.name}_{p.parent.name}" for p in folder.glob("Area_*/*/Annotations")
    }
    if wrong := sorted(name for name in found if not _NAME.fullmatch(name)):
        raise InputError(f"{folder}: expected rooms named Area_1_office_1, got {wrong[0]}")
    if not found:
        raise InputError(f"{folder}: expected {TEXTS}, {TABLES} or {BINS}, found none")
    return sorted(found)


def read_room(folder: Path, name: str) -> dict[str, Tensor]:
    """A room -> points (N, 3), features (N, 3), label (N,) and, where known, instance (N,)."""
    if (path := folder / f"{name}.npy").exists():
        table = np.load(path, mmap_mode="r")
        if table.ndim != 2 or table.shape[1] != 7:
            raise InputError(f"{path}: expected a table (N, 7), got {table.shape}")
        scan = {
            "points": torch.from_numpy(np.array(table[:, :3], np.float32)),
            "features": torch.from_numpy(np.array(table[:, 3:6], np.float32) / np.float32(255)),
            "label": torch.from_numpy(np.array(table[:, 6], np.int64)),
        }
    elif (folder / "points" / f"{name}.bin").exists():
        scan = read_bins(folder, name)
    else:
        area, room = name[:6], name[7:]
        files = sorted((folder / area / room / "Annotations").glob("*.txt"))
        found = decoded(f"s3dis-{name}", files, read_texts, by_date=True)
        scan = {**found, "features": found["features"].float() / 255}
    every = torch.arange(len(CLASSES))
    return {**scan, "label": relabelled(scan["label"].long(), every, f"{folder}: {name}")}


def read_texts(paths: Sequence[Path]) -> Arrays:
    """Files CLASS_n.txt, one for each thing -> points, features uint8, label, instance from 1.

    Classes that are not among the 13 (stairs) are clutter. A line of Area 5's hallway 6 has a
    control byte where a blank should be; it is read as one.
    """
    if not paths:
        raise InputError("expected files CLASS_n.txt in the folder Annotations, found none")
    tables, label, instance = [], [], []
    for number, path in enumerate(paths, 1):
        lines = path.read_bytes().replace(b"\x10", b" ").decode("ascii", "replace").splitlines()
        try:
            table = np.loadtxt(lines, np.float32, ndmin=2)
        except ValueError as error:
            raise InputError(f"{path}: expected lines x y z r g b: {error}") from error
        if table.shape[1] != 6:
            raise InputError(f"{path}: expected lines x y z r g b, got {table.shape[1]} numbers")
        kind = path.stem.rpartition("_")[0]
        tables.append(table)
        label.append(CLASSES.index(kind if kind in CLASSES else "clutter"))
        instance.append(number)
    sizes = [len(table) for table in tables]
    whole = np.concatenate(tables)
    return {
        "points": whole[:, :3].copy(),
        "features": whole[:, 3:].round().clip(0, 255).astype(np.uint8),
        "label": np.repeat(np.array(label, np.uint8), sizes),
        "instance": np.repeat(np.array(instance, np.int32), sizes),
    }
