"""Files of the frames or records of a replay, so that a checkpoint writes only those that are new.

Each part of them has a file with a ring per lane: as many as the replay has, and `spare` more. So
those of a state are overwritten only when `spare` more of a lane were saved, and a process that
dies while it saves leaves the state before whole.
"""

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from torch import Tensor

from core2d.errors import InputError
from core2d.files import save_json


def expect_frames(folder: Path, same: bool, more: int, spare: int) -> None:
    """Raises InputError where a folder's frames are not those of a state, or some are gone.

    same: whether the state says so; more: frames of a lane that came after it.
    """
    if not same:
        raise InputError(f"{folder}: holds no frames of this state")
    if more > spare:
        raise InputError(
            f"{folder}: {more} frames of a lane came after this state and {spare} "
            "are spared, so some of its own are gone; save more often, or give more spare"
        )


class Kept:
    """Files `name`_0 .. in `folder`, one for each part: bytes (L * S, N), S = `live` per lane.

    `token` names the replay whose parts they are, "" before the first `save` or `load`. again: how
    many of a lane's newest ones may have changed since they were saved, and are written again; what
    they were at a save its owner knows.
    """

    def __init__(
        self,
        folder: Path,
        parts: Sequence[Tensor],
        *,
        live: int,
        spare: int,
        name: str = "kept",
        again: int = 0,
    ) -> None:
        self.folder, self.name, self.token = folder, name, ""
        self._parts, self._live, self._spare, self._again = parts, live, spare, again
        self._saved: np.ndarray | None = None

    def save(self, written: np.ndarray) -> None:
        """Bring to the disk what is new, given how many each lane ever had (L,).

        Raises OSError.
        """
        self.token = self.token or uuid.uuid4().hex
        # Before the frames: a process that dies in between counts too many, never too few.
        save_json(
            self.folder / f"{self.name}.json", {"token": self.token, "seen": written.tolist()}
        )
        since = np.maximum(0, written - self._live)
        if self._saved is not None:
            since = np.maximum(since, self._saved - self._again)
        for number, part in enumerate(self._parts):
            path = self._path(number)
            with path.open("r+b" if self._saved is not None else "w+b") as file:
                for frames in self._pieces(file, part, since, written):
                    file.write(frames)
                file.flush()
                os.fsync(file.fileno())
        self._saved = written.copy()

    def load(self, written: np.ndarray, token: str) -> None:
        """Fill the parts as they were at `save`. Raises InputError where frames are not there."""
        about = self.folder / f"{self.name}.json"
        known = json.loads(about.read_text()) if about.exists() else {"token": ""}
        same = bool(token) and known["token"] == token
        seen = np.array(known["seen"]) if same else written
        expect_frames(self.folder, same, int((seen - written).max()), self._spare)
        for number, part in enumerate(self._parts):
            path = self._path(number)
            expect_frames(self.folder, path.exists(), 0, 0)
            with path.open("rb") as file:
                since = np.maximum(0, written - self._live)
                for frames in self._pieces(file, part, since, written):
                    expect_frames(self.folder, file.readinto(frames) == frames.nbytes, 0, 0)
        self.token, self._saved = token, written.copy()

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}_{number}"

    def _pieces(
        self, file: IO[bytes], part: Tensor, since: np.ndarray, until: np.ndarray
    ) -> Iterator[memoryview]:
        """Bytes of the frames since..until of every lane, the file at the place of each piece."""
        flat, ring = part.numpy(), self._live + self._spare
        for lane, (first, last) in enumerate(zip(since.tolist(), until.tolist(), strict=True)):
            while first < last:
                here, there = first % self._live, first % ring
                count = min(last - first, self._live - here, ring - there)
                file.seek((lane * ring + there) * flat.shape[1])
                start = lane * self._live + here
                yield flat[start : start + count].reshape(-1).data
                first += count
