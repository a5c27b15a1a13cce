"""transforms.json of NeRF (Blender), instant-ngp and nerfstudio.

The file holds camera to world in OpenGL axes (x right, y up, z backward); here cameras are OpenCV
with world_to_camera. The world stays as it is.
"""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from geomdl.errors import GeometryError
from geomdl.io.images import image_size
from geomdl.io.posed import PosedImage, PosedImages, distortion_tensor, expect_plain, pinhole
from geomdl.io.poses import rigid
from geomdl.io.source import Source, is_file, read_source, write_files
from geomdl.structures import Camera

_FLIP = torch.tensor([1.0, -1.0, -1.0])  # OpenGL to OpenCV, applied to the columns of R
_ENDINGS = ("", ".png", ".jpg", ".jpeg")
_MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE")
_BROWN = ("k1", "k2", "p1", "p2", "k3")


def load_transforms(path: str | Path, *, root: str | Path | None = None) -> PosedImages:
    """A transforms.json -> its frames with cameras and picture paths; pictures are not read.

    Per-frame intrinsics win over those of the file; sizes that it does not say are read from the
    pictures. Pictures must lie under `root`, by default the folder of the file.
    Raises GeometryError naming the frame.
    """
    source = read_source(path, root)
    try:
        document = json.loads(source.data)
    except (ValueError, RecursionError) as error:
        raise source.error("JSON", str(error)[:120]) from error
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, list) or not frames:
        raise source.error("frames", "expected a list of frames")
    shared = {key: value for key, value in document.items() if key != "frames"}
    images = []
    for index, frame in enumerate(frames):
        if not isinstance(frame, dict):
            raise source.error(f"frame {index}", "expected an object")
        images.append(_image(source, {**shared, **frame}, f"frame {index}"))
    return PosedImages(tuple(images))


def _image(source: Source, frame: dict[str, Any], place: str) -> PosedImage:
    name = frame.get("file_path")
    if not isinstance(name, str) or not name:
        raise source.error(place, "file_path: expected a name")
    picture = source.reference(name, place)
    found = (picture.with_name(picture.name + ending) for ending in _ENDINGS)
    picture = next((path for path in found if is_file(path)), picture)
    try:
        matrix = np.array(frame.get("transform_matrix"), dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        matrix = np.zeros(0)
    if matrix.shape == (3, 4):
        matrix = np.concatenate([matrix, [[0, 0, 0, 1]]])
    if matrix.shape != (4, 4):
        raise source.error(place, "transform_matrix: expected 4 x 4 numbers")
    to_world = rigid(matrix, f"{source.path}: {place}: transform_matrix")
    if to_world is None:
        raise source.error(place, "transform_matrix: NaN or infinite")
    turned = type(to_world)(to_world.rotation * _FLIP, to_world.translation)
    width, height = _number(source, frame, "w", place), _number(source, frame, "h", place)
    if width is None or height is None:
        width, height = image_size(picture)
    if min(width, height) < 1 or width != int(width) or height != int(height):
        raise source.error(place, f"w, h: expected whole pixels, got {width} x {height}")
    intrinsics, bent = _lens(source, frame, width, height, place)
    try:
        camera = Camera(intrinsics, turned.inverse(), int(width), int(height), bent)
    except GeometryError as error:
        raise source.error(place, str(error)) from error
    return PosedImage(picture, camera)


def _lens(
    source: Source, frame: dict[str, Any], width: float, height: float, place: str
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Intrinsics (3, 3) and distortion (5,), from focal lengths or fields of view."""
    model = frame.get("camera_model", "OPENCV")
    if model not in _MODELS or _number(source, frame, "k4", place) or frame.get("is_fisheye"):
        raise source.error(
            place, f"camera_model {str(model)[:40]!r}: expected one of {', '.join(_MODELS)}"
        )
    fx, fy = _number(source, frame, "fl_x", place), _number(source, frame, "fl_y", place)
    angle_x = _number(source, frame, "camera_angle_x", place)
    angle_y = _number(source, frame, "camera_angle_y", place)
    for angle in (angle_x, angle_y):
        if angle is not None and not 0 < angle < math.pi:
            raise source.error(place, f"camera_angle: expected 0 < radians < pi, got {angle}")
    if fx is None and angle_x is not None:
        fx = width / (2 * math.tan(angle_x / 2))
    if fy is None and angle_y is not None:
        fy = height / (2 * math.tan(angle_y / 2))
    fx, fy = fx if fx is not None else fy, fy if fy is not None else fx
    if fx is None or fy is None:
        raise source.error(place, "expected fl_x or camera_angle_x")
    cx, cy = _number(source, frame, "cx", place), _number(source, frame, "cy", place)
    brown = [_number(source, frame, key, place) or 0.0 for key in _BROWN]
    centre = width / 2 if cx is None else cx, height / 2 if cy is None else cy
    return pinhole(fx, fy, *centre), distortion_tensor(brown)


def _number(source: Source, frame: dict[str, Any], key: str, place: str) -> float | None:
    value = frame.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise source.error(place, f"{key}: expected a number, got {str(value)[:40]!r}")
    return float(value)


def save_transforms(path: str | Path, posed: PosedImages, *, overwrite: bool = False) -> None:
    """Write a transforms.json in nerfstudio's form; picture paths relative to its folder."""
    path = Path(path)
    frames = []
    for index, image in enumerate(posed.images):
        camera = image.camera
        fx, fy, cx, cy = expect_plain(camera, f"image {index}")
        pose = camera.camera_to_world.to(dtype=torch.float64)
        matrix = type(pose)(pose.rotation.cpu() * _FLIP.double(), pose.translation.cpu()).matrix()
        lens = {"fl_x": fx, "fl_y": fy, "cx": cx, "cy": cy, "w": camera.width, "h": camera.height}
        if camera.distortion is not None:
            lens |= dict(zip(_BROWN, camera.distortion.tolist(), strict=True))
        name = Path(os.path.relpath(image.path, path.parent)).as_posix()
        frames.append(({"file_path": name, "transform_matrix": matrix.tolist()}, lens))
    document: dict[str, Any] = {"camera_model": "OPENCV"}
    if frames and all(lens == frames[0][1] for _, lens in frames):
        document |= frames[0][1]
        document["frames"] = [frame for frame, _ in frames]
    else:
        document["frames"] = [{**frame, **lens} for frame, lens in frames]
    write_files({path: json.dumps(document, indent=1).encode()}, overwrite)
