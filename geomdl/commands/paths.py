"""Names, patterns and folders on the command line -> what they stand for."""

import glob
from collections.abc import Sequence
from pathlib import Path

from geomdl.errors import GeometryError


def expand(names: Sequence[str], *, folders: bool = False) -> tuple[list[Path], list[str]]:
    """Names and patterns (`**` goes into folders) -> paths, each once, and what was wrong.

    Patterns give the files that geomdl reads, sorted as people count (2 before 10); with `folders`
    also folders, where no file fits. A folder with shapes but without cameras or frames stands for
    its shapes.
    """
    from geomdl.viewer.naming import natural
    from geomdl.viewer.opening import can_open

    found: dict[Path, None] = {}
    wrong: list[str] = []
    for name in names:
        path = Path(name).expanduser()
        matches = [path]
        if not path.exists() and glob.has_magic(str(path)):
            matches = sorted(map(Path, glob.glob(str(path), recursive=True)), key=natural)
            files = [p for p in matches if p.is_file()]
            known = [p for p in files if can_open(p)]
            others = f" that geomdl reads, only others ({len(files)})" if files else ""
            matches = known or ([p for p in matches if p.is_dir()] if folders else [])
            if not matches:
                wrong.append(f"{name}: no file fits this pattern{others}")
        for match in matches:
            try:
                found |= dict.fromkeys(inside(match) if folders and match.is_dir() else [match])
            except GeometryError as error:
                wrong.append(str(error))
    return list(found), wrong


def inside(folder: Path) -> list[Path]:
    """A folder of frames or cameras -> itself; another one -> the shapes in it.

    Raises GeometryError where it holds nothing that geomdl reads.
    """
    from geomdl.viewer.captures import capture
    from geomdl.viewer.naming import natural
    from geomdl.viewer.opening import is_shape

    try:
        taken = capture(folder)
        if taken is not None:
            return taken[1]
        files = [p for p in folder.iterdir() if p.is_file() and is_shape(p)]
    except OSError as error:
        raise GeometryError(f"{folder}: cannot be read: {error.strerror}") from error
    if not files:
        raise GeometryError(
            f"{folder}: no RGB-D frames, COLMAP model, transforms.json or shapes in this folder; "
            f"'{folder}/**/*.ply' looks into its folders"
        )
    return sorted(files, key=natural)
