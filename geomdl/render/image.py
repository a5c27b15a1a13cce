"""Linear pictures: colours by name, compositing, downsampling, saving as sRGB."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core2d.files import replace
from geomdl.errors import GeometryError, expect_tensor
from geomdl.structures.srgb import from_srgb, to_srgb


def color(srgb: str) -> Tensor:
    """'#c8a878' -> linear colour (3,)."""
    digits = srgb.removeprefix("#")
    if len(digits) != 6 or any(d not in "0123456789abcdefABCDEF" for d in digits):
        raise GeometryError(f"color: expected '#rrggbb', got {srgb!r}")
    return from_srgb(torch.tensor([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]))


def over(image: Tensor, background: Tensor) -> Tensor:
    """Linear RGBA (H, W, 4) with straight alpha on colour (3,) or (H, W, 3) -> opaque RGBA.

    Mixed as sRGB, as browsers and picture viewers do with a transparent file.
    """
    alpha = image[..., 3:]
    mixed = to_srgb(image[..., :3]) * alpha + to_srgb(background.to(image)) * (1 - alpha)
    return torch.cat([from_srgb(mixed), torch.ones_like(alpha)], -1)


def shrink(image: Tensor, factor: int) -> Tensor:
    """Linear RGBA (H * factor, W * factor, 4), straight alpha -> box-filtered (H, W, 4)."""
    alpha = image[..., 3:]
    whole = torch.cat([image[..., :3] * alpha, alpha], -1)
    blocks = whole.unflatten(1, (-1, factor)).unflatten(0, (-1, factor))
    mean = blocks.mean((1, 3))
    return torch.cat([mean[..., :3] / mean[..., 3:].clamp(min=1e-6), mean[..., 3:]], -1)


def to_bytes(image: Tensor) -> np.ndarray:
    """Linear (H, W, 3|4) -> sRGB bytes (H, W, 3|4); alpha stays linear."""
    expect_tensor("image", image, "H W C", dtypes="float")
    if image.shape[2] not in (3, 4):
        raise GeometryError(f"image: expected 3 or 4 channels, got {image.shape[2]}")
    coded = torch.cat([to_srgb(image[..., :3]), image[..., 3:].clamp(0, 1)], -1)
    return (coded * 255).round().to(torch.uint8).detach().cpu().numpy()


def save_image(path: str | Path, image: Tensor) -> None:
    """Write a linear image (H, W, 3|4) as PNG, JPEG or WebP in sRGB, by the name's ending.

    JPEG has no alpha: the image is laid on white. Written beside the target and moved there, so
    that a killed run leaves no half picture. Raises GeometryError for other endings.
    """
    path = Path(path)
    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    if path.suffix.lower() not in formats:
        raise GeometryError(f"{path}: expected a name ending with {', '.join(formats)}")
    kind = formats[path.suffix.lower()]
    if kind == "JPEG" and image.ndim == 3 and image.shape[2] == 4:
        image = over(image, torch.ones(3))[..., :3]
    if image.ndim == 3 and image.shape[2] == 4 and bool((image[..., 3] >= 1).all()):
        image = image[..., :3]
    picture, options = Image.fromarray(to_bytes(image)), {"quality": 92} if kind == "JPEG" else {}
    replace(path, lambda part: picture.save(part, format=kind, **options))
