"""Pictures: 8-bit colour and 16-bit depth, decoded under a limit on their size."""

import io
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.source import Source, is_file, read_bytes

MAX_PIXELS = 100_000_000
_MODES = {"1": "L", "L": "L", "LA": "RGBA", "RGB": "RGB", "RGBA": "RGBA"}


def decode_image(data: bytes, place: str) -> NDArray:
    """Bytes of a PNG, JPEG ... -> (H, W), (H, W, 3) or (H, W, 4), uint8, uint16 or int32.

    Raises GeometryError that starts with `place`, for what cannot be decoded or has over 100
    million pixels.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise GeometryError(
                    f"{place}: {width}x{height} pixels are over the limit of {MAX_PIXELS}"
                )
            if picture.mode.startswith("I"):
                values = np.asarray(picture)
                return values.astype(values.dtype.newbyteorder("="))
            clear = "transparency" in picture.info
            mode = "RGBA" if clear else _MODES.get(picture.mode, "RGB")
            return np.asarray(picture.convert(mode))
    except GeometryError:
        raise
    except Exception as error:  # decoders raise anything from SyntaxError to struct.error
        reason = str(error).replace("\n", " ")[:120] or type(error).__name__
        raise GeometryError(f"{place}: not a readable picture: {reason}") from error


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture, from its header."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return picture.size
    except Exception as error:
        raise GeometryError(f"{path}: not a readable picture: {str(error)[:120]}") from error


def read_image(path: str | Path) -> Tensor:
    """A picture -> (H, W, 3) or (H, W, 4) float32 sRGB in 0..1; the fourth channel is alpha."""
    path = Path(path)
    return _color(decode_image(read_bytes(path), str(path)))


class Textures:
    """The textures of one file: each decoded once, and all of them under a limit of memory."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: dict[object, Tensor] = {}
        self.size = 0

    def file(self, source: Source, name: str, place: str) -> Tensor | None:
        """The picture that `source` refers to, or None with a warning when it is missing.

        Raises GeometryError for broken pictures and for paths that lead out of the folder.
        """
        path = source.reference(name.strip(), place)
        if not is_file(path):
            warnings.warn(f"{source.path}: {place}: texture {name!r} is missing", stacklevel=3)
            return None
        if path not in self.found:
            self.keep(path, read_bytes(path), str(path))
        return self.found[path]

    def keep(self, key: object, data: bytes, place: str) -> Tensor:
        """Decode a picture (H, W, 3|4) float32 sRGB in 0..1, once for every key."""
        if key not in self.found:
            texture = _color(decode_image(data, place))
            self.size += texture.nbytes
            self.source.expect_unfold(place, self.size, ratio=1 << 20)
            self.found[key] = texture
        return self.found[key]


def encode_png(image: Tensor | NDArray) -> bytes:
    """(H, W, 3|4) uint8 or floats in 0..1, rounded to 8 bits, or (H, W) uint16 -> PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(_levels(image)).save(stream, format="PNG", compress_level=3)
    return stream.getvalue()


def encode_jpeg(image: Tensor | NDArray) -> bytes:
    """(H, W, 3) uint8 or floats in 0..1 -> JPEG of quality 95."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(_levels(image)).save(stream, format="JPEG", quality=95)
    return stream.getvalue()


def _levels(image: Tensor | NDArray) -> NDArray:
    values = image.detach().cpu().numpy() if isinstance(image, Tensor) else np.asarray(image)
    if values.dtype.kind == "f":
        values = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    if values.dtype not in (np.uint8, np.uint16):
        raise GeometryError(f"image: expected uint8, uint16 or floats, got {values.dtype.name}")
    return np.ascontiguousarray(values)


def texture_tensor(data: bytes, place: str) -> Tensor:
    """Bytes of a picture -> (H, W, 3|4) float32 sRGB in 0..1."""
    return _color(decode_image(data, place))


def _color(values: NDArray) -> Tensor:
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    top = 255.0 if values.dtype == np.uint8 else 65535.0
    return torch.from_numpy(values.astype(np.float32) / np.float32(top)).clamp(0, 1)
