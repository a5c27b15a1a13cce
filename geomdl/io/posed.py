"""Photographs with cameras: what transforms.json and COLMAP files hold, in one shape."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.images import read_image
from geomdl.structures import Camera, PointCloud


@dataclass(frozen=True, eq=False)
class PosedImage:
    """A picture on the disk and the camera (OpenCV axes, world_to_camera) that took it."""

    path: Path
    camera: Camera

    def read(self) -> Tensor:
        """The picture (H, W, 3|4) float32 sRGB; the fourth channel is alpha.

        Raises GeometryError when its size is not that of the camera.
        """
        image = read_image(self.path)
        height, width = image.shape[:2]
        if (width, height) != (self.camera.width, self.camera.height):
            raise GeometryError(
                f"{self.path}: expected {self.camera.width}x{self.camera.height} pixels as the "
                f"camera has, got {width}x{height}"
            )
        return image


@dataclass(frozen=True, eq=False)
class PosedImages:
    """Posed pictures in the order of the file, and COLMAP's sparse points where there are any."""

    images: tuple[PosedImage, ...]
    points: PointCloud | None = None

    @property
    def cameras(self) -> Camera:
        """All cameras as one, stacked. Raises GeometryError when sizes differ."""
        return Camera.stack([image.camera for image in self.images])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> PosedImage:
        return self.images[index]

    def __repr__(self) -> str:
        points = "" if self.points is None else f", {len(self.points)} points"
        return f"PosedImages({len(self)} images{points})"


def distortion_tensor(values: list[float]) -> Tensor | None:
    """k1 k2 p1 p2 k3 -> (5,) float32, None where all are 0."""
    return torch.tensor(values, dtype=torch.float32) if any(values) else None


def pinhole(fx: float, fy: float, cx: float, cy: float) -> Tensor:
    """Intrinsics (3, 3) float32."""
    return torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float32)


def expect_plain(camera: Camera, place: str) -> tuple[float, float, float, float]:
    """fx, fy, cx, cy of one camera without skew, which the file formats have no place for."""
    k = camera.intrinsics.detach().cpu().double()
    if k.ndim != 2 or camera.world_to_camera.shape:
        raise GeometryError(f"{place}: expected one camera, got a batch {tuple(camera.shape)}")
    if float(k[0, 1]) != 0:
        raise GeometryError(f"{place}: skew {float(k[0, 1]):g} has no place in the file")
    return float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])
