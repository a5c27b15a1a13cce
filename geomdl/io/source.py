"""A file as bytes, and the one error that names the file and the place in it.

Readers work on a whole file in memory, so that every count a header claims can be held against
the bytes that are really there before anything is allocated.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from geomdl.errors import GeometryError

# A small file may unfold into much more (instances, padding, compression); beyond this it is
# taken for an attack or an accident.
UNFOLD_BYTES = 4 << 30
UNFOLD_RATIO = 64


@dataclass(frozen=True)
class Source:
    """A file read whole: its path, its bytes, and the folder its references must stay in."""

    path: Path
    data: bytes
    root: Path

    def error(self, place: str, message: str) -> GeometryError:
        """The error to raise: 'FILE: PLACE: MESSAGE'."""
        return GeometryError(f"{self.path}: {place}: {message}")

    def line(self, offset: int) -> str:
        """The place of a byte offset in a text file: 'line 12'."""
        newlines = self.data.count(b"\n", 0, offset)
        return f"line {newlines + 1}"

    def expect_bytes(self, place: str, needed: int, available: int) -> None:
        """Refuse a claim of more bytes than the file holds."""
        if needed > available:
            raise self.error(
                place, f"claims {needed} bytes, but the file has {max(available, 0)} left"
            )

    def expect_unfold(self, place: str, needed: int, ratio: int = UNFOLD_RATIO) -> None:
        """Refuse a file that would unfold to absurdly more memory than its own size."""
        limit = min(ratio * len(self.data) + (64 << 20), UNFOLD_BYTES)
        if needed > max(limit, 2 * len(self.data)):
            raise self.error(
                place,
                f"unfolds to {needed} bytes from a file of {len(self.data)}: more than the limit",
            )

    def reference(self, name: str, place: str) -> Path:
        """The path of a file that this one refers to; refuses those outside the root folder."""
        posix = PurePosixPath(name.replace("\\", "/"))
        candidate = Path(os.path.abspath(self.path.parent / posix))
        root = Path(os.path.abspath(self.root))
        drive = len(name) > 1 and name[1] == ":"
        inside = candidate.is_relative_to(root)
        if "\0" in name or len(name) > 2000 or any(len(part) > 200 for part in posix.parts):
            raise self.error(place, f"refers to {name[:60]!r}, which is no name of a file")
        if posix.is_absolute() or drive or "://" in name or not inside:
            raise self.error(
                place,
                f"refers to {name!r}, which is outside {root}; if you trust the file, pass "
                "root=FOLDER, a folder that holds both",
            )
        return candidate


def read_source(path: str | Path, root: str | Path | None = None) -> Source:
    """Read a file whole. Raises GeometryError for what is missing, empty or not a regular file."""
    path = Path(path)
    data = read_bytes(path)
    if not data:
        raise GeometryError(f"{path}: the file is empty")
    return Source(path, data, path.parent if root is None else Path(root))


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file; every failure of the system is a GeometryError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise GeometryError(f"{path}: expected a file, got a folder or a device")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, GeometryError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise GeometryError(f"{path}: cannot be read: {reason}") from error


def is_file(path: Path) -> bool:
    """Whether a file is there that may be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False


def write_files(files: Mapping[Path, bytes], overwrite: bool) -> None:
    """Write files so that each is either whole or not there; the last one is written last.

    Without `overwrite`, refuses before anything is written when one of them exists.
    """
    if not overwrite:
        for path in files:
            if os.path.lexists(path):
                raise GeometryError(f"{path}: exists already; pass overwrite=True to replace it")
    placed: list[Path] = []
    drafts: dict[Path, Path] = {}
    try:
        for path, data in files.items():
            drafts[path] = _draft(path, data)
        for path, draft in drafts.items():
            _place(draft, path, overwrite)
            placed.append(path)
    except OSError as error:
        if not overwrite:
            for path in placed:
                path.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise GeometryError(f"{error.filename or path}: cannot be written: {reason}") from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _draft(path: Path, data: bytes) -> Path:
    """The data in a new file beside `path`, flushed to the disk."""
    draft = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.tmp")
    binary = getattr(os, "O_BINARY", 0)  # without it Windows would change line ends
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _place(draft: Path, path: Path, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(draft, path)  # fails when somebody made `path` meanwhile
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                raise FileExistsError(17, "File exists", str(path)) from None
    with contextlib.suppress(OSError):
        os.chmod(draft, stat.S_IMODE(path.stat().st_mode))
    os.replace(draft, path)
