"""Cameras of other programs to and from ours: OpenGL, Blender, COLMAP, PyTorch3D.

program     camera axes                    pixels and extrinsics
ours        x right, y down, z forward     pixel centres at +0.5; world_to_camera, column vectors
OpenGL      x right, y up,   z backward    clip space; view = world to camera
Blender     x right, y up,   z backward    shifts from the middle; matrix_world = camera to world
COLMAP      x right, y down, z forward     pixel centres at +0.5; quaternion w x y z + translation
PyTorch3D   x left,  y up,   z forward     NDC or pixels; row vectors: x_camera = x_world R + T

Only OpenCV's own calibrations put the centre of the first pixel at 0: add 0.5 to their cx and cy.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.structures.camera import Camera
from geomdl.structures.pose import Pose

UP_BACKWARD = (1.0, -1.0, -1.0)  # our axes to OpenGL's and Blender's, and back
LEFT_UP = (-1.0, -1.0, 1.0)  # our axes to PyTorch3D's, and back

COLMAP_MODELS = {  # names of the parameters in COLMAP's order (src/colmap/sensor/models.h)
    "SIMPLE_PINHOLE": "f cx cy",
    "PINHOLE": "fx fy cx cy",
    "SIMPLE_RADIAL": "f cx cy k1",
    "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2",
    "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
}


class BlenderCamera(NamedTuple):
    """matrix_world (..., 4, 4); angle_x radians across the width; shifts in the longer side."""

    matrix_world: Tensor
    angle_x: Tensor
    shift_x: Tensor
    shift_y: Tensor
    pixel_aspect: Tensor  # fx / fy, Blender's pixel_aspect_y / pixel_aspect_x


class ColmapCamera(NamedTuple):
    """One image of a COLMAP model: the camera's model and params, and the image's pose."""

    model: str
    width: int
    height: int
    params: Tensor
    qvec: Tensor  # (..., 4) w x y z, world to camera
    tvec: Tensor  # (..., 3)


class Pytorch3dCamera(NamedTuple):
    """Arguments of pytorch3d.renderer.PerspectiveCameras."""

    R: Tensor
    T: Tensor
    focal_length: Tensor
    principal_point: Tensor
    image_size: Tensor  # (..., 2) height, width
    in_ndc: bool


def turn_axes(pose: Pose, signs: tuple[float, float, float]) -> Pose:
    """world_to_camera with some axes of the camera turned around; its own inverse."""
    sign = pose.translation.new_tensor(signs)
    return Pose(sign[:, None] * pose.rotation, sign * pose.translation)


def to_opengl(camera: Camera, near: float = 0.01, far: float = 100.0) -> tuple[Tensor, Tensor]:
    """Camera -> view (..., 4, 4), projection (..., 4, 4) for column vectors.

    Row 0 of the image is at the top of OpenGL's window. Raises GeometryError when distorted.
    """
    _refuse_distortion(camera, "OpenGL")
    expect_number("near", near, above=0)
    expect_number("far", far, above=near)
    fx, fy, cx, cy, skew = _lens(camera)
    zero, one = torch.zeros_like(fx), torch.ones_like(fx)
    depth = (far + near) / (near - far) * one, 2 * far * near / (near - far) * one
    w, h = camera.width, camera.height
    rows = [
        *(2 * fx / w, -2 * skew / w, 1 - 2 * cx / w, zero),
        *(zero, 2 * fy / h, 2 * cy / h - 1, zero),
        *(zero, zero, *depth),
        *(zero, zero, -one, zero),
    ]
    projection = torch.stack(rows, dim=-1).unflatten(-1, (4, 4))
    return turn_axes(camera.world_to_camera, UP_BACKWARD).matrix(), projection


def from_opengl(view: Tensor, projection: Tensor, width: int, height: int) -> Camera:
    """View and perspective projection (..., 4, 4) -> Camera. Raises GeometryError."""
    expect_tensor("projection", projection, "*S 4 4", dtypes="float", finite=True, like=view)
    if not bool((projection.detach()[..., 3, :] == view.new_tensor([0, 0, -1, 0])).all()):
        raise GeometryError("projection: expected a perspective one, with the last row 0 0 -1 0")
    fx = projection[..., 0, 0] * width / 2
    fy = projection[..., 1, 1] * height / 2
    cx = (1 - projection[..., 0, 2]) * width / 2
    cy = (1 + projection[..., 1, 2]) * height / 2
    skew = -projection[..., 0, 1] * width / 2
    pose = turn_axes(Pose.from_matrix(view), UP_BACKWARD)
    return Camera(intrinsics_of(fx, fy, cx, cy, skew), pose, width, height)


def to_blender(camera: Camera) -> BlenderCamera:
    """Camera -> what Blender's camera object is set to. Raises GeometryError on distortion, skew.

    matrix_world is also the transform_matrix of NeRF's transforms.json.
    """
    _refuse_distortion(camera, "Blender")
    fx, fy, cx, cy, skew = _lens(camera)
    if bool((skew.detach() != 0).any()):
        raise GeometryError("intrinsics: Blender's cameras have no skew")
    longer = max(camera.width, camera.height)
    return BlenderCamera(
        turn_axes(camera.world_to_camera, UP_BACKWARD).inverse().matrix(),
        2 * torch.atan(camera.width / (2 * fx)),
        (camera.width / 2 - cx) / longer,
        (cy - camera.height / 2) / longer,
        fx / fy,
    )


def from_blender(blender: BlenderCamera, width: int, height: int) -> Camera:
    """Blender's camera -> Camera."""
    longer = max(width, height)
    fx = width / (2 * torch.tan(blender.angle_x / 2))
    cx = width / 2 - blender.shift_x * longer
    cy = height / 2 + blender.shift_y * longer
    skew = torch.zeros_like(fx)
    pose = turn_axes(Pose.from_matrix(blender.matrix_world).inverse(), UP_BACKWARD)
    return Camera(intrinsics_of(fx, fx / blender.pixel_aspect, cx, cy, skew), pose, width, height)


