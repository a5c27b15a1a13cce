"""A reconstruction under way: what it has fused, where the cameras were, and its checkpoints."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.rgbd import RGBDFrame
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.reconstruct.settings import Settings
from geomdl.reconstruct.tracker import Tracker


@dataclass
class Job:
    """The state of a run. `poses` are world to camera, None for frames that were left out.

    `anchor` is what frames are tracked against when it is not the volume under way.
    """

    settings: Settings
    colored: bool
    volume: TSDFVolume
    tracker: Tracker
    done: int = 0
    lost: int = 0
    invalid: int = 0
    seconds: float = 0.0
    poses: list[Any] = field(default_factory=list)
    given: list[Any] = field(default_factory=list)
    fitness: list[float] = field(default_factory=list)
    rmse: list[float] = field(default_factory=list)
    anchor: TSDFVolume | None = None
    started: float = field(default_factory=time.monotonic)

    @staticmethod
    def begin(settings: Settings, colored: bool) -> "Job":
        """A job that has seen no frame."""
        volume = TSDFVolume(settings.voxel, settings.truncation, colored=colored)
        return Job(settings, colored, volume, Tracker(settings.near, settings.far))

    def add(self, frame: RGBDFrame) -> str:
        """Track the frame if need be, fuse it, and say in a word or two how it went."""
        settings = self.settings
        depth, lens = frame.depth, frame.camera.intrinsics
        given = None if frame.pose is None else frame.pose.inverse().matrix().double()
        self.done += 1
        self.given.append(None if given is None else given.tolist())
        seen = bool(((depth > settings.near) & (depth < settings.far)).any())
        if not seen or (given is None and settings.poses != "track"):
            self.poses.append(None)
            self.invalid += 1
            return "no depth" if not seen else "no pose"
        pose, note, fused = given, "", True
        if settings.poses != "given":
            guess = given if settings.poses == "refine" or self.volume.frames == 0 else None
            found = self.tracker.follow(self.anchor or self.volume, depth, lens, guess)
            pose = found.world_to_camera
            fused = settings.poses == "refine" or not found.lost
            self.fitness.append(found.fitness)
            self.rmse.append(found.rmse)
            self.lost += int(found.lost)
            note = "lost" if found.lost else f"fit {found.fitness:.0%}"
        assert pose is not None
        self.poses.append(pose.tolist() if fused else None)
        if fused:
            color = frame.color.float() / 255 if frame.color is not None and self.colored else None
            fuse(self.volume, depth, lens, pose.float(), color, settings.near, settings.far)
        return note

    def path(self) -> Tensor:
        """Poses of the fused frames (N, 4, 4), world to camera."""
        return torch.tensor([p for p in self.poses if p is not None], dtype=torch.float64)

    def compared(self) -> tuple[Tensor, Tensor]:
        """Found and given poses (N, 4, 4), camera to world, of the frames that have both."""
        both = [
            (a, b)
            for a, b in zip(self.poses, self.given, strict=True)
            if a is not None and b is not None
        ]
        pair = torch.tensor(both, dtype=torch.float64).reshape(-1, 2, 4, 4)
        return torch.linalg.inv(pair[:, 0]), torch.linalg.inv(pair[:, 1])

    def spent(self) -> float:
        """Seconds of this and of earlier runs."""
        return self.seconds + time.monotonic() - self.started

    def state(self, source: dict[str, Any]) -> dict[str, Any]:
        """What `resume` needs besides the volume, as JSON values."""
        names = ("colored", "done", "lost", "invalid", "poses", "given", "fitness", "rmse")
        return {
            "source": source,
            "settings": self.settings.to_dict(),
            "seconds": self.spent(),
            "tracker": self.tracker.state(),
            **{name: getattr(self, name) for name in names},
        }

    @staticmethod
    def resume(
        volume: TSDFVolume, state: dict[str, Any], settings: Settings, source: dict[str, Any]
    ) -> "Job":
        """Go on with a checkpoint. Raises GeometryError when it was made of other frames."""
        changed = settings.differences(state["settings"])
        if changed:
            raise GeometryError(
                f"resume: the interrupted run had other settings ({'; '.join(changed)}); give the "
                "same ones or start afresh"
            )
        if state["source"] != source:
            raise GeometryError(
                f"resume: the interrupted run read {state['source']['folder']} "
                f"({state['source']['count']} frames), not {source['folder']} ({source['count']})"
            )
        job = Job.begin(settings, state["colored"])
        job.volume = volume
        job.tracker.restore(state["tracker"])
        for name in ("done", "lost", "invalid", "seconds", "poses", "given", "fitness", "rmse"):
            setattr(job, name, state[name])
        return job


def source_state(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """What tells whether a checkpoint belongs to these frames."""
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    return {"folder": str(folder.resolve()), "count": len(names), "names": digest}
