"""Names of the files that are written beside a mesh."""

import re
from pathlib import Path


def beside(path: Path, material: str, index: int) -> Path:
    """The texture of a material: 'chair.obj' and 'oak wood' -> 'chair_0_oak_wood.png'."""
    clean = re.sub(r"[^A-Za-z0-9]+", "_", material).strip("_")[:40]
    stem = re.sub(r"\s+", "_", path.stem)
    return path.with_name(f"{stem}_{index}_{clean}.png" if clean else f"{stem}_{index}.png")
