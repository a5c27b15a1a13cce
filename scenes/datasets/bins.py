"""Scans as bare binary tables, mmdetection3d's layout: points/, semantic_mask/, instance_mask/.

points/NAME.bin holds float32 x y z red green blue (0 to 255), the masks int64, a row per point.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError


def read_table(path: Path, dtype: str, columns: int) -> np.ndarray:
    """A file of rows (N, columns), little endian. Raises InputError where it is cut off."""
    try:
        values = np.fromfile(path, np.dtype(dtype).newbyteorder("<"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    size = path.stat().st_size
    if size % (np.dtype(dtype).itemsize * columns):
        raise InputError(f"{path}: expected rows of {columns} {dtype}, got {size} bytes")
    return values.reshape(-1, columns)


def read_bins(folder: Path, name: str) -> dict[str, Tensor]:
    """points (N, 3), features (N, 3) sRGB in 0..1, label (N,), instance (N,) where there are such.

    Labels are those of the file. Raises InputError.
    """
    table = read_table(folder / "points" / f"{name}.bin", "f4", 6)
    scan = {"points": table[:, :3].copy(), "features": table[:, 3:] / np.float32(255)}
    for value, kind in (("label", "semantic_mask"), ("instance", "instance_mask")):
        path = folder / kind / f"{name}.bin"
        if not path.exists():
            continue
        scan[value] = read_table(path, "i8", 1)[:, 0]
        if len(scan[value]) != len(table):
            raise InputError(f"{path}: expected {len(table)} rows, got {len(scan[value])}")
    return {key: torch.from_numpy(value) for key, value in scan.items()}


def relabelled(label: Tensor, table: Tensor, where: str) -> Tensor:
    """Labels (N,) of a file -> table[label]; table (K,). Raises InputError for others."""
    if label.numel() and not 0 <= int(label.min()) <= int(label.max()) < len(table):
        low, high = int(label.min()), int(label.max())
        raise InputError(f"{where}: expected labels 0 to {len(table) - 1}, got {low} to {high}")
    return table[label]


def shared_out(groups: list[str], share: float, seed: int) -> set[str]:
    """About that share of the distinct groups, drawn by a seed: none for 0, else at least one."""
    distinct = sorted(set(groups))
    if not 0 <= share < 1:
        raise InputError(f"validation: expected a share of 0 to below 1, got {share}")
    count = max(1, round(share * len(distinct))) if share and len(distinct) > 1 else 0
    order = torch.randperm(len(distinct), generator=torch.Generator().manual_seed(seed))
    return {distinct[i] for i in order[:count].tolist()}
