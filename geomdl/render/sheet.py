"""Several views on one labelled sheet, and animations."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render.draw import Style, render
from geomdl.render.image import over, to_bytes
from geomdl.render.label import legend, write
from geomdl.render.layer import attribute_of, limits_of, scalar_of
from geomdl.render.splat import with_normals
from geomdl.render.viewpoint import (
    Shape,
    frame_of,
    frame_shape,
    is_interior,
    orbit,
    room_directions,
)
from geomdl.structures import Camera, Mesh, PointCloud

OBJECT_VIEWS = ("corner", "front", "right", "top")
ROOM_VIEWS = ("room", "room, left", "room, right", "top")
UNSCALED = ("own", "plain", "normal", "depth")


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
    adapted. up: 'x', 'y', 'z', with '-' for down, or a vector (3,). Scanned colours hold the light
    of the place already, so shadows on them are half as dark.
    """
    if isinstance(shape, PointCloud):
        shape = with_normals(shape)
    style = dataclasses.replace(style, up=frame_of(up)[2].tolist())
    names, directions = _directions(shape, views, up)
    placed = [frame_shape(shape, d, size=size, up=up) for d in directions]
    if not is_interior(shape):
        style = dataclasses.replace(style, floor=True)
    if style.color_by == "own" and shape.colors is not None:
        style = dataclasses.replace(style, shadow=style.shadow / 2)
    if style.color_by not in UNSCALED and style.limits is None:
        style = dataclasses.replace(style, limits=_limits(shape, style))
    for number, camera in enumerate(cameras):
        names.append(f"camera {number}")
        placed.append(_fitted(camera, size))
    panels = [render(shape, camera, style) for camera in placed]
    if labels and style.limits is not None:
        panels[0] = legend(panels[0], style.limits, style.ramp, style.color_by)
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
    if isinstance(shape, PointCloud):
        shape = with_normals(shape)
    style = dataclasses.replace(style, up=frame_of(up)[2].tolist())
    for camera in orbit(shape, frames, size=size, up=up):
        image = render(shape, camera, style)
        opaque = over(image, torch.ones(3))[..., :3]
        pictures.append(Image.fromarray(to_bytes(opaque)))
    pause = max(round(1000 * seconds / frames), 20)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=pause, loop=0)


def _directions(
    shape: Shape, views: Sequence[str | Sequence[float]] | None, up: Tensor | str | Sequence[float]
) -> tuple[list[str], list[str | Sequence[float]]]:
    """Names and directions of the wanted views, or of good ones for this shape."""
    if views is not None:
        return [v if isinstance(v, str) else " ".join(f"{x:g}" for x in v) for v in views], [*views]
    if isinstance(shape, Mesh) and is_interior(shape):
        return [*ROOM_VIEWS], [*room_directions(shape, up)]
    return [*OBJECT_VIEWS], [*OBJECT_VIEWS]


def _limits(shape: Shape, style: Style) -> tuple[float, float] | None:
    """The range of what colours the whole shape, so that all views share it; None for labels."""
    if isinstance(shape, Mesh) and style.color_by in shape.face_attributes:
        values = attribute_of(shape.face_attributes, style.color_by)
    else:
        values = scalar_of(shape, style.color_by, frame_of(style.up)[2])
    return limits_of(values) if values.is_floating_point() else None


def _fitted(camera: Camera, size: tuple[int, int]) -> Camera:
    """The view of a camera, as much of it as fits an image of another shape."""
    width, height = size
    scale = min(width / camera.width, height / camera.height)
    lens = camera.intrinsics.clone()
    lens[:2] *= scale
    lens[0, 2] += (width - camera.width * scale) / 2
    lens[1, 2] += (height - camera.height * scale) / 2
    return dataclasses.replace(camera, intrinsics=lens, width=width, height=height)
