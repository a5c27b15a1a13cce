"""Errors of shapes: the checks of core2d, and those of offsets and faces.

torch is imported when a tensor is checked, so that `geomdl --help` does not wait for it.
"""

from typing import TYPE_CHECKING

from core2d.errors import InputError as GeometryError
from core2d.errors import describe, expect_number, expect_tensor

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "GeometryError",
    "describe",
    "expect_faces",
    "expect_number",
    "expect_offsets",
    "expect_tensor",
]


def expect_offsets(name: str, offsets: "Tensor | None", count: int, like: "Tensor") -> "Tensor":
    """Offsets (B+1,) int64 of packed items; None means one item. Raises GeometryError."""
    import torch

    if offsets is None:
        return torch.tensor([0, count], dtype=torch.int64, device=like.device)
    expect_tensor(name, offsets, "B+1", dtypes=(torch.int64,), like=like)
    ascending = offsets.numel() >= 1 and bool((offsets[1:] >= offsets[:-1]).all())
    if not ascending or int(offsets[0]) != 0 or int(offsets[-1]) != count:
        raise GeometryError(
            f"{name}: expected ascending int64 from 0 to {count}, got {offsets.tolist()[:8]}"
        )
    return offsets


def expect_faces(name: str, faces: "Tensor", vertex_count: int) -> "Tensor":
    """Triangles (F, 3) of integers that index `vertex_count` vertices. Raises GeometryError."""
    expect_tensor(name, faces, "F 3", dtypes="int")
    if faces.numel() and (int(faces.min()) < 0 or int(faces.max()) >= vertex_count):
        raise GeometryError(
            f"{name}: indices run from {int(faces.min())} to {int(faces.max())}, expected 0 to "
            f"{vertex_count - 1}"
        )
    return faces
