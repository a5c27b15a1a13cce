"""Reading pictures on surfaces: bilinear, repeating, with mipmaps against shimmer."""

import torch
from torch import Tensor

from geomdl.structures.srgb import from_srgb


def pyramid(texture: Tensor) -> list[Tensor]:
    """Texture (H, W, 3|4) in sRGB -> linear halvings of it, the whole one first."""
    image = torch.cat([from_srgb(texture[..., :3].float()), texture[..., 3:].float()], -1)
    levels = [image]
    while min(image.shape[:2]) >= 2:
        image = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = image.unflatten(1, (-1, 2)).unflatten(0, (-1, 2)).mean((1, 3))
        levels.append(image)
    return levels


def sample(levels: list[Tensor], uv: Tensor, texels: Tensor) -> Tensor:
    """Levels of `pyramid`, uv (N, 2), texels per pixel (N,) -> colours (N, C).

    u runs right and v up; both repeat. texels is the width of a pixel's footprint in texels of
    the whole texture; the level is the one where that is about one.
    """
    level = texels.clamp(min=1).log2().round().long().clamp(max=len(levels) - 1)
    found = uv.new_zeros(len(uv), levels[0].shape[2])
    for number, image in enumerate(levels):
        here = (level == number).nonzero()[:, 0]
        if len(here):
            found[here] = bilinear(image, uv[here])
    return found


def bilinear(image: Tensor, uv: Tensor) -> Tensor:
    """Image (H, W, C), uv (N, 2) with v up -> colours (N, C), repeating beyond 0..1."""
    height, width = image.shape[:2]
    x = uv[:, 0] * width - 0.5
    y = (1 - uv[:, 1]) * height - 0.5
    left, top = x.floor(), y.floor()
    right_part, down_part = (x - left)[:, None], (y - top)[:, None]
    x0, y0 = left.long() % width, top.long() % height
    x1, y1 = (x0 + 1) % width, (y0 + 1) % height
    upper = torch.lerp(image[y0, x0], image[y0, x1], right_part)
    lower = torch.lerp(image[y1, x0], image[y1, x1], right_part)
    return torch.lerp(upper, lower, down_part)
