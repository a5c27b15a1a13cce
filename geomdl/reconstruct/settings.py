"""What a reconstruction may be told; it is stored with its checkpoints and its report."""

from dataclasses import asdict, dataclass
from typing import Any

from geomdl.errors import GeometryError, expect_number

POSES = ("given", "refine", "track")


@dataclass(frozen=True)
class Settings:
    """How frames become a mesh. Lengths in metres. Raises GeometryError.

    voxel: edge of a voxel. truncation: reach of the signed distance (default 4 voxels).
    poses: 'given' fuses with the folder's poses, 'refine' starts from them and tracks against the
    model, 'track' ignores them. every, limit: use each `every`-th frame, at most `limit` of them.
    near, far: depths that count. smallest: mesh pieces with less area in m2 are dropped.
    min_weight: voxels seen with less weight (1 per frame) give no surface.
    """

    voxel: float = 0.01
    truncation: float = 0.04
    poses: str = "given"
    every: int = 1
    limit: int | None = None
    near: float = 0.3
    far: float = 5.0
    smallest: float = 0.01
    min_weight: float = 2.0

    def __post_init__(self) -> None:
        expect_number("voxel", self.voxel, above=0)
        expect_number("truncation", self.truncation, low=self.voxel)
        expect_number("every", self.every, low=1)
        expect_number("near", self.near, low=0)
        expect_number("far", self.far, above=self.near)
        expect_number("smallest", self.smallest, low=0)
        expect_number("min_weight", self.min_weight, low=0)
        if self.limit is not None:
            expect_number("limit", self.limit, low=1)
        if self.poses not in POSES:
            raise GeometryError(f"poses: expected one of {', '.join(POSES)}, got {self.poses!r}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self, other: dict[str, Any]) -> list[str]:
        """'voxel 0.01 -> 0.02' for each setting that differs from another run's."""
        mine = self.to_dict()
        names = sorted(set(mine) | set(other))
        return [
            f"{n} {other.get(n)} -> {mine.get(n)}" for n in names if other.get(n) != mine.get(n)
        ]
