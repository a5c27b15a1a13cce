"""Camera paths: their error against a reference, and the TUM text file.

Absolute and relative trajectory error after Sturm et al., "A Benchmark for the Evaluation of RGB-D
SLAM Systems" (2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.ops.registration import kabsch


@dataclass(frozen=True)
class TrajectoryError:
    """How far a path is from its reference; metres and degrees.

    `absolute` is the root mean square distance of camera centres after the best rigid alignment
    (ATE), `worst` the largest; `drift` and `turn` are the root mean square errors of the motion
    over one step (RPE); `end` is the distance of the last centres when the first poses coincide.
    """

    absolute: float
    worst: float
    drift: float
    turn: float
    end: float


def trajectory_error(estimate: Tensor, reference: Tensor) -> TrajectoryError:
    """Camera-to-world poses (N, 4, 4) each -> TrajectoryError. Raises GeometryError."""
    expect_tensor("estimate", estimate, "N 4 4", dtypes="float", finite=True)
    expect_tensor("reference", reference, f"{len(estimate)} 4 4", dtypes="float", finite=True)
    if len(estimate) < 3:
        raise GeometryError(f"estimate: expected at least 3 poses, got {len(estimate)}")
    a, b = estimate.double(), reference.double()
    align = kabsch(a[:, :3, 3], b[:, :3, 3])
    gap = (a[:, :3, 3] @ align[:3, :3].T + align[:3, 3] - b[:, :3, 3]).norm(dim=1)
    steps_a = torch.linalg.inv(a[:-1]) @ a[1:]
    steps_b = torch.linalg.inv(b[:-1]) @ b[1:]
    off = torch.linalg.inv(steps_b) @ steps_a
    first = b[0] @ torch.linalg.inv(a[0])
    end = (first @ a[-1] - b[-1])[:3, 3].norm()
    return TrajectoryError(
        float(gap.square().mean().sqrt()),
        float(gap.max()),
        float(off[:, :3, 3].square().sum(1).mean().sqrt()),
        float(rotation_angle(off[:, :3, :3]).square().mean().sqrt().rad2deg()),
        float(end),
    )


def rotation_angle(rotation: Tensor) -> Tensor:
    """Rotations (..., 3, 3) -> angles (...) in radians, accurate near 0 and pi."""
    skew = rotation - rotation.mT
    sine = torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1).norm(dim=-1)
    cosine = rotation.diagonal(dim1=-2, dim2=-1).sum(-1) - 1
    return torch.atan2(sine, cosine)


def write_tum(path: Path, poses: Tensor, names: Sequence[str]) -> None:
    """Camera-to-world poses (N, 4, 4) -> a text file 'name tx ty tz qx qy qz qw' per line."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_matrix(poses[:, :3, :3].double().numpy()).as_quat()
    rows = zip(names, poses[:, :3, 3].tolist(), turns.tolist(), strict=True)
    lines = [f"{name} " + " ".join(f"{v:.9g}" for v in [*t, *q]) for name, t, q in rows]
    path.write_text("\n".join(["# frame tx ty tz qx qy qz qw (camera to world)", *lines]) + "\n")
