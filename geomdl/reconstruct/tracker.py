"""Frame-to-model tracking: each depth frame is aligned with the volume fused so far."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from geomdl.ops.fuse import TSDFVolume
from geomdl.ops.march import raycast_volume
from geomdl.ops.odometry import scale_intrinsics, shrink_depth, track, vertex_map
from geomdl.reconstruct.trajectory import rotation_angle


@dataclass(frozen=True)
class Tracked:
    """A frame's pose (4, 4) float64 world to camera, and how well it was found."""

    world_to_camera: Tensor
    fitness: float
    rmse: float
    lost: bool


@dataclass
class Tracker:
    """Poses of frames against a volume, with constant velocity between frames.

    A frame counts as lost when under `min_fitness` of its pixels agree with the model, or the
    pose leaves its prediction by more than `max_jump` metres or `max_turn` radians; then the
    prediction stands and the frame must not be fused.
    """

    near: float
    far: float
    min_fitness: float = 0.35
    max_jump: float = 0.3
    max_turn: float = 0.5
    last: Tensor | None = None
    velocity: Tensor = field(default_factory=lambda: torch.eye(4, dtype=torch.float64))

    def predict(self) -> Tensor:
        """Where the next frame should be (4, 4), world to camera."""
        if self.last is None:
            return torch.eye(4, dtype=torch.float64)
        return self.velocity @ self.last

    def follow(
        self, volume: TSDFVolume, depth: Tensor, intrinsics: Tensor, guess: Tensor | None = None
    ) -> Tracked:
        """Depth (H, W), intrinsics (3, 3), guess (4, 4) or the prediction -> Tracked."""
        start = self.predict() if guess is None else guess.double()
        if volume.count == 0:
            self._keep(start)
            return Tracked(start, 1.0, 0.0, False)
        clean = torch.where((depth > self.near) & (depth < self.far), depth, 0.0)
        image, lens = shrink_depth(clean), scale_intrinsics(intrinsics, 0.5)
        height, width = image.shape
        seen, facing, _ = raycast_volume(
            volume, lens, start, height, width, self.near, self.far + volume.truncation
        )
        points = vertex_map(seen, lens)
        normals = facing @ start[:3, :3].T.to(facing)
        found = track(image, lens, points, normals)
        jump = float(found.transform[:3, 3].norm())
        turn = float(rotation_angle(found.transform[:3, :3]))
        lost = found.fitness < self.min_fitness or jump > self.max_jump or turn > self.max_turn
        pose = start if lost else torch.linalg.inv(found.transform) @ start
        self._keep(pose, still=lost)
        return Tracked(pose, found.fitness, found.rmse, lost)

    def _keep(self, pose: Tensor, still: bool = False) -> None:
        step = torch.eye(4, dtype=torch.float64)
        if self.last is not None and not still:
            step = pose @ torch.linalg.inv(self.last)
        self.velocity, self.last = step, pose

    def state(self) -> dict[str, Any]:
        """What `restore` needs, as JSON values."""
        last = None if self.last is None else self.last.tolist()
        return {"last": last, "velocity": self.velocity.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another tracker was."""
        last = state["last"]
        self.last = None if last is None else torch.tensor(last, dtype=torch.float64)
        self.velocity = torch.tensor(state["velocity"], dtype=torch.float64)
