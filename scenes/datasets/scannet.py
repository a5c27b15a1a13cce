"""ScanNet v2: 1,513 scans of 707 rooms as coloured meshes, every vertex of 20 classes or void.

Dai et al. 2017. Two published layouts, with the lists scannetv2_train.txt and scannetv2_val.txt
beside them:
* the release: scans/scene0000_00/scene0000_00_vh_clean_2.ply, ..._vh_clean_2.labels.ply and, for
  instances, ..._vh_clean_2.0.010000.segs.json and scene0000_00.aggregation.json (or
  ..._vh_clean.aggregation.json);
* mmdetection3d's binary tables: points/scene0000_00.bin and masks (`bins.py`).

The published validation scans test, as the labels of the test scans are not public.
"""

import json
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.train.recipe import Data
from geomdl import io
from geomdl.structures.srgb import to_srgb
from scenes.datasets.bins import read_bins, relabelled, shared_out
from scenes.datasets.download import find_folder
from scenes.datasets.point_batches import Augment, Prepare, Scans

CLASSES = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf",
    "picture", "counter", "desk", "curtain", "refrigerator", "shower curtain", "toilet", "sink",
    "bathtub", "other furniture",
)  # fmt: skip
NYU40 = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 28, 33, 34, 36, 39)  # of the classes
FOLDERS = (("scannet", "scans/*/*_vh_clean_2.ply"), ("scannet", "points/*.bin"))


def scannet(
    *,
    validation: float = 0.1,
    seed: int = 0,
    folder: str | PathLike[str] | None = None,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
) -> Data:
    """Whole scans: points in metres, z up; features (N, 3) sRGB in 0..1; label (N,), 255 for void.

    validation: the share of the training rooms that is set aside by `seed`, all scans of a room
    together. folder: where the data lie, else they are searched for. Raises InputError.
    """
    root = Path(folder) if folder else find_folder("scannet", FOLDERS)
    train, tests = (listed(root, part) for part in ("train", "val"))
    held = shared_out([room_of(name) for name in train], validation, seed)
    read = partial(read_scan, root)
    return Data(
        Scans(tuple(n for n in train if room_of(n) not in held), read, prepare, augment),
        Scans(tuple(n for n in train if room_of(n) in held), read, prepare),
        Scans(tests, read, prepare),
        CLASSES,
        "ScanNet v2 (its validation scans test)",
    )


def listed(folder: Path, part: str) -> tuple[str, ...]:
    """The scans that scannetv2_PART.txt names. Raises InputError where it is not there."""
    path = folder / f"scannetv2_{part}.txt"
    if not path.exists():
        raise InputError(
            f"{path}: expected the list of scans there; it is in ScanNet's repository on GitHub, "
            "Tasks/Benchmark"
        )
    return tuple(path.read_text().split())


def room_of(name: str) -> str:
    """scene0000_01 -> scene0000."""
    return name.partition("_")[0]


def read_scan(folder: Path, name: str) -> dict[str, Tensor]:
    """A scan -> points (N, 3), features (N, 3), label (N,) and, where known, instance (N,).

    Instances count from 1, with 0 for what belongs to none. Raises InputError.
    """
    if (folder / "points" / f"{name}.bin").exists():
        scan = read_bins(folder, name)
    else:
        scan = read_release(folder / "scans" / name)
    if "label" in scan:
        scan["label"] = relabelled(scan["label"].long(), nyu40_table(), f"{folder}: {name}")
    return scan


def nyu40_table() -> Tensor:
    """NYU40's numbers (41,) -> the 20 classes, 255 for all others."""
    table = torch.full((41,), VOID)
    table[list(NYU40)] = torch.arange(len(CLASSES))
    return table


def read_release(folder: Path) -> dict[str, Tensor]:
    """The files of a scan's folder -> points, features, label by NYU40, instance. InputError."""
    stem = folder / f"{folder.name}_vh_clean_2"
    mesh = io.load(f"{stem}.ply")
    points = mesh.vertices if hasattr(mesh, "vertices") else mesh.points  # type: ignore[union-attr]
    if mesh.colors is None:  # type: ignore[union-attr]
        raise InputError(f"{stem}.ply: expected colours")
    scan = {"points": points, "features": to_srgb(mesh.colors)}  # type: ignore[union-attr]
    labels = Path(f"{stem}.labels.ply")
    if labels.exists():
        found = io.load(labels).attributes.get("label")  # type: ignore[union-attr]
        if found is None or len(found) != len(points):
            raise InputError(f"{labels}: expected a property label of {len(points)} vertices")
        # Some files hold numbers beyond 40, which the benchmark leaves out.
        scan["label"] = torch.where(found > 40, 0, found.long())
    instance = read_instances(folder, len(points))
    return scan if instance is None else {**scan, "instance": instance}


def read_instances(folder: Path, count: int) -> Tensor | None:
    """Segments of vertices and groups of segments -> instance (count,); None without the files."""
    segments = folder / f"{folder.name}_vh_clean_2.0.010000.segs.json"
    choices = [folder / f"{folder.name}{end}.aggregation.json" for end in ("", "_vh_clean")]
    groups = next((path for path in choices if path.exists()), None)
    if groups is None or not segments.exists():
        return None
    try:
        of_vertex = np.array(json.loads(segments.read_text())["segIndices"], np.int64)
        things = json.loads(groups.read_text())["segGroups"]
        known = {part: thing["objectId"] + 1 for thing in things for part in thing["segments"]}
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{segments}: expected segIndices and segGroups: {error!r}") from error
    if len(of_vertex) != count:
        raise InputError(f"{segments}: expected {count} segIndices, got {len(of_vertex)}")
    parts, place = np.unique(of_vertex, return_inverse=True)
    numbers = np.array([known.get(int(part), 0) for part in parts], np.int64)
    return torch.from_numpy(numbers[place])
