"""Pictures for a trained network, and what it says of their pixels as a picture."""

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core2d.errors import InputError
from core2d.files import replace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


@dataclass(frozen=True)
class Pictures:
    """Picture files as the network of a run wants them."""

    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resized: bool

    ending = ".png"

    def read(self, path: Path) -> "Tensor":
        """A picture file -> (1, C, H, W) normalised. Raises InputError."""
        import torch
        from PIL import Image

        channels, height, width = self.shape
        if channels not in (1, 3):
            raise InputError(f"run: it wants {channels} channels, pictures have 1 or 3")
        picture = opened(path).convert("L" if channels == 1 else "RGB")
        if self.resized and picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling.BOX)
        values = np.asarray(picture, np.float32).reshape(picture.height, picture.width, channels)
        values = (values / 255 - np.array(self.mean)) / np.array(self.std)
        return torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))

    def write(self, path: Path, target: Path, chances: "Tensor", names: Sequence[str]) -> "Tensor":
        """Probabilities (K, H, W) as colours over the picture -> the share (K,) of each class."""
        from PIL import Image

        label = chances.argmax(0)
        colours = (palette(len(chances))[label.numpy()] * 255).astype(np.uint8)
        below = opened(path).convert("RGB")
        picture = Image.blend(below, Image.fromarray(colours), 0.5)
        replace(target, lambda part: picture.save(part, format="PNG"))
        return label.flatten().bincount(minlength=len(chances)) / label.numel()


def opened(path: Path) -> "Image":
    """A picture file, upright as its camera was held, with 8 bits a channel.

    Grey of 16 bits is scaled down, 65535 to 255: Pillow's own conversion cuts it off at 255. Raises
    InputError for what is no picture, or one of other numbers.
    """
    from PIL import Image, ImageOps

    try:
        picture = ImageOps.exif_transpose(Image.open(path))
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: no picture that can be read") from error
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture, np.uint32) // 257).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise InputError(f"{path}: expected 8 or 16 bits a channel, got mode {picture.mode!r}")
    return picture


def pictures_of(run: Path, data: Mapping[str, Any]) -> Pictures:
    """How pictures were given to the network of a run. Raises InputError."""
    shapes = data["shapes"]
    if "mean" not in data or len(shapes.get("image", ())) != 3:
        raise InputError(f"{run}: the network was not trained on pictures; use open_run in Python")
    return Pictures(
        shape=tuple(shapes["image"]),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        resized=not shapes.get("label"),
    )


def palette(count: int) -> np.ndarray:
    """Colours (count, 3) sRGB in 0..1 that are told apart: hues a golden section apart."""
    turns = [(0.6 + 0.618034 * k) % 1 for k in range(count)]
    return np.array([colorsys.hsv_to_rgb(turn, 0.8, 0.95) for turn in turns])
