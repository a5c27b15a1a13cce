"""Pictures of all modes, and those that explode."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.io import source as source_module
from geomdl.io.images import (
    Textures,
    decode_image,
    encode_jpeg,
    encode_png,
    image_size,
    read_image,
)
from geomdl.io.source import Source


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("L", (3, 5)), ("RGB", (3, 5, 3)), ("RGBA", (3, 5, 4)), ("LA", (3, 5, 4)), ("P", (3, 5, 3))],
)
def test_modes(mode: str, shape: tuple[int, ...]) -> None:
    values = decode_image(saved(Image.new(mode, (5, 3), 1 if mode in "LP" else None)), "x")
    assert values.shape == shape
    assert values.dtype == np.uint8


def test_depth_keeps_its_16_bits(tmp_path: Path) -> None:
    depth = np.array([[0, 1, 1000], [65535, 40000, 7]], np.uint16)
    values = decode_image(encode_png(depth), "x")
    np.testing.assert_array_equal(values, depth)
    (tmp_path / "d.png").write_bytes(encode_png(depth))
    assert image_size(tmp_path / "d.png") == (3, 2)


def test_colour_as_tensor(tmp_path: Path) -> None:
    image = torch.arange(60).reshape(3, 5, 4) / 255
    (tmp_path / "a.png").write_bytes(encode_png(image))
    assert torch.equal(read_image(tmp_path / "a.png"), image)
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(torch.full((8, 8, 3), 0.5)))
    torch.testing.assert_close(
        read_image(tmp_path / "a.jpg"), torch.full((8, 8, 3), 0.5), atol=0.01, rtol=0
    )
    (tmp_path / "g.png").write_bytes(saved(Image.new("L", (4, 2), 51)))
    torch.testing.assert_close(read_image(tmp_path / "g.png"), torch.full((2, 4, 3), 0.2))


def bomb(width: int, height: int) -> bytes:
    """A PNG header of any size over almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_bombs_are_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in ((12_000, 12_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)):
            with pytest.raises(GeometryError, match=r"x: .*(limit|readable)"):
                decode_image(bomb(*size), "x")


@pytest.mark.parametrize("cut", [0, 4, 20, 60, -1])
def test_truncated_pictures(cut: int) -> None:
    data = saved(Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 30, 3), np.uint8)))
    with pytest.raises(GeometryError, match="x: not a readable picture"):
        decode_image(data[: cut if cut >= 0 else len(data) // 2], "x")


def test_textures_stay_in_the_folder(tmp_path: Path) -> None:
    source = Source(tmp_path / "a.mtl", b"", tmp_path)
    textures = Textures(source)
    (tmp_path / "b.png").write_bytes(encode_png(torch.zeros(2, 2, 3)))
    assert textures.file(source, " b.png ", "line 1") is not None
    with pytest.raises(GeometryError, match="outside"):
        textures.file(source, "../b.png", "line 1")
    with pytest.warns(UserWarning, match=r"line 1: texture 'c.png' is missing"):
        assert textures.file(source, "c.png", "line 1") is None


def test_odd_arrays_are_refused() -> None:
    with pytest.raises(GeometryError, match="image: expected uint8"):
        encode_png(np.zeros((2, 2), np.int64))


def test_textures_are_decoded_once_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source(tmp_path / "a.mtl", b"x", tmp_path)
    textures = Textures(source)
    (tmp_path / "b.png").write_bytes(encode_png(torch.zeros(100, 100, 3)))
    first = textures.file(source, "b.png", "")
    assert textures.file(source, "b.png", "") is first
    monkeypatch.setattr(source_module, "UNFOLD_BYTES", 200_000)
    with pytest.raises(GeometryError, match="unfolds to 240000 bytes"):
        textures.keep("other", (tmp_path / "b.png").read_bytes(), "x")
