"""A reconstructed surface against the true one, only where the cameras could see the truth.

Points are spread evenly over the true surface; each frame marks those that its ideal depth image
shows. What no camera saw (under the table top, behind books) cannot be reconstructed and is not
asked for; what was reconstructed is compared with all of the truth.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.raycast import build_bvh, closest_point
from geomdl.ops.sampling import sample_surface
from geomdl.structures import Camera, Mesh

SLACK = 0.004  # metres between a point and the surface of the depth image at its pixel


@dataclass
class Visible:
    """Points spread over a mesh, and how many frames saw each of them."""

    points: Tensor
    normals: Tensor
    seen: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.seen = torch.zeros(self.points.shape[0], dtype=torch.int64)

    @staticmethod
    def on(mesh: Mesh, count: int, seed: int = 0) -> "Visible":
        """`count` points, uniform by area."""
        points, face, _ = sample_surface(mesh.vertices, mesh.faces, count, seed)
        return Visible(points, face_normals(mesh)[face])

    def mark(self, camera: Camera, depth: Tensor, near: float, far: float, slant: float) -> None:
        """Count the points that an ideal depth image (H, W) shows.

        That is: between near and far metres, at most `slant` radians from facing the camera, and
        as far away as the pixel they fall on, up to the slope of the surface across that pixel.
        """
        pixels, z = camera.project(self.points)
        column, row = pixels.floor().long().unbind(-1)
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        index = (inside & (z > near) & (z < far)).nonzero()[:, 0]
        shown = depth[row[index], column[index]]
        way = torch.nn.functional.normalize(camera.centre - self.points[index], dim=-1)
        cosine = (way * self.normals[index]).sum(-1).abs().clamp(1e-3, 1)
        slope = (1 - cosine**2).sqrt() / cosine
        slack = SLACK + z[index] * slope / float(camera.intrinsics[0, 0])
        facing = cosine > math.cos(slant)
        self.seen[index[((shown - z[index]).abs() < slack) & facing]] += 1


@dataclass(frozen=True)
class Comparison:
    """Metres, and shares in 0..1.

    accuracy: mean distance of the reconstruction to the truth; completeness: mean distance of
    the visible truth to the reconstruction; chamfer: their mean. precision, recall: shares within
    `threshold`, and f_score their harmonic mean. normal_consistency: mean |cosine| of normals at
    closest points, both ways. visible: the share of the true area that counts.
    """

    accuracy: float
    completeness: float
    chamfer: float
    precision: float
    recall: float
    f_score: float
    normal_consistency: float
    visible: float
    threshold: float


def face_normals(mesh: Mesh) -> Tensor:
    """Unit normals (F, 3)."""
    a, b, c = mesh.triangles.unbind(1)
    return torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1)


def distance_to(mesh: Mesh, points: Tensor, normals: Tensor) -> tuple[Tensor, Tensor]:
    """Points, normals (N, 3) -> metres to the mesh (N,), |cosine| of the normals there (N,)."""
    distance, face = nearest_face(mesh, points)
    return distance, (normals * face_normals(mesh)[face]).sum(-1).abs()


def nearest_face(mesh: Mesh, points: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3) -> metres to the mesh (N,), and the face (N,) that is nearest."""
    bvh = build_bvh(mesh.vertices, mesh.faces)
    nearest, face, _ = closest_point(mesh.vertices, mesh.faces, points, bvh)
    return (nearest - points).norm(dim=-1), face


def compare(
    found: Mesh, truth: Mesh, visible: Visible, *, threshold: float = 0.02, least: int = 3
) -> Comparison:
    """Reconstruction, truth, its points seen -> Comparison; points of `least` frames or more count.

    Distances are exact, from points spread over one surface to the triangles of the other.
    Raises GeometryError when nothing was seen.
    """
    chosen = visible.seen >= least
    if not bool(chosen.any()) or len(found) == 0:
        raise GeometryError(f"visible: no point was seen by {least} frames, nothing to compare")
    points, face, _ = sample_surface(found.vertices, found.faces, visible.seen.numel(), 1)
    forth, forth_cosine = distance_to(truth, points, face_normals(found)[face])
    back, back_cosine = distance_to(found, visible.points[chosen], visible.normals[chosen])
    accuracy, completeness = float(forth.mean()), float(back.mean())
    precision = float((forth <= threshold).float().mean())
    recall = float((back <= threshold).float().mean())
    return Comparison(
        accuracy,
        completeness,
        (accuracy + completeness) / 2,
        precision,
        recall,
        2 * precision * recall / max(precision + recall, 1e-9),
        float(forth_cosine.mean() + back_cosine.mean()) / 2,
        float(chosen.float().mean()),
        threshold,
    )
