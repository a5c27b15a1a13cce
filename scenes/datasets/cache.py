"""Decoded once, then read from a memory map: arrays kept in the user's cache folder.

The key is the content of the source files (of large sets their sizes and dates) and the version
of the decoder, so a changed file is decoded anew and a stale copy is never read.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scenes.datasets.download import cache_folder

Arrays = Mapping[str, np.ndarray]


def decoded(
    name: str,
    sources: Sequence[Path],
    decode: Callable[[Sequence[Path]], Arrays],
    version: int = 1,
    *,
    by_date: bool = False,
) -> dict[str, Tensor]:
    """Arrays of `decode(sources)` as memory-mapped tensors; decoded on the first call alone.

    Writing to one of them changes this process's copy, never the file. by_date: sources are known
    by name, size and date, where reading them all takes too long.
    """
    folder = cache_folder() / "decoded" / f"{name}-{_digest(sources, version, by_date)}"
    if not folder.is_dir():
        _write(decode(sources), folder)
    return {path.stem: _mapped(path) for path in sorted(folder.glob("*.npy"))}


def content_keys(image: np.ndarray) -> np.ndarray:
    """Images (N, ...) uint8 -> (N,) int64: equal exactly where the pictures are (64-bit hash)."""
    rows = np.ascontiguousarray(image).reshape(len(image), -1)
    sums = [hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows]
    return np.frombuffer(b"".join(sums), np.int64).copy()


def _digest(sources: Sequence[Path], version: int, by_date: bool) -> str:
    total = hashlib.sha256(f"version {version}".encode())
    for path in sources:
        if by_date:
            facts = path.stat()
            total.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
            continue
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.name} {content}\n".encode())
    return total.hexdigest()[:16]


def _write(arrays: Arrays, folder: Path) -> None:
    """All arrays or none: written beside, then renamed. Who comes second keeps the first's."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="part-"))
    try:
        for key, array in arrays.items():
            np.save(part / f"{key}.npy", array)
        os.replace(part, folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _mapped(path: Path) -> Tensor:
    array = np.load(path, mmap_mode="c")  # copy on write: torch warns of arrays that cannot change
    return torch.from_numpy(np.asarray(array))
