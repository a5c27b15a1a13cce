"""ShapeNetPart: 16,881 things in 16 categories, every point labelled as one of 50 parts.

Yi et al. 2016. Two published layouts, as they unpack under GEOMDL_DATA:
* 2048 points: shapenet_part/ply_data_train0.h5 ("data", "label": category, "pid": part; also as
  hdf5_data/), what `geomdl download shapenet_part` gets;
* all points with normals: shapenetcore_partanno_segmentation_benchmark_v0_normal/02691156/ID.txt,
  lines "x y z nx ny nz part", with train_test_split/shuffled_train_file_list.json and others.

Parts are numbered through all categories, so a category has a stretch of them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from geomdl.augment import to_unit_sphere
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.download import find_folder
from scenes.datasets.h5 import listed, read_h5
from scenes.datasets.modelnet import stand
from scenes.datasets.point_batches import Augment, Clouds

CATEGORIES = (
    "Airplane", "Bag", "Cap", "Car", "Chair", "Earphone", "Guitar", "Knife",
    "Lamp", "Laptop", "Motorbike", "Mug", "Pistol", "Rocket", "Skateboard", "Table",
)  # fmt: skip
SYNSETS = (
    "02691156", "02773838", "02954340", "02958343", "03001627", "03261776", "03467517", "03624134",
    "03636649", "03642806", "03790512", "03797390", "03948459", "04099429", "04225987", "04379243",
)  # fmt: skip
COUNTS = (4, 2, 2, 4, 4, 3, 3, 2, 4, 2, 6, 2, 3, 3, 3, 3)  # parts of each category
PARTS_OF = tuple(tuple(range(sum(COUNTS[:i]), sum(COUNTS[: i + 1]))) for i in range(16))
PARTS = tuple(
    f"{name.lower()} {part}"
    for name, n in zip(CATEGORIES, COUNTS, strict=True)
    for part in range(n)
)
RELEASE = "ply_data_train*.h5"
TEXTS = "train_test_split/shuffled_train_file_list.json"
FOLDERS = (
    ("shapenet_part", RELEASE),
    ("hdf5_data", RELEASE),
    ("shapenet_part_seg_hdf5_data", RELEASE),
    ("shapenetcore_partanno_segmentation_benchmark_v0_normal", TEXTS),
    ("shapenet_part", TEXTS),
)
SETS = ("train", "val", "test")


def shapenet_part(
    *,
    count: int = 2048,
    normals: bool = False,
    upright: bool = True,
    augment: Augment | None = None,
) -> Data:
    """Clouds of `count` points (0: all) in the unit sphere, the published three sets.

    label (N,): the part of every point; category (B,): what the thing is; `PARTS_OF[category]` are
    the parts that it can have. normals: as features (N, 3), in the text files alone. upright: turn
    what has y up in the files so that z is. `geomdl.metrics.part_iou` judges. Raises InputError.
    """
    folder = find_folder("shapenet_part", FOLDERS)
    texts = (folder / TEXTS).exists()
    if normals and not texts:
        raise InputError(f"normals: {folder} holds none")
    sets = []
    for part in SETS:
        found = _texts(folder, part) if texts else _release(folder, part)
        sets.append(_clouds(found, count, normals, upright))
    train, held, test = sets
    layout = "all points with normals" if texts else "2048 points"
    train = replace(train, augment=augment)
    return Data(train, held, test, PARTS, f"ShapeNetPart ({layout})")


def _release(folder: Path, part: str) -> dict[str, Tensor]:
    files = listed(folder, [f"{part}_hdf5_file_list.txt"], f"ply_data_{part}*.h5")
    return decoded(f"shapenet-part-h5-{part}", files, read_release, by_date=True)


def _texts(folder: Path, part: str) -> dict[str, Tensor]:
    path = folder / "train_test_split" / f"shuffled_{part}_file_list.json"
    try:
        names = [Path(name) for name in json.loads(path.read_text())]
    except (OSError, json.JSONDecodeError) as error:
        raise InputError(f"{path}: expected a JSON list of files: {error}") from error
    files = [folder / name.parent.name / f"{name.stem}.txt" for name in names]
    return decoded(f"shapenet-part-texts-{part}", files, read_texts, by_date=True)


def read_release(paths: Sequence[Path]) -> Arrays:
    """HDF5 files -> points (N, 3), offsets, label (N,), category (B,)."""
    found = []
    for path in paths:
        one = read_h5(path, ("data", "label", "pid"))
        if one.get("pid") is None or one["pid"].shape != one["data"].shape[:2]:
            raise InputError(
                f"{path}: expected pid {one['data'].shape[:2]}, the part of each point"
            )
        found.append(one)
    data, category, parts = (
        np.concatenate([one[name] for one in found]) for name in ("data", "label", "pid")
    )
    offsets = np.arange(len(data) + 1) * data.shape[1]
    return _checked(data.reshape(-1, 3), offsets, parts.reshape(-1), category, str(paths[0].parent))


def read_texts(paths: Sequence[Path]) -> Arrays:
    """Files SYNSET/ID.txt -> points (N, 3), normal (N, 3), offsets, label (N,), category (B,)."""
    rows, category = [], []
    for path in paths:
        if path.parent.name not in SYNSETS:
            raise InputError(f"{path}: expected a folder of {', '.join(SYNSETS)}")
        category.append(SYNSETS.index(path.parent.name))
        try:
            rows.append(np.loadtxt(path, np.float32, ndmin=2))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: expected lines of 7 numbers: {error}") from error
        if rows[-1].shape[1] != 7:
            raise InputError(f"{path}: expected lines of 7 numbers, got {rows[-1].shape[1]}")
    table = np.concatenate(rows)
    offsets = np.cumsum([0, *map(len, rows)])
    parts, where = table[:, 6].astype(np.int64), str(paths[0].parents[1])
    arrays = _checked(table[:, :3].copy(), offsets, parts, np.array(category), where)
    return {**arrays, "normal": table[:, 3:6].copy()}


def _checked(
    points: np.ndarray, offsets: np.ndarray, parts: np.ndarray, category: np.ndarray, where: str
) -> Arrays:
    """The arrays, with every part one of its category's. Raises InputError."""
    if len(category) and not 0 <= category.min() <= category.max() < 16:
        raise InputError(f"{where}: expected categories 0 to 15, got up to {category.max()}")
    first = np.array([p[0] for p in PARTS_OF])[category]
    last = np.array([p[-1] for p in PARTS_OF])[category]
    sizes = np.diff(offsets)
    low, high = np.repeat(first, sizes), np.repeat(last, sizes)
    if (wrong := (parts < low) | (parts > high)).any():
        at = int(wrong.argmax())
        raise InputError(
            f"{where}: expected parts {low[at]} to {high[at]} of a {PARTS[low[at]].split()[0]}, "
            f"got {parts[at]}"
        )
    return {
        "points": points.astype(np.float32),
        "offsets": offsets,
        "label": parts.astype(np.uint8),
        "category": category,
    }


def _clouds(found: dict[str, Tensor], count: int, normals: bool, upright: bool) -> Clouds:
    batch = to_unit_sphere({"points": found["points"], "offsets": found["offsets"]})
    values = {"points": batch["points"], "label": found["label"], "category": found["category"]}
    if normals:
        values["features"] = found["normal"]
    for name in ("points", "features"):
        if upright and name in values:
            values[name] = stand(values[name])
    shapes = torch.arange(len(found["category"]))
    return Clouds(values, found["offsets"], shapes, count)
