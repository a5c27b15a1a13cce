"""Bare binary tables, written here and real."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from scenes.datasets import bins


def table(folder: Path, name: str, count: int, label: np.ndarray | None = None) -> np.ndarray:
    """Write a scan of mmdetection3d's layout -> its rows."""
    rng = np.random.default_rng(count)
    rows = np.c_[rng.random((count, 3)) * 4, rng.integers(0, 256, (count, 3))].astype(np.float32)
    for kind, values in (("points", rows), ("semantic_mask", label), ("instance_mask", label)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        if values is not None:
            values = values if kind == "points" else values.astype(np.int64)
            (folder / kind / f"{name}.bin").write_bytes(values.tobytes())
    return rows


def test_rows_colours_and_masks(tmp_path: Path) -> None:
    rows = table(tmp_path, "a", 7, np.arange(7))
    scan = bins.read_bins(tmp_path, "a")
    assert np.array_equal(scan["points"].numpy(), rows[:, :3])
    assert np.allclose(scan["features"].numpy() * 255, rows[:, 3:])
    assert scan["label"].tolist() == scan["instance"].tolist() == list(range(7))
    table(tmp_path, "b", 3)
    assert set(bins.read_bins(tmp_path, "b")) == {"points", "features"}


def test_what_is_wrong_is_told_with_the_file(tmp_path: Path) -> None:
    table(tmp_path, "a", 7, np.arange(6))
    with pytest.raises(InputError, match=r"semantic_mask/a.bin: expected 7 rows, got 6"):
        bins.read_bins(tmp_path, "a")
    (tmp_path / "points" / "a.bin").write_bytes(b"x" * 25)
    with pytest.raises(InputError, match=r"points/a.bin: expected rows of 6 f4, got 25 bytes"):
        bins.read_bins(tmp_path, "a")
    with pytest.raises(InputError, match="No such file"):
        bins.read_table(tmp_path / "none.bin", "f4", 4)
    with pytest.raises(InputError, match="here: expected labels 0 to 2, got 1 to 3"):
        bins.relabelled(torch.tensor([1, 3]), torch.zeros(3), "here")


def test_shares_are_drawn_by_groups_and_seeds() -> None:
    groups = [f"room{i % 20}" for i in range(50)]
    one, again, other = (bins.shared_out(groups, 0.2, seed) for seed in (0, 0, 1))
    assert one == again != other
    assert len(one) == 4
    assert bins.shared_out(groups, 0.0, 0) == set()
    assert len(bins.shared_out(groups, 0.01, 0)) == 1
    assert bins.shared_out(["only"], 0.5, 0) == set()
    with pytest.raises(InputError, match="validation: expected a share"):
        bins.shared_out(groups, 1.0, 0)
