"""A file of numbers that change anywhere: written whole once, then only what changed.

The file has the numbers as they were and, behind them, pairs of a place and its new number. When
it has grown to four times the numbers the next one is begun. A state names its file and how much
of it is its own, so what a process wrote before it died does not matter.
"""

import os
from pathlib import Path
from typing import IO

import numpy as np

from core2d.errors import InputError

PAIR = np.dtype([("at", np.int64), ("value", np.float64)])
GROWN = 4  # times the numbers: from there on they are written whole again


class Journal:
    """Files `name`_0, `name`_1 .. in `folder`; those of old states go, see `save`."""

    def __init__(self, folder: Path, name: str, *, spare: int) -> None:
        self.folder, self.name, self._spare = folder, name, spare
        self._file = self._length = -1
        self._last: np.ndarray | None = None
        self._used: dict[int, np.ndarray] = {}  # by file: how many frames there were at its end

    def save(self, values: np.ndarray, written: np.ndarray) -> dict[str, int]:
        """Bring numbers (N,) float64 to the disk -> what `load` needs.

        written (L,): how many frames each lane ever had. Files of states whose frames are gone
        since, `spare` frames later, are removed. `values` is kept: the caller writes elsewhere.
        Raises OSError.
        """
        if self._last is None:
            self._used = dict.fromkeys(self._there(), written.copy())
        changed = None if self._last is None else _pairs(self._last, values)
        whole = values.nbytes
        most = min(whole, GROWN * whole - self._length)
        if changed is None or changed.nbytes > most:
            self._file, self._length, mode, added = self._file + 1, 0, "w+b", values
        else:
            mode, added = "r+b", changed
        with self._path(self._file).open(mode) as file:
            file.seek(self._length)
            _write(file, added)
        self._length += added.nbytes
        self._last, self._used[self._file] = values, written.copy()
        for number, seen in list(self._used.items()):
            if number != self._file and int((written - seen).max()) > self._spare:
                self._path(number).unlink(missing_ok=True)
                del self._used[number]
        return {"file": self._file, "length": self._length}

    def load(self, state: dict[str, int], count: int, written: np.ndarray) -> np.ndarray:
        """The numbers (count,) as they were. Raises InputError where their file is gone."""
        path, length = self._path(state["file"]), state["length"]
        content = path.read_bytes()[:length] if path.exists() else b""
        if len(content) < length:
            raise InputError(f"{path}: holds no priorities of this state")
        values = np.frombuffer(content, np.float64, count).copy()
        pairs = np.frombuffer(content, PAIR, offset=values.nbytes)
        values[pairs["at"]] = pairs["value"]  # of one place the last pair stays
        self._file, self._length, self._last = state["file"], length, values.copy()
        self._used = dict.fromkeys(self._there(), written.copy())
        return values

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}_{number}"

    def _there(self) -> list[int]:
        """Numbers of the files that are in the folder."""
        found = (path.name.removeprefix(f"{self.name}_") for path in self.folder.iterdir())
        return [int(number) for number in found if number.isdigit()]


def _pairs(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where numbers changed, and what they are now."""
    places = np.flatnonzero(before != after)
    pairs = np.empty(len(places), PAIR)
    pairs["at"], pairs["value"] = places, after[places]
    return pairs


def _write(file: IO[bytes], array: np.ndarray) -> None:
    file.write(array.data)
    file.flush()
    os.fsync(file.fileno())
