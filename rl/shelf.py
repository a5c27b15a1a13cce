"""What a replay leaves in a folder, so that a checkpoint writes only what is new.

Frames and records come one after the other and never change but for the newest record, so each
has a ring of them on the disk (`rl.kept`). Priorities change anywhere (`rl.journal`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rl.journal import Journal
from rl.kept import Kept


class Shelf:
    """The files of one replay in `folder`.

    frames: of each part, bytes (L * slots, N), none where they are in mapped files. record: bytes
    (L * ring, 24). spare: how many frames of a lane may come before a state is lost.
    """

    def __init__(
        self,
        folder: Path,
        frames: Sequence[Tensor],
        record: Tensor,
        *,
        slots: int,
        ring: int,
        spare: int,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._frames = Kept(folder, frames, live=slots, spare=spare) if frames else None
        # `close` still sets a flag of the record that was the newest at the save before.
        self._records = Kept(folder, [record], live=ring, spare=spare, name="records", again=1)
        self._journal = Journal(folder, "priorities", spare=spare)

    def save(
        self, written: np.ndarray, taken: np.ndarray, values: np.ndarray | None
    ) -> dict[str, Any]:
        """Bring to the disk what is new -> what `load` needs.

        written, taken (L,): frames and records that each lane ever had. values: priorities, which
        are kept. Raises OSError.
        """
        if self._frames is not None:
            self._frames.save(written)
        self._records.save(taken)
        return {
            "frames": "" if self._frames is None else self._frames.token,
            "records": self._records.token,
            "values": None if values is None else self._journal.save(values, written),
        }

    def load(
        self, state: dict[str, Any], written: np.ndarray, taken: np.ndarray, count: int
    ) -> np.ndarray | None:
        """Fill frames and records as they were -> the priorities (count,), if there were any.

        Raises InputError where something is gone or of another replay.
        """
        if self._frames is not None:
            self._frames.load(written, state["frames"])
        self._records.load(taken, state["records"])
        place = state["values"]
        return None if place is None else self._journal.load(place, count, written)
