"""What an ideal camera sees of a mesh: depth, face, colour, and how slanted the surface is."""

from typing import NamedTuple

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.rasterize import rasterize
from geomdl.structures import Camera, Mesh


class View(NamedTuple):
    """depth (H, W) metres along z, inf for none; face (H, W), -1 for none; radiance (H, W, 3)
    linear; cosine (H, W) between the surface normal and the ray, 0..1."""

    depth: Tensor
    face: Tensor
    radiance: Tensor
    cosine: Tensor


def view(mesh: Mesh, radiance: Tensor, camera: Camera) -> View:
    """Mesh, radiance (F, 3, 3) at face corners, one camera without distortion -> View."""
    if camera.distortion is not None or camera.shape:
        raise GeometryError("camera: expected one without distortion and without batch axes")
    seen = camera.world_to_camera.apply(mesh.vertices)
    face, depth, barycentric = rasterize(
        seen, mesh.faces, camera.intrinsics, camera.height, camera.width
    )
    face, depth, barycentric = face[0], depth[0], barycentric[0]
    hit = face >= 0
    chosen = face[hit]
    a, b, c = seen[mesh.faces[chosen]].unbind(1)
    normal = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    rays = camera.camera_directions(camera.pixel_centres().reshape(-1, 2))[hit.reshape(-1)]
    cosine = (torch.nn.functional.normalize(rays, dim=-1) * normal).sum(-1).abs()
    light = (barycentric[hit][:, :, None] * radiance[chosen]).sum(1)
    return View(
        depth,
        face,
        torch.zeros(*face.shape, 3).masked_scatter(hit[..., None], light),
        torch.zeros(face.shape).masked_scatter(hit, cosine),
    )
