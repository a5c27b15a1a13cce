"""What stands in COLMAP's files, before it becomes cameras and clouds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Name and number of parameters, in the order of COLMAP's model ids.
MODELS = (
    *(("SIMPLE_PINHOLE", 3), ("PINHOLE", 4), ("SIMPLE_RADIAL", 4), ("RADIAL", 5), ("OPENCV", 8)),
    *(("OPENCV_FISHEYE", 8), ("FULL_OPENCV", 12), ("FOV", 5), ("SIMPLE_RADIAL_FISHEYE", 4)),
    *(("RADIAL_FISHEYE", 5), ("THIN_PRISM_FISHEYE", 12)),
)
PARAMETERS = dict(MODELS)


@dataclass(frozen=True)
class CameraRecord:
    """One line of cameras.txt."""

    key: int
    model: str
    width: int
    height: int
    parameters: tuple[float, ...]


@dataclass(frozen=True)
class ImageRecord:
    """The first line of an image: world to camera as quaternion w x y z and translation."""

    key: int
    quaternion: tuple[float, ...]
    translation: tuple[float, ...]
    camera: int
    name: str


@dataclass(frozen=True)
class PointRecords:
    """Positions (N, 3), colours (N, 3) uint8 and reprojection errors (N,) in pixels."""

    positions: NDArray[np.float64]
    colors: NDArray[np.uint8]
    errors: NDArray[np.float64]