def to_colmap(camera: Camera) -> ColmapCamera:
    """Camera -> the simplest COLMAP model that holds it. Raises GeometryError on skew."""
    fx, fy, cx, cy, skew = _lens(camera)
    if bool((skew.detach() != 0).any()):
        raise GeometryError("intrinsics: COLMAP's cameras have no skew")
    params, model = [fx, fy, cx, cy], "PINHOLE"
    if camera.distortion is not None:
        k1, k2, p1, p2, k3 = camera.distortion.unbind(-1)
        params, model = [*params, k1, k2, p1, p2], "OPENCV"
        if bool((k3.detach() != 0).any()):
            zero = torch.zeros_like(k3)
            params, model = [*params, k3, zero, zero, zero], "FULL_OPENCV"
    pose = camera.world_to_camera
    packed = torch.stack(torch.broadcast_tensors(*params), dim=-1)
    size = camera.width, camera.height
    return ColmapCamera(model, *size, packed, pose.quaternion(), pose.translation)


def from_colmap(colmap: ColmapCamera) -> Camera:
    """COLMAP's camera and image -> Camera. Raises GeometryError on models beyond Brown's."""
    if colmap.model not in COLMAP_MODELS:
        known = ", ".join(COLMAP_MODELS)
        raise GeometryError(f"model: expected one of {known}, got {colmap.model!r}")
    names = COLMAP_MODELS[colmap.model].split()
    expect_tensor("params", colmap.params, f"*S {len(names)}", dtypes="float", finite=True)
    value = dict(zip(names, colmap.params.unbind(-1), strict=True))
    zero = torch.zeros_like(value["cx"])
    if any(bool((value.get(name, zero) != 0).any()) for name in ("k4", "k5", "k6")):
        raise GeometryError("params: k4 k5 k6 of FULL_OPENCV are beyond Brown's model")
    fx, fy = (value.get(name, value.get("f", zero)) for name in ("fx", "fy"))
    bent = [value.get(name, zero) for name in ("k1", "k2", "p1", "p2", "k3")]
    distortion = torch.stack(bent, dim=-1) if "k1" in value else None
    intrinsics = intrinsics_of(fx, fy, value["cx"], value["cy"], zero)
    pose = Pose.from_quaternion(colmap.qvec, colmap.tvec)
    return Camera(intrinsics, pose, colmap.width, colmap.height, distortion)


def to_pytorch3d(camera: Camera, in_ndc: bool = True) -> Pytorch3dCamera:
    """Camera -> PyTorch3D's, in NDC (the shorter side spans -1..1) or in pixels.

    Raises GeometryError on distortion or skew.
    """
    _refuse_distortion(camera, "PyTorch3D")
    fx, fy, cx, cy, skew = _lens(camera)
    if bool((skew.detach() != 0).any()):
        raise GeometryError("intrinsics: PyTorch3D's cameras have no skew")
    pose = turn_axes(camera.world_to_camera, LEFT_UP)
    focal, principal = torch.stack([fx, fy], dim=-1), torch.stack([cx, cy], dim=-1)
    if in_ndc:
        half, middle = _ndc(camera.width, camera.height, focal)
        focal, principal = focal / half, (middle - principal) / half
    size = torch.tensor([camera.height, camera.width], device=camera.device)
    size = size.expand(*camera.shape, 2)
    return Pytorch3dCamera(pose.rotation.mT, pose.translation, focal, principal, size, in_ndc)


def from_pytorch3d(camera: Pytorch3dCamera) -> Camera:
    """PyTorch3D's cameras of one image size -> Camera."""
    sizes = camera.image_size.reshape(-1, 2).unique(dim=0)
    if sizes.shape[0] != 1:
        raise GeometryError(f"image_size: expected one size for all, got {sizes.tolist()}")
    height, width = (int(n) for n in sizes[0])
    focal, principal = camera.focal_length, camera.principal_point
    if camera.in_ndc:
        half, middle = _ndc(width, height, focal)
        focal, principal = focal * half, middle - principal * half
    fx, fy = focal.unbind(-1)
    cx, cy = principal.unbind(-1)
    pose = turn_axes(Pose(camera.R.mT, camera.T), LEFT_UP)
    return Camera(intrinsics_of(fx, fy, cx, cy, torch.zeros_like(fx)), pose, width, height)


def intrinsics_of(fx: Tensor, fy: Tensor, cx: Tensor, cy: Tensor, skew: Tensor) -> Tensor:
    """Five numbers (...) in pixels -> matrix (..., 3, 3)."""
    zero, one = torch.zeros_like(fx), torch.ones_like(fx)
    rows = [fx, skew, cx, zero, fy, cy, zero, zero, one]
    return torch.stack(torch.broadcast_tensors(*rows), dim=-1).unflatten(-1, (3, 3))


def _lens(camera: Camera) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    k = camera.intrinsics
    return k[..., 0, 0], k[..., 1, 1], k[..., 0, 2], k[..., 1, 2], k[..., 0, 1]


def _ndc(width: int, height: int, like: Tensor) -> tuple[float, Tensor]:
    return min(width, height) / 2, like.new_tensor([width / 2, height / 2])


def _refuse_distortion(camera: Camera, program: str) -> None:
    if camera.distortion is not None and bool((camera.distortion.detach() != 0).any()):
        raise GeometryError(
            f"distortion: {program}'s cameras have none; undistort the images first"
        )
