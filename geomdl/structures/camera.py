"""Camera: pinhole with Brown distortion, OpenCV axes, differentiable both ways."""

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.structures import tensors
from geomdl.structures.distortion import distort, undistort
from geomdl.structures.pose import Pose


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Camera:
    """Intrinsics (..., 3, 3) in pixels, world_to_camera, size of the image, distortion (..., 5).

    Camera axes: x right, y down, z forward. Pixel (0, 0) has its centre at (0.5, 0.5), so the
    image spans 0..width by 0..height. distortion holds k1 k2 p1 p2 k3 of Brown's model as OpenCV
    orders them. Raises GeometryError.

    >>> camera = Camera.from_fov(640, 480, math.radians(60))
    >>> pixels, depth = camera.project(torch.tensor([[0.0, 0.0, 2.0]]))
    >>> pixels.tolist(), depth.tolist()
    ([[320.0, 240.0]], [2.0])
    """

    intrinsics: Tensor
    world_to_camera: Pose
    width: int
    height: int
    distortion: Tensor | None = None

    def __post_init__(self) -> None:
        k = expect_tensor("intrinsics", self.intrinsics, "*S 3 3", dtypes="float", finite=True)
        if not isinstance(self.world_to_camera, Pose):
            raise GeometryError(f"world_to_camera: expected a Pose, got {self.world_to_camera!r}")
        expect_tensor("world_to_camera", self.world_to_camera.translation, "*S 3", like=k)
        expect_number("width", self.width, low=1)
        expect_number("height", self.height, low=1)
        still = k.detach()
        fixed = torch.stack([still[..., 1, 0], still[..., 2, 0], still[..., 2, 1]])
        focal_ok = bool((still[..., 0, 0] > 0).all()) and bool((still[..., 1, 1] > 0).all())
        if bool((fixed != 0).any()) or bool((still[..., 2, 2] != 1).any()) or not focal_ok:
            raise GeometryError(
                "intrinsics: expected rows (fx s cx), (0 fy cy), (0 0 1) with fx, fy > 0, got "
                f"{still.reshape(-1, 3, 3)[:1].tolist()}"
            )
        if self.distortion is not None:
            expect_tensor(
                "distortion", self.distortion, "*S 5", dtypes="float", finite=True, like=k
            )

    @staticmethod
    def from_fov(
        width: int, height: int, fov_x: float, world_to_camera: Pose | None = None
    ) -> "Camera":
        """Square pixels, centred, with the horizontal field of view in radians."""
        if not 0 < fov_x < math.pi:
            raise GeometryError(f"fov_x: expected 0 < radians < pi, got {fov_x}")
        focal = width / (2 * math.tan(fov_x / 2))
        pose = Pose.identity() if world_to_camera is None else world_to_camera
        intrinsics = pose.translation.new_tensor(
            [[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]]
        )
        return Camera(intrinsics.expand(*pose.shape, 3, 3), pose, width, height)

    @staticmethod
    def stack(cameras: Sequence["Camera"]) -> "Camera":
        """Cameras of one image size -> one Camera with a new first batch axis."""
        sizes = {(camera.width, camera.height) for camera in cameras}
        if len(sizes) != 1:
            raise GeometryError(f"cameras: expected one image size, got {sorted(sizes)}")
        bent = [camera.distortion for camera in cameras]
        there = [d for d in bent if d is not None]
        if there:
            straight = torch.zeros_like(there[0])
            there = [straight if d is None else d for d in bent]
        return Camera(
            torch.stack([camera.intrinsics for camera in cameras]),
            Pose.stack([camera.world_to_camera for camera in cameras]),
            *sizes.pop(),
            torch.stack(there) if there else None,
        )

    @property
    def shape(self) -> torch.Size:
        """The batch axes."""
        lens, pose = self.intrinsics.shape[:-2], self.world_to_camera.shape
        # broadcast_shapes imports sympy, which takes a second.
        return lens if lens == pose else torch.broadcast_shapes(lens, pose)

    @property
    def device(self) -> torch.device:
        """Where the intrinsics are."""
        return self.intrinsics.device

    @property
    def camera_to_world(self) -> Pose:
        """The inverse of world_to_camera."""
        return self.world_to_camera.inverse()

    @property
    def centre(self) -> Tensor:
        """Where the camera stands (..., 3) in the world."""
        return self.camera_to_world.translation

    def project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (..., N, 3) -> pixels (..., N, 2), depth (..., N) along z in metres.

        Differentiable. Pixels of points with depth <= 0 mean nothing; the depth tells them.
        """
        seen = self.world_to_camera.apply(points)
        depth = seen[..., 2]
        flat = seen[..., :2] / torch.where(depth == 0, 1e-12, depth)[..., None]
        if self.distortion is not None:
            flat = distort(flat, self.distortion[..., None, :])
        return self._to_pixels(flat), depth

    def unproject(self, pixels: Tensor, depth: Tensor) -> Tensor:
        """Pixels (..., N, 2) and depth (..., N) along z -> world points (..., N, 3).

        The inverse of `project`, differentiable. Raises GeometryError where the distortion has
        no inverse at a pixel.
        """
        expect_tensor("depth", depth, "*S N", dtypes="float", like=self.intrinsics)
        seen = self.camera_directions(pixels) * depth[..., None]
        return self.camera_to_world.apply(seen)

    def camera_directions(self, pixels: Tensor) -> Tensor:
        """Pixels (..., N, 2) -> directions (..., N, 3) in the camera's axes, with z = 1."""
        expect_tensor("pixels", pixels, "*S N 2", dtypes="float", like=self.intrinsics)
        k = self.intrinsics[..., None, :, :]
        y = (pixels[..., 1] - k[..., 1, 2]) / k[..., 1, 1]
        x = (pixels[..., 0] - k[..., 0, 2] - k[..., 0, 1] * y) / k[..., 0, 0]
        flat = torch.stack([x, y], dim=-1)
        if self.distortion is not None:
            flat = undistort(flat, self.distortion[..., None, :])
        return torch.cat([flat, torch.ones_like(flat[..., :1])], dim=-1)

    def pixel_centres(self) -> Tensor:
        """Centres (H, W, 2) of all pixels, x then y."""
        like = self.intrinsics
        x = torch.arange(self.width, dtype=like.dtype, device=like.device) + 0.5
        y = torch.arange(self.height, dtype=like.dtype, device=like.device) + 0.5
        return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)

    def rays(self, unit: bool = True) -> tuple[Tensor, Tensor]:
        """Origins (..., H, W, 3) and directions (..., H, W, 3) through all pixel centres.

        Directions have length 1, or depth 1 along z without `unit`, so that hits at t are at
        depth t.
        """
        seen = self.camera_directions(self.pixel_centres().reshape(-1, 2))
        if unit:
            seen = torch.nn.functional.normalize(seen, dim=-1)
        back = self.camera_to_world
        directions = back.rotate(seen).unflatten(-2, (self.height, self.width))
        return back.translation[..., None, None, :].expand(directions.shape), directions

    def scaled(self, factor: float) -> "Camera":
        """The same view with width and height times `factor`, rounded to whole pixels."""
        expect_number("factor", factor, above=0)
        return self.resized(max(round(self.width * factor), 1), max(round(self.height * factor), 1))

    def resized(self, width: int, height: int) -> "Camera":
        """The same view on another number of pixels."""
        ratio = self.intrinsics.new_tensor([width / self.width, height / self.height, 1.0])
        intrinsics = self.intrinsics * ratio[:, None]
        return dataclasses.replace(self, intrinsics=intrinsics, width=width, height=height)

    def with_pose(self, world_to_camera: Pose) -> "Camera":
        """The same lens somewhere else."""
        return dataclasses.replace(self, world_to_camera=world_to_camera)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Camera":
        """On another device, in another dtype."""
        return tensors.move(self, device, dtype)

    def _to_pixels(self, flat: Tensor) -> Tensor:
        k = self.intrinsics[..., None, :, :]
        x = k[..., 0, 0] * flat[..., 0] + k[..., 0, 1] * flat[..., 1] + k[..., 0, 2]
        y = k[..., 1, 1] * flat[..., 1] + k[..., 1, 2]
        return torch.stack([x, y], dim=-1)

    def __len__(self) -> int:
        if not self.shape:
            raise GeometryError("camera: it has no batch axes, so it has no length")
        return self.shape[0]

    def __getitem__(self, index: int | slice | Tensor) -> "Camera":
        if not self.shape:
            raise GeometryError("camera: it has no batch axes to index")
        shape = self.shape
        pose = self.world_to_camera
        bent = self.distortion
        return Camera(
            self.intrinsics.expand(*shape, 3, 3)[index],
            Pose(pose.rotation.expand(*shape, 3, 3), pose.translation.expand(*shape, 3))[index],
            self.width,
            self.height,
            None if bent is None else bent.expand(*shape, 5)[index],
        )

    def __repr__(self) -> str:
        first = self.intrinsics.detach().reshape(-1, 3, 3)
        lens = ""
        if first.shape[0]:
            fx, fy = float(first[0, 0, 0]), float(first[0, 1, 1])
            angle = math.degrees(2 * math.atan(self.width / (2 * fx)))
            lens = f"focal {fx:.4g} {fy:.4g} px ({angle:.3g} degrees wide)"
        parts = [
            f"{self.width}x{self.height}",
            f"{tuple(self.shape)} cameras" if self.shape else "",
            lens,
            "distorted" if self.distortion is not None else "",
            tensors.describe_place(self.intrinsics),
        ]
        return tensors.sentence("Camera", parts)
