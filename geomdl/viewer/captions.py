"""Words at their places and legends in the corner of a picture."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from geomdl.render.colormap import ramp
from geomdl.render.image import over, to_bytes
from geomdl.render.label import painted
from geomdl.structures import Camera
from geomdl.structures.srgb import from_srgb
from geomdl.viewer.drawing import Legend, Words

Colour = tuple[int, int, int, int]
LIGHT: tuple[Colour, Colour] = ((255, 255, 255, 216), (38, 42, 48, 255))  # panel, ink
DARK: tuple[Colour, Colour] = ((24, 27, 32, 216), (232, 235, 240, 255))
FINE = 2  # overlays are drawn larger and shrunk, for round corners


def captioned(
    image: Tensor, camera: Camera, words: Sequence[Words], legends: Sequence[Legend]
) -> Tensor:
    """Linear RGBA (H, W, 4) -> the same with words where the camera sees them, and legends.

    Dark on bright pictures and bright on dark ones.
    """
    if not words and not legends:
        return image
    height, width = image.shape[:2]
    bright = float(over(image, torch.ones(3))[:: max(height // 64, 1), ..., :3].mean()) > 0.18
    panel, ink = LIGHT if bright else DARK
    size = max(height // 36, 11) * FINE
    canvas = Image.new("RGBA", (width * FINE, height * FINE), (*panel[:3], 0))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size)
    for word in _far_to_near(words, camera):
        _pill(draw, word, font, panel, ink)
    bottom = canvas.height - size
    for legend in legends:
        block = _ramp(legend, font, ink) if legend.limits else _labels(legend, font, ink, bottom)
        left, top = canvas.width - block.width - 2 * size, bottom - block.height - size
        box = (left, top, canvas.width - size, bottom)
        draw.rounded_rectangle(box, radius=size // 2, fill=panel)
        canvas.alpha_composite(block, (max(left + size // 2, 0), max(top + size // 2, 0)))
        bottom = top - size // 2
    small = canvas.resize((width, height), Image.Resampling.BOX)
    pixels = torch.from_numpy(np.asarray(small).copy()).float() / 255
    return painted(image, from_srgb(pixels[..., :3]), pixels[..., 3:])


def _far_to_near(words: Sequence[Words], camera: Camera) -> list[tuple[str, tuple[float, float]]]:
    """Texts and their places in pixels, of those in the picture, the farthest first."""
    seen = []
    for word in words:
        pixels, depth = camera.project(word.position.float()[None])
        x, y = pixels[0].tolist()
        if float(depth) > 0 and 0 <= x < camera.width and 0 <= y < camera.height:
            seen.append((float(depth), word.text, (x, y)))
    return [(text, place) for _, text, place in sorted(seen, key=lambda s: -s[0])]


def _pill(
    draw: ImageDraw.ImageDraw,
    word: tuple[str, tuple[float, float]],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    panel: Colour,
    ink: Colour,
) -> None:
    """One word, centred at its place, on a rounded ground."""
    text, (x, y) = word
    x0, y0, x1, y1 = draw.textbbox((x * FINE, y * FINE), text, font=font, anchor="mm")
    high = y1 - y0
    box = (x0 - 0.5 * high, y0 - 0.4 * high, x1 + 0.5 * high, y1 + 0.4 * high)
    draw.rounded_rectangle(box, radius=0.8 * high, fill=panel)
    draw.text((x * FINE, y * FINE), text, fill=ink, font=font, anchor="mm")


def _ramp(
    legend: Legend, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, ink: Colour
) -> Image.Image:
    """Title, a bar of the ramp, and the numbers at its ends and in its middle."""
    size = round(getattr(font, "size", 11))
    low, high = legend.limits or (0.0, 1.0)
    long, thick = 13 * size, round(0.7 * size)
    block = Image.new("RGBA", (long + size, round(3.6 * size)), (*ink[:3], 0))
    draw = ImageDraw.Draw(block)
    draw.text((size // 2, 0), legend.title, fill=ink, font=font)
    colors = ramp(torch.linspace(0, 1, long), 0, 1, legend.ramp or "viridis")
    bar = Image.fromarray(to_bytes(colors[None])).resize((long, thick))
    mask = Image.new("L", bar.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, long - 1, thick - 1), thick // 3, fill=255)
    block.paste(bar, (size // 2, round(1.4 * size)), mask)
    for share, anchor in ((0.0, "la"), (0.5, "ma"), (1.0, "ra")):
        text = number_text(low + share * (high - low), high - low)
        at = (size // 2 + share * long, round(2.35 * size))
        draw.text(at, text, fill=ink, font=font, anchor=anchor)
    return block


def number_text(value: float, span: float) -> str:
    """A number of a scale that is `span` wide, to a hundredth of it, and no digit more."""
    digits = 2 - math.floor(math.log10(span)) if 0 < span < math.inf else 2
    if abs(value) >= 1e5 or digits > 6:
        return f"{value:.3g}"
    text = f"{round(value, digits):.{max(digits, 0)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _labels(
    legend: Legend, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, ink: Colour, room: int
) -> Image.Image:
    """Title, and the names beside their colours, in as many columns as the height asks for."""
    size = round(getattr(font, "size", 11))
    row = round(1.4 * size)
    names = [name for name, _ in legend.entries.values()]
    if legend.more:
        names.append(f"and {legend.more} more")
    rows = max(min(len(names), room // row - 4), 1)
    columns = -(-len(names) // rows)
    long = max([font.getlength(name) for name in names], default=0) + 2.2 * size
    wide = max(round(columns * long), round(font.getlength(legend.title)) + size)
    block = Image.new("RGBA", (wide, (rows + 1) * row), (*ink[:3], 0))
    draw = ImageDraw.Draw(block)
    draw.text((size // 2, 0), legend.title, fill=ink, font=font)
    colors = [color for _, color in legend.entries.values()]
    for number, name in enumerate(names):
        x, y = number // rows * long + size // 2, (number % rows + 1) * row
        if number < len(colors):
            red, green, blue = to_bytes(torch.tensor(colors[number]).view(1, 1, 3))[0, 0].tolist()
            swatch = (x, y + 0.1 * size, x + 0.9 * size, y + size)
            draw.rounded_rectangle(swatch, radius=size // 5, fill=(red, green, blue, 255))
        draw.text((x + 1.3 * size, y), name, fill=ink, font=font)
    return block
