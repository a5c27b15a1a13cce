"""Several views on one labelled sheet, and animations."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render.draw import Style, render
from geomdl.render.image import from_srgb, over, to_bytes
from geomdl.render.viewpoint import Shape, frame_of, frame_shape, is_interior, orbit
from geomdl.structures import Camera

OBJECT_VIEWS = ("corner", "front", "right", "top")
ROOM_VIEWS = ("above", "behind above", "top", "corner")


def picture(
    shape: Shape,
    views: Sequence[str | Sequence[float]] | None = None,
    size: tuple[int, int] = (640, 480),
    style: Style = Style(),  # noqa: B008
    *,
    up: Tensor | str | Sequence[float] = "z",
    cameras: Sequence[Camera] = (),
    labels: bool = True,
) -> Tensor:
    """Mesh or PointCloud -> linear RGBA (H, W, 4): views of it side by side.

    views: names of geomdl.render.VIEWS or directions; by default four that suit an object, or
    look from outside into a room through its culled walls and ceiling. size: (width, height) of
    each view in pixels. cameras: more views, from where the shape was scanned; their size is
    adapted. up: 'x', 'y', 'z', with '-' for down, or a vector (3,).
    """
    if views is None:
        views = ROOM_VIEWS if is_interior(shape) else OBJECT_VIEWS
    names = [v if isinstance(v, str) else " ".join(f"{x:g}" for x in v) for v in views]
    placed = [frame_shape(shape, view, size=size, up=up) for view in views]
    if style.floor is None and not is_interior(shape):
        style = dataclasses.replace(style, floor=frame_of(up)[2].tolist())
    for number, camera in enumerate(cameras):
        names.append(f"camera {number}")
        placed.append(_fitted(camera, size))
    panels = [render(shape, camera, style) for camera in placed]
    return sheet(panels, names if labels and len(panels) > 1 else [])


def sheet(panels: Sequence[Tensor], labels: Sequence[str] = (), columns: int = 0) -> Tensor:
    """Linear images (H, W, 4) of one size -> one image, row by row, labels in their corners.

    columns: 0 makes the sheet about square.
    """
    if len(panels) == 0:
        raise GeometryError("panels: expected at least one image, got none")
    if len({tuple(p.shape) for p in panels}) != 1:
        raise GeometryError(
            f"panels: expected one size, got {[tuple(p.shape) for p in panels][:4]}"
        )
    columns = columns or math.ceil(math.sqrt(len(panels)))
    drawn = [write(p, text) for p, text in zip(panels, labels, strict=True)] if labels else panels
    blank = torch.zeros_like(panels[0])
    blank[..., :] = panels[0][0, 0]
    filled = [*drawn, *[blank] * (-len(drawn) % columns)]
    rows = [torch.cat(filled[i : i + columns], 1) for i in range(0, len(filled), columns)]
    return torch.cat(rows, 0)


def write(image: Tensor, text: str, size: int = 0) -> Tensor:
    """Linear RGBA (H, W, 4) -> the same with text in its upper left corner."""
    height, width = image.shape[:2]
    size = size or max(height // 28, 10)
    canvas = Image.new("L", (width, height), 0)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(canvas).text((size * 0.7, size * 0.5), text, fill=255, font=font)
    ink = torch.from_numpy(np.asarray(canvas).copy()).float()[..., None] / 255 * 0.8
    behind = over(image, torch.ones(3))[..., :3].mean()
    shade = from_srgb(torch.tensor([0.15] * 3 if float(behind) > 0.18 else [0.92] * 3))
    alpha = image[..., 3:]
    covered = ink + alpha * (1 - ink)
    rgb = (shade * ink + image[..., :3] * alpha * (1 - ink)) / covered.clamp(min=1e-6)
    return torch.cat([rgb, covered], -1)


def turntable(
    shape: Shape,
    path: str | Path,
    *,
    frames: int = 36,
    size: tuple[int, int] = (320, 320),
    style: Style = Style(),  # noqa: B008
    up: Tensor | str | Sequence[float] = "z",
    seconds: float = 4.0,
) -> None:
    """Write an endless animated GIF or WebP of one turn around the shape."""
    path = Path(path)
    if path.suffix.lower() not in (".gif", ".webp"):
        raise GeometryError(f"{path}: expected a name ending with .gif or .webp")
    pictures = []
    for camera in orbit(shape, frames, size=size, up=up):
        image = render(shape, camera, style)
        opaque = over(image, torch.ones(3))[..., :3]
        pictures.append(Image.fromarray(to_bytes(opaque)))
    pause = max(round(1000 * seconds / frames), 20)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=pause, loop=0)


def _fitted(camera: Camera, size: tuple[int, int]) -> Camera:
    """The view of a camera, as much of it as fits an image of another shape."""
    width, height = size
    scale = min(width / camera.width, height / camera.height)
    lens = camera.intrinsics.clone()
    lens[:2] *= scale
    lens[0, 2] += (width - camera.width * scale) / 2
    lens[1, 2] += (height - camera.height * scale) / 2
    return dataclasses.replace(camera, intrinsics=lens, width=width, height=height)
