"""Frames of all lanes in one block of memory, or in a file that is mapped into it."""

import os
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from core2d.errors import InputError


class Frames:
    """L lanes of S slots for frames (*F): written and read by flat slot, lane * S + place.

    With `path` the slots are a file of L * S * bytes of a frame, sparse until it is written; the
    system keeps in memory what fits. A file of this size that is there already is taken over.
    Raises InputError where the machine has less memory than the block needs.
    """

    def __init__(
        self,
        lanes: int,
        slots: int,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        *,
        path: Path | None = None,
    ) -> None:
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)
        full = (lanes * slots, *self.shape)
        self.bytes = int(np.prod(full, dtype=np.int64)) * self.dtype.itemsize
        self.path = path
        self.values: np.ndarray
        if path is None:
            _expect_memory(self.bytes)
            self.values = np.zeros(full, self.dtype)
        else:
            there = path.exists() and path.stat().st_size == self.bytes
            mode: Literal["r+", "w+"] = "r+" if there else "w+"
            self.values = np.memmap(path, self.dtype, mode=mode, shape=full)
        self._lanes = lanes

    def expect(self, count: int, frames: np.ndarray) -> None:
        """Raises InputError where `frames` is not (count, *F)."""
        if frames.shape != (count, *self.shape):
            raise InputError(f"observation: expected {(count, *self.shape)}, got {frames.shape}")

    def write(self, at: np.ndarray, frames: np.ndarray) -> None:
        """Frames (K, *F) to flat slots (K,)."""
        self.values[at] = frames

    def flat(self) -> Tensor:
        """The frames as bytes (L * S, N), no copy."""
        return torch.from_numpy(self.values.reshape(len(self.values), -1)).view(torch.uint8)

    def part(self, slots: int) -> Tensor:
        """A copy (L, slots, *F) of the first slots of every lane."""
        return torch.from_numpy(self._by_lane()[:, :slots].copy())

    def put(self, part: Tensor) -> None:
        """The opposite of `part`."""
        self._by_lane()[:, : part.shape[1]] = part.numpy()

    def flush(self) -> None:
        """Bring a mapped file to the disk: only what changed since the last time is written."""
        if isinstance(self.values, np.memmap):
            self.values.flush()

    def _by_lane(self) -> np.ndarray:
        return self.values.reshape(self._lanes, -1, *self.shape)


def _expect_memory(count: int) -> None:
    # Untouched memory costs nothing, so the process would be killed hours later.
    if not hasattr(os, "sysconf"):
        return
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if count > here:
        raise InputError(
            f"capacity: the frames need {count / 1e9:.1f} GB and the machine has "
            f"{here / 1e9:.1f} GB; give folder= to map them into a file"
        )
