"""Arrays of HDF5 files, the layout of the releases of PointNet's authors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core2d.errors import InputError


def read_h5(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Those of `names` that the file holds. Raises InputError where it is no such file.

    "data" (N, P, 3) becomes float32, "label" (N, 1) int64 (N,); lengths must be equal.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(f"{path}: HDF5 files need h5py: pip install h5py") from error
    try:
        with h5py.File(path, "r") as file:
            found = {name: np.asarray(file[name]) for name in names if name in file}
    except OSError as error:
        raise InputError(f"{path}: expected an HDF5 file: {error}") from error
    data, label = found.get("data"), found.get("label")
    if data is None or label is None or data.ndim != 3 or data.shape[2] != 3:
        shapes = {name: value.shape for name, value in found.items()}
        raise InputError(f"{path}: expected data (N, P, 3) and label (N,), got {shapes}")
    found |= {"data": data.astype(np.float32), "label": label.reshape(-1).astype(np.int64)}
    if short := [name for name, value in found.items() if len(value) != len(data)]:
        raise InputError(
            f"{path}: expected {len(data)} rows of {short[0]}, got {len(found[short[0]])}"
        )
    return found


def listed(folder: Path, lists: Sequence[str], pattern: str) -> list[Path]:
    """The files that a list in `folder` names, whatever folder it puts them in, else the pattern's.

    Raises InputError for names of files that are not there, and where there is none.
    """
    for name in lists:
        if (path := folder / name).exists():
            files = [folder / Path(line.strip()).name for line in path.read_text().split()]
            if absent := [file for file in files if not file.exists()]:
                raise InputError(f"{path}: expected {absent[0].name} beside it, as it says")
            return files
    files = sorted(folder.glob(pattern))
    if not files:
        raise InputError(f"{folder}: expected {pattern} or a list {lists[0]}, found none")
    return files
