"""What a reconstruction did, in numbers: for people as lines, for programs as JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Report:
    """Numbers of one reconstruction; lengths in metres, times in seconds.

    `seconds` counts all runs of a resumed job; `frames_per_second` covers the loop of this run.
    `size` is the box of the mesh, `holes` counts its boundary loops, `pieces` what is connected.
    `lost` frames could not be tracked and were left out; `invalid` frames have no usable depth or
    pose. `tracking` holds mean fitness and rmse, and the error against the folder's poses where
    it has some. `files` names what was written.
    """

    output: str
    frames: int
    lost: int
    invalid: int
    seconds: float
    frames_per_second: float
    vertices: int
    faces: int
    area: float
    size: tuple[float, float, float]
    pieces: int
    dropped_pieces: int
    holes: int
    boundary_edges: int
    blocks: int
    poses: str
    tracking: dict[str, float] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """The same for people, one fact per line."""
        size = " x ".join(f"{s:.2f}" for s in self.size)
        left = []
        if self.lost:
            left.append(f"{self.lost} lost")
        if self.invalid:
            left.append(f"{self.invalid} without depth or pose")
        frames = f"frames     {self.frames} fused" + (f" ({', '.join(left)})" if left else "")
        out = [
            f"{frames}, {self.frames_per_second:.1f} a second",
            f"surface    {self.vertices:,} vertices, {self.faces:,} triangles, {self.area:.2f} m2",
            f"size       {size} m",
            f"pieces     {self.pieces} ({self.dropped_pieces} smaller ones dropped)",
            f"holes      {self.holes} boundary loops of {self.boundary_edges:,} edges",
            f"volume     {self.blocks:,} blocks of 8 x 8 x 8 voxels",
            f"poses      {self.poses}",
        ]
        names = {
            "fitness": "pixels that agree with the model, mean share",
            "rmse": "distance to the model, mean (m)",
            "absolute": "absolute trajectory error against the folder's poses (m)",
            "worst": "its largest value (m)",
            "drift": "relative error over one step (m)",
            "turn": "relative error over one step (degrees)",
            "end": "drift at the last frame (m)",
        }
        out += [
            f"tracking   {self.tracking[n]:.4f}  {t}"
            for n, t in names.items()
            if n in self.tracking
        ]
        out += [f"{kind:<10} {path}" for kind, path in self.files.items()]
        return [*out, f"time       {self.seconds:.1f} s"]
