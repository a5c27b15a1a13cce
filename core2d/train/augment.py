"""Random changes of whole batches, each a function Batch, Generator -> Batch.

"image" (B, C, *S) float in 0..1. Labels of pixels, (B, *S), are moved with their image; labels
of pictures, (B,), stay. Every example draws its own numbers, and the same generator state gives
the same batch. A recipe composes them: `crop(flip(batch, generator), generator, padding=4)`.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core2d.errors import InputError, describe, expect_number
from core2d.losses import VOID
from core2d.train.recipe import Batch

GREY = (0.299, 0.587, 0.114)  # luma of ITU-R BT.601


def flip(batch: Batch, generator: Generator, *, axis: int = -1, chance: float = 0.5) -> Batch:
    """Mirror each example along a spatial axis (counted from the end) with that chance."""
    image = batch["image"]
    if not 2 - image.ndim <= axis <= -1:
        raise InputError(f"axis: expected {2 - image.ndim} to -1, got {axis}")
    chosen = torch.rand(len(image), generator=generator) < chance

    def mirrored(x: Tensor, fill: float) -> Tensor:
        return torch.where(_per_example(chosen, x), x.flip(axis), x)

    return _moved(batch, mirrored)


def turn(batch: Batch, generator: Generator) -> Batch:
    """Turn each example by a multiple of 90 degrees in the plane of the last two axes.

    For squares without an up: slices, maps, views from above. Raises InputError.
    """
    image = batch["image"]
    if image.ndim < 4 or image.shape[-1] != image.shape[-2]:
        raise InputError(f"image: expected two last axes of equal size, got {describe(image)}")
    quarters = torch.randint(4, (len(image),), generator=generator)

    def turned(x: Tensor, fill: float) -> Tensor:
        x = torch.where(_per_example(quarters % 2 == 1, x), x.rot90(1, (-2, -1)), x)
        return torch.where(_per_example(quarters >= 2, x), x.flip(-2, -1), x)

    return _moved(batch, turned)


def crop(
    batch: Batch,
    generator: Generator,
    *,
    size: int | Sequence[int] | None = None,
    padding: int = 0,
) -> Batch:
    """Pad by `padding` on every side, then cut a window of `size` at a random place of each.

    Without a size the extent stays, so that examples are shifted by up to `padding` cells. What is
    padded is 0 in images and void in labels of pixels. Raises InputError for windows too large.
    """
    image = batch["image"]
    extents = image.shape[2:]
    axes = len(extents)
    sizes = tuple(extents) if size is None else _sizes(size, axes)
    spare = [n + 2 * padding - s for n, s in zip(extents, sizes, strict=True)]
    if min(spare) < 0 or padding < 0:
        raise InputError(f"size: expected at most {tuple(extents)} + 2 * {padding}, got {sizes}")
    starts = [torch.randint(s + 1, (len(image),), generator=generator) for s in spare]
    every = torch.arange(len(image))

    def cut(x: Tensor, fill: float) -> Tensor:
        windows = F.pad(x, (padding,) * 2 * axes, value=fill)
        for axis, size in zip(range(x.ndim - axes, x.ndim), sizes, strict=True):
            windows = windows.unfold(axis, size, 1)  # (B, [C], *places, *sizes), a view
        places = range(x.ndim - axes, x.ndim)
        return windows.movedim(tuple(places), tuple(range(1, axes + 1)))[(every, *starts)]

    return _moved(batch, cut)


def warp(
    batch: Batch,
    generator: Generator,
    *,
    rotation: float = 0.0,
    scale: float = 1.0,
    bend: float = 0.0,
    cells: int = 4,
) -> Batch:
    """Rotate by up to `rotation` radians, scale by 1/scale to scale, bend elastically.

    Images (B, C, H, W) linearly, labels of pixels by the nearest one; beyond the border both are
    mirrored. `bend` is the standard deviation, in pixels, of displacements drawn on a grid of
    `cells` x `cells` and interpolated by cubics (Ronneberger et al. 2015, section 3.1). Raises
    InputError.
    """
    image = batch["image"]
    if image.ndim != 4:
        raise InputError(f"image: expected (B C H W), got {describe(image)}")
    expect_number("scale", scale, low=1)
    expect_number("bend", bend, low=0)
    count, height, width = len(image), *image.shape[2:]
    angle = _uniform(count, -rotation, rotation, generator)
    factor = _uniform(count, -math.log(scale), math.log(scale), generator).exp()
    cos, sin = angle.cos() / factor, angle.sin() / factor
    aspect, zero = height / width, torch.zeros(count)
    rows = [torch.stack([cos, -sin * aspect, zero], 1), torch.stack([sin / aspect, cos, zero], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), [count, 1, height, width], align_corners=False)
    if bend > 0:
        knots = bend * torch.randn(count, 2, cells, cells, generator=generator)
        shift = F.interpolate(knots, (height, width), mode="bicubic", align_corners=False)
        pixels = torch.tensor([2 / width, 2 / height]).view(1, 2, 1, 1)  # of the extent -1 to 1
        grid = grid + (shift * pixels).movedim(1, -1)

    def sampled(x: Tensor, fill: float) -> Tensor:
        mode = "bilinear" if x.ndim == 4 else "nearest"
        field = x.view(count, -1, height, width).to(image.dtype)
        found = F.grid_sample(
            field, grid, mode=mode, padding_mode="reflection", align_corners=False
        )
        return found.view(x.shape).to(x.dtype)

    return _moved(batch, sampled)


def colour(
    batch: Batch,
    generator: Generator,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
) -> Batch:
    """Scale light, contrast and saturation, each by its own factor in 1 - range to 1 + range.

    Brightness scales towards black, contrast towards the mean grey of the picture, saturation
    (three channels alone) towards the grey of the pixel. What leaves 0..1 is cut off.
    """
    image = batch["image"]
    ranges = (("brightness", brightness), ("contrast", contrast), ("saturation", saturation))
    for name, value in ranges:
        if not 0 <= expect_number(name, value) <= 1:
            raise InputError(f"{name}: expected a range in 0 to 1, got {value}")
    factors = [
        _per_example(_uniform(len(image), 1 - value, 1 + value, generator), image)
        for _, value in ranges
    ]
    image = image * factors[0]
    if contrast:
        mean = _grey(image).flatten(1).mean(1)
        image = torch.lerp(_per_example(mean, image), image, factors[1])
    if saturation:
        if image.shape[1] != 3:
            raise InputError(f"saturation: expected 3 channels, got {describe(image)}")
        image = torch.lerp(_grey(image), image, factors[2])
    return {**batch, "image": image.clamp(0, 1)}


def cutout(batch: Batch, generator: Generator, *, size: int, fill: Sequence[float] = ()) -> Batch:
    """Replace a cube of `size` cells at a random place by `fill` (one per channel, or 0).

    Its centre is anywhere in the picture, so it may hang over the border. DeVries, Taylor 2017.
    """
    image = batch["image"]
    expect_number("size", size, low=1)
    inside = torch.ones(len(image), 1, *(1,) * (image.ndim - 2), dtype=torch.bool)
    for axis, extent in enumerate(image.shape[2:], 2):
        start = torch.randint(extent, (len(image), 1), generator=generator) - size // 2
        cell = torch.arange(extent)
        hit = (cell >= start) & (cell < start + size)  # (B, extent)
        inside = inside & hit.view(
            len(image), *(1,) * (axis - 1), extent, *(1,) * (image.ndim - 1 - axis)
        )
    colours = torch.tensor(tuple(fill) or (0.0,) * image.shape[1], dtype=image.dtype)
    colours = colours.view(1, -1, *(1,) * (image.ndim - 2))
    return {**batch, "image": torch.where(inside, colours, image)}


def mixup(batch: Batch, generator: Generator, *, alpha: float = 0.2) -> Batch:
    """Mix each image with another of the batch: share * own + (1 - share) * other.

    The share (B,) is drawn from Beta(alpha, alpha) and comes as "share"; the other's label as
    "other". The loss is share * loss(own) + (1 - share) * loss(other). Zhang et al. 2018.
    """
    image, label = batch["image"], batch["label"]
    expect_number("alpha", alpha, above=0)
    partner = torch.randperm(len(image), generator=generator)
    draws = torch._standard_gamma(torch.full((2, len(image)), alpha), generator=generator)
    share = draws[0] / draws.sum(0).clamp(min=torch.finfo(draws.dtype).tiny)
    mixed = torch.lerp(image[partner], image, _per_example(share, image))
    return {**batch, "image": mixed, "other": label[partner], "share": share}


def ten_crop(image: Tensor, size: int | Sequence[int]) -> Tensor:
    """Images (B, C, *S) -> their windows in the corners and in the middle, plain and mirrored.

    (V, B, C, *size) with V = 2 (2^axes + 1), ten in the plane. To test on: the mean of the
    predictions is better than that of the middle alone (Krizhevsky et al. 2012, section 4.1).
    """
    extents = image.shape[2:]
    sizes = _sizes(size, len(extents))
    spare = [n - s for n, s in zip(extents, sizes, strict=True)]
    if min(spare) < 0:
        raise InputError(f"size: expected at most {tuple(extents)}, got {sizes}")
    starts = [*itertools.product(*((0, n) for n in spare)), tuple(n // 2 for n in spare)]
    views = []
    for start in starts:
        window = tuple(slice(o, o + s) for o, s in zip(start, sizes, strict=True))
        views.append(image[(slice(None), slice(None), *window)])
    return torch.stack([*views, *(view.flip(-1) for view in views)])


def _moved(batch: Batch, change: Callable[[Tensor, float], Tensor]) -> Batch:
    """The same change of place for the image and, where it has the image's axes, the label."""
    image, label = batch["image"], batch.get("label")
    moved = {**batch, "image": change(image, 0.0)}
    if label is not None and label.ndim > 1:
        moved["label"] = change(label, VOID)
    return moved


def _per_example(values: Tensor, like: Tensor) -> Tensor:
    """(B,) -> (B, 1, ..., 1), to meet the examples of `like`."""
    return values.view(-1, *(1,) * (like.ndim - 1))


def _uniform(count: int, low: float, high: float, generator: Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def _grey(image: Tensor) -> Tensor:
    """(B, C, *S) -> luma (B, 1, *S); the mean of the channels unless there are three."""
    if image.shape[1] != 3:
        return image.mean(1, keepdim=True)
    return sum(w * image[:, i : i + 1] for i, w in enumerate(GREY))  # type: ignore[return-value]


def _sizes(size: int | Sequence[int], axes: int) -> tuple[int, ...]:
    sizes = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(sizes) != axes or min(sizes) < 1:
        raise InputError(f"size: expected a number >= 1, or {axes} of them, got {size}")
    return sizes
