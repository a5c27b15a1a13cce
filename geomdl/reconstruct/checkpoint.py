"""What a killed run needs to go on: the volume so far and a small state, beside the output.

`room.ply.partial/` holds `state.json` and the volume that it names. A new volume is written first,
the state is replaced atomically after it, the old volume goes last: whenever the process dies, the
state on the disk names a whole volume.
"""

import json
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core2d.files import save_text
from geomdl.errors import GeometryError
from geomdl.ops.fuse import TSDFVolume

VERSION = 1


def partial_folder(output: Path) -> Path:
    """Where the unfinished work of `output` lies: beside it, with '.partial' added."""
    return output.with_name(output.name + ".partial")


def flush_file(path: Path) -> None:
    """Force a written file to the disk before something names it."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass
class Checkpoints:
    """Writes a checkpoint when `seconds` have passed and writing costs under a tenth of the time.

    With `seconds` 0 every call writes.
    """

    folder: Path
    seconds: float
    _last: float = field(default_factory=time.monotonic)
    _cost: float = 0.0

    def due(self) -> bool:
        """Whether it is time for the next one."""
        waited = time.monotonic() - self._last
        return self.seconds == 0 or waited > max(self.seconds, 10 * self._cost)

    def write(self, volume: TSDFVolume, state: dict[str, Any]) -> None:
        """Put volume and state on the disk, in place of the ones before."""
        start = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"volume-{volume.frames:06d}.safetensors"
        volume.save(self.folder / name)
        flush_file(self.folder / name)
        full = {"version": VERSION, "volume": name, **state}
        save_text(self.folder / "state.json", json.dumps(full))
        for old in self.folder.glob("volume-*"):
            if old.name != name:
                old.unlink()
        self._last = time.monotonic()
        self._cost = self._last - start

    def read(self) -> tuple[TSDFVolume, dict[str, Any]] | None:
        """The last checkpoint, or None where there is none. Raises GeometryError if broken."""
        path = self.folder / "state.json"
        if not path.is_file():
            return None
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            if state["version"] != VERSION:
                raise GeometryError(f"{path}: made by another version of geomdl; start afresh")
            return TSDFVolume.load(self.folder / state["volume"]), state
        except GeometryError:
            raise
        except Exception as error:
            raise GeometryError(f"{path}: broken checkpoint ({error}); start afresh") from error

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
