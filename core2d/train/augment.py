"""Random changes of whole batches, each a function Batch, Generator -> Batch.

"image" (B, C, *S) float in 0..1. Labels of pixels, (B, *S), are moved with their image; labels
of pictures, (B,), stay. Every example draws its own numbers, and the same generator state gives
the same batch. A recipe composes them: `crop(flip(batch, generator), generator, padding=4)`.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.train.recipe import Batch


def flip(batch: Batch, generator: Generator, *, axis: int = -1, chance: float = 0.5) -> Batch:
    """Mirror each example along a spatial axis (counted from the end) with that chance."""
    image = batch["image"]
    if not -(image.ndim - 2) <= axis <= -1:
        raise InputError(f"axis: expected -1 to {2 - image.ndim}, got {axis}")
    chosen = torch.rand(len(image), generator=generator) < chance

    def mirrored(x: Tensor, fill: float) -> Tensor:
        return torch.where(chosen.view(-1, *(1,) * (x.ndim - 1)), x.flip(axis), x)

    return _moved(batch, mirrored)


def crop(
    batch: Batch,
    generator: Generator,
    *,
    size: int | Sequence[int] | None = None,
    padding: int = 0,
) -> Batch:
    """Pad by `padding` on every side, then cut a window of `size` at a random place of each.

    Without a size the extent stays, which shifts by up to `padding` cells. What is padded is 0 in
    images and void in labels of pixels.
    """
    image = batch["image"]
    extents = image.shape[2:]
    sizes = tuple(extents) if size is None else _per_axis("size", size, len(extents))
    spare = [n + 2 * padding - s for n, s in zip(extents, sizes, strict=True)]
    if min(spare) < 0 or padding < 0:
        raise InputError(f"size: expected at most {tuple(extents)} + 2 * {padding}, got {sizes}")
    starts = [torch.randint(s + 1, (len(image),), generator=generator) for s in spare]
    every = torch.arange(len(image))

    def cut(x: Tensor, fill: float) -> Tensor:
        padded = F.pad(x, (padding,) * 2 * len(sizes), value=fill)
        for axis, window in enumerate(sizes):
            padded = padded.unfold(x.ndim - len(sizes) + axis, window, 1)
        places = padded.movedim(
            tuple(range(x.ndim - len(sizes), x.ndim)), tuple(range(1, len(sizes) + 1))
        )
        return places[(every, *starts)]

    return _moved(batch, cut)


def _moved(batch: Batch, change: Callable[[Tensor, float], Tensor]) -> Batch:
    """The same change of place for the image and, where it has the image's axes, the label."""
    image, label = batch["image"], batch.get("label")
    moved = {**batch, "image": change(image, 0.0)}
    if label is not None and label.ndim > 1:
        moved["label"] = change(label, VOID)
    return moved


def _per_axis(name: str, value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    sizes = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(sizes) != axes or min(sizes) < 1:
        raise InputError(f"{name}: expected a number >= 1, or {axes} of them, got {value}")
    return sizes
