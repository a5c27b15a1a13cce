"""Files that are there whole or not at all, whatever ends the writing."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file beside `path`, bring it to the disk, then take its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def save_text(path: Path, text: str) -> None:
    """A text file in UTF-8."""
    replace(path, lambda part: part.write_text(text, encoding="utf-8"))


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """A JSON file."""
    save_text(path, json.dumps(content, indent=1, default=str) + "\n")
