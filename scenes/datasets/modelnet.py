"""ModelNet10 and ModelNet40: household things in 10 or 40 classes (Wu et al. 2015).

Three published layouts, as they unpack under GEOMDL_DATA:
* meshes: ModelNet10/bathtub/train/bathtub_0001.off (or ModelNet40, modelnet10, modelnet40);
* 2048 points: modelnet40_ply_hdf5_2048/ply_data_train0.h5, what `geomdl download modelnet40` gets;
* 10,000 points with normals: modelnet40_normal_resampled/airplane/airplane_0001.txt.

ModelNet40 has 9,843 shapes to train and 2,468 to test (9,840 to train in the HDF5 files).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from geomdl import io, ops
from geomdl.augment import to_unit_sphere
from geomdl.structures import Mesh
from scenes.datasets.cache import Arrays, content_keys, decoded
from scenes.datasets.download import find_folder
from scenes.datasets.h5 import listed, read_h5
from scenes.datasets.point_batches import Augment, Clouds
from scenes.datasets.split import carve

CLASSES10 = (
    "bathtub", "bed", "chair", "desk", "dresser",
    "monitor", "night_stand", "sofa", "table", "toilet",
)  # fmt: skip
CLASSES40 = (
    "airplane", "bathtub", "bed", "bench", "bookshelf", "bottle", "bowl", "car", "chair", "cone",
    "cup", "curtain", "desk", "door", "dresser", "flower_pot", "glass_box", "guitar", "keyboard",
    "lamp", "laptop", "mantel", "monitor", "night_stand", "person", "piano", "plant", "radio",
    "range_hood", "sink", "sofa", "stairs", "stool", "table", "tent", "toilet", "tv_stand", "vase",
    "wardrobe", "xbox",
)  # fmt: skip
CLASSES = {10: CLASSES10, 40: CLASSES40}
FOLDERS = {
    10: (("ModelNet10", "*/train/*.off"), ("modelnet10", "*/train/*.off")),
    40: (
        ("modelnet40", "ply_data_train*.h5"),
        ("modelnet40_ply_hdf5_2048", "ply_data_train*.h5"),
        ("modelnet40_normal_resampled", "modelnet40_train.txt"),
        ("ModelNet40", "*/train/*.off"),
        ("modelnet40", "*/train/*.off"),
    ),
}
PARTS = ("train", "test")
SAMPLES = 2048  # points taken from every mesh, and from the text files


def modelnet(
    classes: int = 40,
    *,
    count: int = 1024,
    normals: bool = False,
    validation: float = 0.1,
    seed: int = 0,
    upright: bool = True,
    augment: Augment | None = None,
) -> Data:
    """Clouds of `count` points (0: all) in the unit sphere, labelled as wholes.

    normals: as features (N, 3). validation: the share of the training shapes that is set aside by
    `seed`. upright: turn what has y up in the files (all but the meshes) so that z is; networks
    that were trained elsewhere want the axes of the files. Raises InputError.
    """
    if classes not in CLASSES:
        raise InputError(f"classes: expected 10 or 40, got {classes}")
    folder = find_folder(f"modelnet{classes}", FOLDERS[classes])
    found, layout, y_up = _found(folder, CLASSES[classes])
    if normals and "train_normal" not in found:
        raise InputError(f"normals: {folder} holds none")
    sets = {part: _clouds(found, part, count, normals) for part in PARTS}
    if upright and y_up:
        sets = {part: _stood(clouds) for part, clouds in sets.items()}
    label, keys = found["train_label"], (found["train_key"], found["test_key"])
    held_count = int(validation * len(label))
    kept, held = carve(label, *keys, held_count, seed)
    train = sets["train"].take(kept)
    train = Clouds(train.values, train.offsets, train.rows, count, augment)
    name = f"ModelNet{classes} ({layout})"
    return Data(train, sets["train"].take(held), sets["test"], CLASSES[classes], name)


def _found(folder: Path, classes: Sequence[str]) -> tuple[dict[str, Tensor], str, bool]:
    """The arrays of whatever layout lies in the folder, its name, and whether y is up in it."""
    if next(folder.glob("*.h5"), None) is not None:
        files = [
            path
            for part in PARTS
            for path in listed(folder, [f"{part}_files.txt"], f"ply_data_{part}*.h5")
        ]
        return decoded("modelnet-h5", files, read_release, by_date=True), "2048 points", True
    stem = f"modelnet{len(classes)}"
    if (folder / f"{stem}_train.txt").exists():
        decode = partial(read_texts, classes=classes)
        files = [
            folder / line.rpartition("_")[0] / f"{line}.txt"
            for part in PARTS
            for line in (folder / f"{stem}_{part}.txt").read_text().split()
        ]
        files = [folder / f"{stem}_{part}.txt" for part in PARTS] + files
        found = decoded(f"{stem}-texts", files, decode, by_date=True)
        return found, "10,000 points with normals", True
    files = sorted(folder.glob("*/train/*.off")) + sorted(folder.glob("*/test/*.off"))
    decode = partial(read_meshes, classes=classes)
    return decoded(f"{stem}-meshes", files, decode, by_date=True), "meshes", False


def read_release(paths: Sequence[Path]) -> Arrays:
    """HDF5 files, those named "test" apart from the others -> arrays of both parts."""
    tests = [path for path in paths if "test" in path.stem]
    arrays: dict[str, np.ndarray] = {}
    for part, files in (("train", [p for p in paths if p not in tests]), ("test", tests)):
        read = [read_h5(path, ("data", "label", "normal")) for path in files]
        names = set.intersection(*(set(one) for one in read)) if read else set()
        if not names:
            raise InputError(f"{paths[0].parent}: expected files of {part}, found none")
        joined = {name: np.concatenate([one[name] for one in read]) for name in names}
        arrays |= _part(part, joined["data"], joined["label"], joined.get("normal"))
    return arrays


def read_texts(paths: Sequence[Path], classes: Sequence[str]) -> Arrays:
    """Two lists, then the files of both: lines "x,y,z,nx,ny,nz" -> arrays of both parts."""
    tests = set(paths[1].read_text().split())
    arrays: dict[str, np.ndarray] = {}
    for part in PARTS:
        files = [path for path in paths[2:] if (path.stem in tests) == (part == "test")]
        rows = np.stack([_table(path)[:SAMPLES] for path in files])
        label = np.array([class_of(path, path.parent.name, classes) for path in files])
        arrays |= _part(part, rows[..., :3], label, rows[..., 3:6])
    return arrays


def read_meshes(paths: Sequence[Path], classes: Sequence[str]) -> Arrays:
    """Files CLASS/train/NAME.off and CLASS/test/NAME.off -> points sampled from the surfaces."""
    arrays: dict[str, np.ndarray] = {}
    for part in PARTS:
        files = [path for path in paths if path.parent.name == part]
        if not files:
            raise InputError(f"expected meshes CLASS/{part}/NAME.off, found none")
        label = np.array([class_of(path, path.parents[1].name, classes) for path in files])
        sampled = [sampled_points(path) for path in files]
        points, normal = (np.stack(values) for values in zip(*sampled, strict=True))
        arrays |= _part(part, points, label, normal)
    return arrays


def sampled_points(path: Path, count: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """A mesh file -> points (count, 3) in the unit sphere, uniform by area, and normals there."""
    mesh = io.load(path)
    if not isinstance(mesh, Mesh):
        raise InputError(f"{path}: expected a mesh with faces, got points alone")
    points, face, _ = ops.sample_surface(mesh.vertices, mesh.faces, count)
    batch = to_unit_sphere({"points": points, "offsets": torch.tensor([0, count])})
    return batch["points"].numpy(), ops.face_normals(mesh.vertices, mesh.faces)[face].numpy()


def class_of(path: Path, name: str, classes: Sequence[str]) -> int:
    """The number of the class `name`. Raises InputError with the file where there is none."""
    if name not in classes:
        raise InputError(f"{path}: expected one of the {len(classes)} classes, got {name!r}")
    return classes.index(name)


def _table(path: Path) -> np.ndarray:
    try:
        rows = np.loadtxt(path, np.float32, delimiter=",", ndmin=2)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected lines x,y,z,nx,ny,nz: {error}") from error
    if rows.shape[1] < 6 or len(rows) < SAMPLES:
        raise InputError(f"{path}: expected {SAMPLES} lines of 6 numbers, got {rows.shape}")
    return rows


def _part(part: str, points: np.ndarray, label: np.ndarray, normal: np.ndarray | None) -> Arrays:
    arrays = {
        f"{part}_points": np.ascontiguousarray(points, np.float32),
        f"{part}_label": label,
        f"{part}_key": content_keys(points),
    }
    if normal is not None:
        arrays[f"{part}_normal"] = np.ascontiguousarray(normal, np.float32)
    return arrays


def _clouds(found: dict[str, Tensor], part: str, count: int, normals: bool) -> Clouds:
    points = found[f"{part}_points"]
    shapes, each = points.shape[:2]
    values = {"points": points.view(-1, 3), "label": found[f"{part}_label"]}
    if normals:
        values["features"] = found[f"{part}_normal"].view(-1, 3)
    return Clouds(values, torch.arange(shapes + 1) * each, torch.arange(shapes), count)


def _stood(clouds: Clouds) -> Clouds:
    """y up to z up: (x, y, z) -> (x, -z, y), points and normals alike."""
    turned = {
        name: stand(value) if name in ("points", "features") else value
        for name, value in clouds.values.items()
    }
    return Clouds(turned, clouds.offsets, clouds.rows, clouds.count)


def stand(points: Tensor) -> Tensor:
    """Rows (N, 3) with y up -> the same turned about x so that z is up."""
    x, y, z = points.unbind(1)
    return torch.stack([x, -z, y], 1)
