"""Cameras as pyramids with their photographs."""

import warnings
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.images import MAX_PIXELS
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.structures import Camera
from geomdl.viewer.drawing import Part, Photo
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Scene

LONGEST = 480  # pixels of a photograph on its longer side
_ALL = 96  # megabytes of photographs of one item, decoded; many become smaller
_WORKERS = 4


def camera_parts(
    scene: Scene,
    item_name: str,
    cameras: PosedImages | Camera,
    look: Look,
    *,
    extent: float | None = None,
) -> list[Part]:
    """A pyramid for every camera of item `item_name`, with its photograph where look.photos.

    Photographs are made small and kept in the scene's cache; what is transparent in them is white.
    One that cannot be read is left out, with a warning. extent: the diagonal (metres) of what is
    looked at; pyramids are no deeper than a 12th of it.
    """
    if not look.cameras:
        return []
    frame = scene.frame_of(scene[item_name], look.frame)
    root: Hashable = ("cameras", item_name, frame)
    each = scene.cache.get(root, lambda: single_cameras(cameras))
    size = look.camera_size or scene.cache.get(
        ("pyramids", item_name, extent),
        lambda: pyramid_size(_of_all_frames(scene, item_name), extent),
    )
    photos: Sequence[Tensor | None] = [None] * len(each)
    if look.photos and isinstance(cameras, PosedImages):
        longest = longest_side(len(each))
        photos = scene.cache.get((root, "photos"), lambda: read_photos(cameras.images, longest))
    parts: list[Part] = []
    for number, (camera, image) in enumerate(zip(each, photos, strict=True)):
        key = (root, number, size, image is not None)
        name = f"{item_name}/camera {number}"
        parts.append(Photo(name, item_name, key, camera, float(size), image))
    return parts


def single_cameras(cameras: PosedImages | Camera) -> list[Camera]:
    """Posed images, or a camera with any batch axes -> cameras without batch axes, on the CPU."""
    if isinstance(cameras, PosedImages):
        return [image.camera.to("cpu", torch.float32) for image in cameras.images]
    if not cameras.shape:
        return [cameras.to("cpu", torch.float32)]
    return [single for index in range(len(cameras)) for single in single_cameras(cameras[index])]


def pyramid_size(cameras: Sequence[Camera], extent: float | None = None) -> float:
    """A depth (metres) of pyramids at which neighbours hardly touch.

    The median distance of cameras to the next one, between a 25th and a 12th of the extent; by
    default the extent is twice that of the cameras. One alone: a 12th, or 1 without an extent.
    """
    centres = torch.stack([camera.centre for camera in cameras]) if cameras else torch.zeros(0, 3)
    if extent is None:
        extent = 2 * float((centres.amax(0) - centres.amin(0)).norm()) if len(centres) else 0.0
    if extent <= 0:
        return 1.0
    sample = centres[:: max(len(centres) // 1000, 1)]
    apart = torch.cdist(sample, centres)
    apart[apart < 1e-6 * extent] = torch.inf  # itself, and those at the same place
    nearest = apart.amin(1) if len(sample) else apart.flatten()
    nearest = nearest[nearest.isfinite()]
    between = float(nearest.median()) if len(nearest) else torch.inf
    return min(max(between, extent / 25), extent / 12)


def longest_side(count: int) -> int:
    """The longer side (pixels) of `count` photographs, so that all of them stay small."""
    pixels = _ALL * 1e6 / (12 * max(count, 1))  # float32 rgb, at most square
    return max(min(int(pixels**0.5), LONGEST), 96)


def read_photos(images: Sequence[PosedImage], longest: int) -> list[Tensor | None]:
    """Pictures -> small ones (H, W, 3) float32 sRGB; None, and one warning, for broken ones."""
    with ThreadPoolExecutor(_WORKERS) as workers:
        read = list(workers.map(partial(_tried, longest=longest), images))
    broken = [error for error in read if isinstance(error, GeometryError)]
    if broken:
        warnings.warn(
            f"{len(broken)} of {len(images)} photographs are left out: {broken[0]}", stacklevel=2
        )
    return [photo if isinstance(photo, Tensor) else None for photo in read]


def read_photo(image: PosedImage, longest: int) -> Tensor:
    """A picture -> (H, W, 3) float32 sRGB in 0..1, at most `longest` pixels on its longer side.

    It may have any size with the proportions of the camera. Raises GeometryError.
    """
    path, camera = image.path, image.camera
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise GeometryError(f"{path}: {width}x{height} pixels are over {MAX_PIXELS}")
            if abs(width * camera.height - height * camera.width) > 0.02 * width * camera.height:
                raise GeometryError(
                    f"{path}: expected the proportions of the camera, "
                    f"{camera.width}x{camera.height}, got {width}x{height}"
                )
            picture.thumbnail((longest, longest))  # a JPEG is decoded small at once
            return _color(picture)
    except GeometryError:
        raise
    except Exception as error:  # decoders raise anything from SyntaxError to struct.error
        reason = getattr(error, "strerror", None) or str(error)[:120] or type(error).__name__
        raise GeometryError(f"{path}: not a readable picture: {reason}") from error


def _color(picture: Image.Image) -> Tensor:
    """On white where it is transparent."""
    if picture.mode.startswith("I"):
        levels = np.asarray(picture, np.float32)[..., None].repeat(3, 2)
        return torch.from_numpy(levels / np.float32(65535)).clamp(0, 1)
    clear = "A" in picture.mode or "transparency" in picture.info
    levels = np.asarray(picture.convert("RGBA" if clear else "RGB"), np.float32) / np.float32(255)
    if clear:
        levels = levels[..., :3] * levels[..., 3:] + (1 - levels[..., 3:])
    return torch.from_numpy(np.ascontiguousarray(levels))


def _tried(image: PosedImage, longest: int) -> Tensor | GeometryError:
    try:
        return read_photo(image, longest)
    except GeometryError as error:
        return error


def _of_all_frames(scene: Scene, item_name: str) -> list[Camera]:
    """The cameras of all frames that are read already, so that all frames have one size."""
    cameras = []
    for shape in scene[item_name].frames:
        if isinstance(shape, PosedImages | Camera):
            cameras += single_cameras(shape)
    return cameras
