"""Small pictures of many scenes in one call: what an agent in each of L worlds sees.

Scenes are meshes packed once (`pack_scenes`); a lane is the number of a scene and a camera. The
kernel works lane by lane, leaves out blocks of faces that lie outside the view, and takes the
depth of a pixel from 1/z, which is linear on the screen, so that a view of 64 x 64 pixels costs
about as much as looking at the vertices of its scene. For gradients, barycentrics and float64
use `rasterize`, which sees the same faces.
"""

from collections.abc import Sequence
from typing import NamedTuple, Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_number, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.rasterize import LIMIT, rasterize

BLOCK = 64  # faces that share a box


class Scenes(NamedTuple):
    """Meshes of S scenes: the first five arguments of `view_scenes`.

    vertices (V, 3) float32 and faces (F, 3) int32, which index the packed vertices; offsets
    (S+1,) int64; boxes (blocks, 6) lowest and highest corner of every 64 faces of a scene.
    """

    vertices: Tensor
    faces: Tensor
    vertex_offsets: Tensor
    face_offsets: Tensor
    boxes: Tensor


def pack_scenes(meshes: Sequence[tuple[Tensor, Tensor]]) -> Scenes:
    """Vertices (V, 3) and faces (F, 3) of each scene -> Scenes.

    Faces keep their order; neighbours in it should be neighbours in space. Raises GeometryError.
    """
    if not meshes:
        raise GeometryError("meshes: expected at least one scene, got none")
    for number, (vertices, faces) in enumerate(meshes):
        expect_tensor(f"meshes[{number}] vertices", vertices, "V 3", dtypes="float", finite=True)
        expect_faces(f"meshes[{number}] faces", faces, vertices.shape[0])
    of_vertices = torch.tensor([0, *(v.shape[0] for v, _ in meshes)]).cumsum(0)
    of_faces = torch.tensor([0, *(f.shape[0] for _, f in meshes)]).cumsum(0)
    if int(of_vertices[-1]) >= 1 << 31 or int(of_faces[-1]) >= 1 << 31:
        raise GeometryError(f"meshes: {int(of_faces[-1])} faces do not fit 32-bit numbers")
    shifted = [f + first for (_, f), first in zip(meshes, of_vertices.tolist(), strict=False)]
    return Scenes(
        torch.cat([v.float() for v, _ in meshes]),
        torch.cat(shifted).int(),
        of_vertices,
        of_faces,
        torch.cat([_boxes(v.float(), f.long()) for v, f in meshes]),
    )


def _boxes(vertices: Tensor, faces: Tensor) -> Tensor:
    """The box of every BLOCK faces (blocks, 6)."""
    missing = -faces.shape[0] % BLOCK
    filled = torch.cat([faces, faces[-1:].expand(missing, 3)])
    corners = vertices[filled].reshape(-1, 3 * BLOCK, 3)
    return torch.cat([corners.amin(1), corners.amax(1)], 1)


def _check(
    vertices: Tensor,
    faces: Tensor,
    vertex_offsets: Tensor,
    face_offsets: Tensor,
    boxes: Tensor | None,
    scene: Tensor,
    world_to_camera: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    near: float,
) -> None:
    """What is cheap to check on every call; faces are checked where they are read."""
    expect_tensor("vertices", vertices, "V 3", dtypes=(torch.float32,))
    expect_tensor("faces", faces, "F 3", dtypes=(torch.int32,), like=vertices)
    expect_offsets("vertex_offsets", vertex_offsets, vertices.shape[0], vertices)
    expect_offsets("face_offsets", face_offsets, faces.shape[0], faces)
    scenes = face_offsets.shape[0] - 1
    if vertex_offsets.shape[0] != scenes + 1:
        raise GeometryError(
            f"vertex_offsets: expected {scenes + 1} like face_offsets, "
            f"got {vertex_offsets.shape[0]}"
        )
    if boxes is not None:
        blocks = int(((face_offsets.diff() + BLOCK - 1) // BLOCK).sum())
        expect_tensor("boxes", boxes, f"{blocks} 6", dtypes=(torch.float32,), like=vertices)
    expect_tensor("scene", scene, "L", dtypes=(torch.int64,), like=vertices)
    if scene.numel() and (int(scene.min()) < 0 or int(scene.max()) >= scenes):
        raise GeometryError(
            f"scene: numbers run from {int(scene.min())} to {int(scene.max())}, expected 0 to "
            f"{scenes - 1}"
        )
    expect_tensor(
        "world_to_camera", world_to_camera, f"{scene.shape[0]} 3 4", dtypes="float", finite=True
    )
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes="float", finite=True)
    expect_number("near", near, above=0)
    for name, side in (("height", height), ("width", width)):
        if not 1 <= side <= LIMIT:
            raise GeometryError(f"{name}: expected 1 to {LIMIT} pixels, got {side}")
    if float(intrinsics.diagonal().min()) <= 0 or float(intrinsics.tril(-1).abs().max()) > 0:
        raise GeometryError(
            f"intrinsics: expected [[fx, s, cx], [0, fy, cy], [0, 0, 1]] with positive fx and fy, "
            f"got {intrinsics.tolist()}"
        )


@op(
    fake=lambda vertices, faces, vo, fo, boxes, scene, pose, K, height, width, near: (
        vertices.new_empty(scene.shape[0], height, width),
        faces.new_empty(scene.shape[0], height, width),
    ),
    check=_check,
    dtypes=(torch.float32, torch.float64),
)
def view_scenes(
    vertices: Tensor,
    faces: Tensor,
    vertex_offsets: Tensor,
    face_offsets: Tensor,
    boxes: Optional[Tensor],
    scene: Tensor,
    world_to_camera: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    near: float = 0.05,
) -> tuple[Tensor, Tensor]:
    """Scenes, scene (L,) int64, world_to_camera (L, 3, 4) float64 -> depth, face (L, H, W).

    depth float32 is the camera's z in metres, inf for none; face int32 the packed position, -1
    for none. Both sides of a face are drawn. intrinsics (3, 3) float64 are shared by the lanes.
    boxes None draws every face. Corners are snapped to 1/256 pixel, as in `rasterize`. Not
    differentiable. Raises GeometryError for bad arguments, and ValueError where a face that is
    looked at has a vertex outside its scene or one that is no number.
    """
    found = []
    for number, pose in zip(scene.tolist(), world_to_camera.double(), strict=True):
        first, last = vertex_offsets[number], vertex_offsets[number + 1]
        part = slice(int(face_offsets[number]), int(face_offsets[number + 1]))
        own = faces[part].long() - first
        points = vertices[first:last].double() @ pose[:, :3].T + pose[:, 3]
        face, depth, _ = rasterize(points, own, intrinsics.double(), height, width, near)
        found.append((depth[0].float(), torch.where(face[0] < 0, -1, face[0] + part.start).int()))
    if not found:
        empty = vertices.new_empty(0, height, width)
        return empty, empty.int()
    return torch.stack([d for d, _ in found]), torch.stack([f for _, f in found])
