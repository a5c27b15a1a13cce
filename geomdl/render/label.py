"""Words and legends on pictures, the only part that needs a font (Pillow's own)."""

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from geomdl.render.colormap import ramp
from geomdl.render.image import over
from geomdl.structures.srgb import from_srgb


def write(image: Tensor, text: str, size: int = 0, at: tuple[int, int] | None = None) -> Tensor:
    """Linear RGBA (H, W, 4) -> the same with text, dark on bright places and bright on dark ones.

    size: height of the letters in pixels, 0 for a thirtieth of the picture. at: left and top in
    pixels, by default the upper left corner.
    """
    height, width = image.shape[:2]
    size = size or max(height // 28, 10)
    left, top = at or (round(size * 0.7), round(size * 0.5))
    canvas = Image.new("L", (width, height), 0)
    font = ImageFont.load_default(size)
    draw = ImageDraw.Draw(canvas)
    draw.text((left, top), text, fill=255, font=font)
    x0, y0, x1, y1 = (max(int(v), 0) for v in draw.textbbox((left, top), text, font=font))
    behind = over(image, torch.ones(3))[y0 : y1 + 1, x0 : x1 + 1, :3]
    dark = behind.numel() == 0 or float(behind.mean()) > 0.18
    ink = torch.from_numpy(np.asarray(canvas).copy()).float()[..., None] / 255 * 0.85
    shade = from_srgb(torch.tensor([0.15] * 3 if dark else [0.95] * 3))
    return painted(image, shade.expand(height, width, 3), ink)


def legend(
    image: Tensor, limits: tuple[float, float], name: str, title: str, size: int = 0
) -> Tensor:
    """Linear RGBA (H, W, 4) -> the same with a bar of the ramp `name` and its limits."""
    height, width = image.shape[:2]
    size = size or max(height // 32, 9)
    long, thick = round(width * 0.3), max(size * 2 // 3, 4)
    left, top = width - long - 2 * size, height - thick - round(2.2 * size)
    colors = image.new_zeros(height, width, 3)
    ink = image.new_zeros(height, width, 1)
    colors[top : top + thick, left : left + long] = ramp(torch.linspace(0, 1, long), 0, 1, name)
    ink[top : top + thick, left : left + long] = 1
    image = painted(image, colors, ink)
    font = ImageFont.load_default(size)
    below = top + thick + size // 4
    low, high = (f"{v:.3g}" for v in limits)
    image = write(image, low, size, (left, below))
    image = write(image, high, size, (left + long - round(font.getlength(high)), below))
    middle = left + (long - round(font.getlength(title))) // 2
    return write(image, title, size, (middle, top - round(1.4 * size)))


def painted(image: Tensor, colors: Tensor, ink: Tensor) -> Tensor:
    """RGBA (H, W, 4) under colours (H, W, 3) of opacity ink (H, W, 1), with straight alpha."""
    alpha = image[..., 3:]
    covered = ink + alpha * (1 - ink)
    rgb = (colors * ink + image[..., :3] * alpha * (1 - ink)) / covered.clamp(min=1e-6)
    return torch.cat([rgb, covered], -1)
