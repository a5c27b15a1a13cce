"""Tensors as pictures: arrays (H, W, 3) of 0..1, sheets of many, files."""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core2d.errors import InputError, describe, expect_number

Picture = NDArray[np.float32]
PAPER = 1.0  # between the pictures of a sheet


def stretched(x: Tensor, *, each: bool = False, zero: bool = False) -> Tensor:
    """Values (N, C, *S) to 0..1: per channel over all of them, or `each` of the N by itself.

    zero: 0 becomes 0.5, and the scale is one for both signs. Constants become 0.5.
    """
    x = x.detach().float().cpu()
    axes = tuple(range(1, x.ndim)) if each else (0, *range(2, x.ndim))
    if zero:
        half = x.abs().amax(axes, keepdim=True).expand_as(x)
        return torch.where(half > 0, x / (2 * half.clamp(min=1e-30)) + 0.5, 0.5)
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    span = (high - low).expand_as(x)
    return torch.where(span > 0, (x - low) / span.clamp(min=1e-30), 0.5)


def flat(x: Tensor) -> Tensor:
    """Fields (N, C, *S) -> (N, C, H, W): of volumes the middle slice, of lines a bar of 8 rows."""
    if not 3 <= x.ndim <= 5:
        raise InputError(f"x: expected fields (N C *S) of 1 to 3 axes, got {describe(x)}")
    if x.ndim == 3:
        return x[:, :, None].expand(-1, -1, 8, -1)
    return x if x.ndim == 4 else x[:, :, x.shape[2] // 2]


def pictures(x: Tensor) -> list[Picture]:
    """Values in 0..1 (N, C, *S) -> N colour pictures (H, W, 3), or N C grey ones if C is not 3."""
    x = flat(x.detach().float().cpu()).clamp(0, 1)
    if x.shape[1] != 3:
        x = x.reshape(-1, 1, *x.shape[2:]).expand(-1, 3, -1, -1)
    return list(x.permute(0, 2, 3, 1).contiguous().numpy())


def sheet(x: Tensor, columns: int = 0, gap: int = 1) -> Picture:
    """Values in 0..1 (N, C, *S) -> one picture of all, row by row, `gap` white pixels between.

    columns: 0 for about as many as rows.
    """
    expect_number("columns", columns, low=0)
    shown = pictures(x)
    if not shown:
        raise InputError("x: expected at least one picture, got none")
    columns = min(len(shown), columns or math.ceil(math.sqrt(len(shown))))
    rows = math.ceil(len(shown) / columns)
    height, width = shown[0].shape[:2]
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    page = np.full(size, PAPER, np.float32)
    for index, picture in enumerate(shown):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        page[top : top + height, left : left + width] = picture
    return page


def filters(weight: Tensor, most: int = 16) -> tuple[Tensor, int]:
    """Weights (O, C, *K) -> values in 0..1 (N, 1 or 3, *K) and the columns of their sheet.

    Filters of 1 or 3 channels are one picture each, on a scale of their own. Of others the first
    `most` outputs are rows and the first `most` inputs columns, a scale per row. Zero is grey.
    """
    if not 3 <= weight.ndim <= 5:
        raise InputError(f"weight: expected (O C *K) of 1 to 3 axes, got {describe(weight)}")
    if weight.shape[1] in (1, 3):
        return stretched(weight, each=True, zero=True), 0
    rows = stretched(weight[:most, :most], each=True, zero=True)
    return rows.flatten(0, 1)[:, None], rows.shape[1]


def overlay(picture: Picture, drop: Tensor, full: float = 0.1) -> Picture:
    """A picture (H, W, 3) in grey, coloured where a map (H, W) is not 0: red above, blue below.

    full: the value that has the full colour, where the map has no larger one.
    """
    grey = torch.from_numpy(picture.mean(2)).mul(0.7).add(0.15)
    size = (1, 1, *grey.shape)
    part = F.interpolate(drop.detach().float().cpu()[None, None], size[2:], mode="nearest")[0, 0]
    share = (part / part.abs().max().clamp(min=full)).clamp(-1, 1)
    red, blue = share.clamp(min=0), (-share).clamp(min=0)
    channels = (
        grey + (1 - grey) * red - grey * blue,
        grey * (1 - red - blue),
        grey + (1 - grey) * blue - grey * red,
    )
    return torch.stack(channels, 2).clamp(0, 1).numpy()


def enlarged(picture: Picture, side: int) -> Picture:
    """Pixels repeated a whole number of times, so that the longer side is at least `side`."""
    times = max(1, math.ceil(side / max(picture.shape[:2])))
    return picture.repeat(times, 0).repeat(times, 1)


def save_picture(path: Path, picture: Picture, side: int = 0) -> None:
    """Write a picture (png, jpg), its longer side at least `side` pixels."""
    from PIL import Image

    pixels = np.rint(enlarged(picture, side) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=92)
