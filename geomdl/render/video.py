"""Pictures one after the other, as an animated GIF or WebP, or as an MP4 by ffmpeg."""

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.render.image import over, to_bytes

ENDINGS = (".gif", ".webp", ".mp4")
QUALITY = 17  # constant rate factor of x264; lower is better


def save_video(path: str | Path, frames: Iterable[Tensor], fps: float) -> int:
    """Write linear images (H, W, 3|4) of one size as an endless film -> how many there were.

    The ending says how: .gif (256 colours a frame), .webp, or .mp4 (H.264, sizes made even).
    What is transparent is laid on white. Frames are taken one by one, and the file appears when
    it is whole. Raises GeometryError for other endings, no frames, and without an ffmpeg.
    """
    path = Path(path)
    expect_number("fps", fps, above=0)
    kind = path.suffix.lower()
    if kind not in ENDINGS:
        raise GeometryError(f"{path}: expected a name ending with .gif, .webp or .mp4")
    program = ffmpeg() if kind == ".mp4" else ""
    count = 0

    def counted() -> Iterator[np.ndarray]:
        nonlocal count
        for frame in frames:
            count += 1
            yield to_bytes(over(frame, torch.ones(3))[..., :3] if frame.shape[2] == 4 else frame)

    images = counted()
    first = next(images, None)
    if first is None:
        raise GeometryError("frames: expected at least one, got none")
    every = itertools.chain([first], images)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if program:
            _mp4(program, beside, every, first.shape[:2], fps)
        else:
            _animated(beside, every, kind, fps)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def find_ffmpeg() -> str | None:
    """The ffmpeg program: that of the package imageio-ffmpeg, or else one on the PATH."""
    if importlib.util.find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg

        with contextlib.suppress(RuntimeError):  # no program came with the package
            return str(imageio_ffmpeg.get_ffmpeg_exe())
    return shutil.which("ffmpeg")


def ffmpeg() -> str:
    """The ffmpeg program. Raises GeometryError where there is none."""
    found = find_ffmpeg()
    if found is None:
        raise GeometryError(
            "mp4: expected ffmpeg; `pip install imageio-ffmpeg`, or put ffmpeg on the PATH, or "
            "write a .webp"
        )
    return found


def _animated(path: Path, frames: Iterable[np.ndarray], kind: str, fps: float) -> None:
    pictures = (_paletted(frame) if kind == ".gif" else Image.fromarray(frame) for frame in frames)
    first = next(pictures)
    pause = max(round(1000 / fps), 20)
    written = {"quality": 88, "method": 2} if kind == ".webp" else {"optimize": False}
    name = kind[1:].upper()
    first.save(path, name, save_all=True, append_images=pictures, duration=pause, loop=0, **written)


def _paletted(frame: np.ndarray) -> Image.Image:
    """The 256 colours that suit a frame (H, W, 3), mixed by dots."""
    image = Image.fromarray(frame)
    best = image.quantize(256, method=Image.Quantize.MEDIANCUT)
    return image.quantize(256, palette=best, dither=Image.Dither.FLOYDSTEINBERG)


def _mp4(
    program: str, path: Path, frames: Iterable[np.ndarray], size: tuple[int, ...], fps: float
) -> None:
    height, width = size
    even = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white,scale=out_color_matrix=bt709:out_range=tv"
    command = [
        program, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
        "-s", f"{width}x{height}", "-r", f"{fps:g}", "-i", "-", "-an", "-vf", even,
        "-c:v", "libx264", "-crf", str(QUALITY), "-pix_fmt", "yuv420p",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1",
        "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        try:
            for frame in frames:
                running.stdin.write(np.ascontiguousarray(frame).tobytes())
            running.stdin.close()
        except BrokenPipeError:
            with contextlib.suppress(BrokenPipeError):  # closing writes what is left
                running.stdin.close()
        except BaseException:
            running.kill()
            raise
        said = running.stderr.read().decode(errors="replace").strip()
        if running.wait() != 0:
            raise GeometryError(f"mp4: {program} failed: {said or running.returncode}")
