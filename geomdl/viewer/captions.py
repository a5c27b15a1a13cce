"""Words at their places and legends in the corner of a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
LIGHT: tuple[Colour, Colour] = ((255, 255, 255, 216), (38, 42, 48, 255))  # panel, ink
DARK: tuple[Colour, Colour] = ((24, 27, 32, 216), (232, 235, 240, 255))
STEPS = (0.0, 1.1, -1.1, 2.1, -2.1, 3.2, -3.2)  # heights of a word that it may be moved by
FINE = 2  # overlays are drawn larger and shrunk, for round corners


def captioned(
    image: Tensor, camera: Camera, words: Sequence[Words], legends: Sequence[Legend]
) -> Tensor:
    """Linear RGBA (H, W, 4) -> the same with words where the camera sees them, and legends.

    Dark on bright pictures and bright on dark ones. Words that would cover nearer ones move up or
    down a little, and into the picture.
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
    pills = _placed(_near_to_far(words, camera), draw, font, canvas.size)
    for pill in reversed(pills):
        _draw_pill(draw, pill, font, panel, ink)
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


@dataclass(frozen=True)
class Pill:
    """A word on a rounded ground: its middle, and half of the width and of the height."""

    text: str
    x: float
    y: float
    wide: float
    high: float

    def meets(self, other: "Pill") -> bool:
        """Whether they overlap."""
        apart = abs(self.x - other.x), abs(self.y - other.y)
        return apart[0] < self.wide + other.wide and apart[1] < self.high + other.high


def _near_to_far(words: Sequence[Words], camera: Camera) -> list[tuple[str, tuple[float, float]]]:
    """Texts and their places in pixels, of those in the picture, the nearest first."""
    seen = []
    for word in words:
        pixels, depth = camera.project(word.position.float()[None])
        x, y = pixels[0].tolist()
        if float(depth) > 0 and 0 <= x < camera.width and 0 <= y < camera.height:
            seen.append((float(depth), word.text, (x, y)))
    return [(text, place) for _, text, place in sorted(seen, key=lambda s: s[0])]


def _placed(
    words: Sequence[tuple[str, tuple[float, float]]],
    draw: ImageDraw.ImageDraw,
    font: Font,
    size: tuple[int, int],
) -> list[Pill]:
    """Pills for words, each as near to its place as the ones before leave room for."""
    pills: list[Pill] = []
    for text, (x, y) in words:
        x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font, anchor="mm")
        high = 0.9 * (y1 - y0)
        wide = (x1 - x0) / 2 + 0.55 * high
        left = min(max(x * FINE, wide), max(size[0] - wide, wide))
        tries = [
            Pill(text, left, min(max(y * FINE + step * high, high), size[1] - high), wide, high)
            for step in STEPS
        ]
        free = (one for one in tries if not any(map(one.meets, pills)))
        pills.append(next(free, tries[0]))
    return pills


def _draw_pill(
    draw: ImageDraw.ImageDraw, pill: Pill, font: Font, panel: Colour, ink: Colour
) -> None:
    low, high = (pill.x - pill.wide, pill.y - pill.high), (pill.x + pill.wide, pill.y + pill.high)
    draw.rounded_rectangle((*low, *high), radius=0.9 * pill.high, fill=panel)
    draw.text((pill.x, pill.y), pill.text, fill=ink, font=font, anchor="mm")


def _ramp(legend: Legend, font: Font, ink: Colour) -> Image.Image:
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


def _labels(legend: Legend, font: Font, ink: Colour, room: int) -> Image.Image:
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
