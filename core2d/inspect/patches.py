"""The pieces of images that excite a channel most: what a unit has learned to look for.

Zeiler and Fergus 2014, figure 2: run many images through the network, take the sites of a channel
with the largest activations, at most one per image, and cut from the images what these sites see.
Dense grids of any number of axes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.inspect.receptive import receptive_field
from core2d.inspect.watch import frozen, run_to, space_of
from core2d.layers.arithmetic import Line


@dataclass(frozen=True)
class Patches:
    """The strongest sites of K channels, R of each, strongest first.

    image (K, R) int64: which image, counted over all batches. site (K, R, axes) int64: where in
    the layer's field. value (K, R): the activations. lines: what a site sees, per axis. extent:
    of the images.
    """

    channels: tuple[int, ...]
    image: Tensor
    site: Tensor
    value: Tensor
    lines: tuple[Line, ...]
    extent: tuple[int, ...]

    def boxes(self) -> Tensor:
        """First and past-the-last cell per axis (K, R, axes, 2) int64; may reach over the border.

        All boxes have one size. Where a site sees more than the image, its box is the image.
        """
        boxes = torch.empty(*self.site.shape, 2, dtype=torch.int64)
        for axis, (line, length) in enumerate(zip(self.lines, self.extent, strict=True)):
            if line.size >= length:
                boxes[..., axis, 0], boxes[..., axis, 1] = 0, length
            else:
                first = self.site[..., axis].double() * float(line.jump) + float(line.low)
                boxes[..., axis, 0] = first.ceil().long()
                boxes[..., axis, 1] = boxes[..., axis, 0] + int(line.size)
        return boxes

    def cut(self, images: Callable[[Tensor], Tensor], fill: float = 0.0) -> Tensor:
        """The patches (K, R, C, *box), `fill` beyond the border.

        images: numbers (N,) int64 -> those images (N, C, *extent), as they went in.
        """
        boxes = self.boxes().flatten(0, 1)  # (K R, axes, 2)
        pictures = images(self.image.flatten())
        patches = [cut(x, box, fill) for x, box in zip(pictures, boxes, strict=True)]
        return torch.stack(patches).unflatten(0, self.image.shape)


def cut(x: Tensor, box: Tensor, fill: float = 0.0) -> Tensor:
    """Image (C, *S), box (axes, 2) -> (C, *box), `fill` beyond the border."""
    patch = x.new_full((x.shape[0], *(box[:, 1] - box[:, 0]).tolist()), fill)
    into, out = [slice(None)], [slice(None)]
    for (low, high), length in zip(box.tolist(), x.shape[1:], strict=True):
        first, last = max(low, 0), max(min(high, length), max(low, 0))
        into.append(slice(first - low, last - low))
        out.append(slice(first, last))
    patch[tuple(into)] = x[tuple(out)]
    return patch


@torch.no_grad()
def top_patches(
    model: nn.Module,
    batches: Iterable[Tensor],
    layer: str,
    *,
    channels: Sequence[int] | None = None,
    count: int = 9,
) -> Patches:
    """Batches of images (B, C, *S) -> the `count` strongest sites of each channel of a layer.

    channels: which ones (default: all). Of equal activations the earlier image and site counts.
    Raises InputError where there are no images, or no such layer or channel.
    """
    expect_number("count", count, low=1)
    found: Patches | None = None
    seen = 0
    for x in batches:
        if found is None:
            found = _nothing(model, x, layer, channels)
        with frozen(model):
            field = run_to(model, x, layer)[:, list(found.channels)]
        best, place = field.flatten(2).max(2)  # (B, K)
        places = torch.stack(torch.unravel_index(place.T, field.shape[2:]), -1)  # (K, B, axes)
        number = torch.arange(seen, seen + len(x)).expand(len(found.channels), -1)
        value = torch.cat([found.value, best.T.cpu()], 1)
        order = value.sort(dim=1, descending=True, stable=True)[1][:, :count]
        found = replace(
            found,
            image=torch.cat([found.image, number], 1).gather(1, order),
            site=torch.cat([found.site, places.cpu()], 1).take_along_dim(order[..., None], 1),
            value=value.gather(1, order),
        )
        seen += len(x)
    if found is None or not seen:
        raise InputError("batches: expected at least one image, got none")
    return found


def _nothing(model: nn.Module, x: Tensor, layer: str, channels: Sequence[int] | None) -> Patches:
    """Patches of no image yet. Raises InputError."""
    space = space_of(model, x)
    with frozen(model):
        field = run_to(model, x, layer)
    axes, available = len(space.extent(field)), field.shape[1]
    wanted = tuple(range(available) if channels is None else channels)
    wrong = [channel for channel in wanted if not 0 <= channel < available]
    if wrong:
        raise InputError(f"channels: the layer has {available}, got {wrong[0]}")
    lines = receptive_field(model, layer, x)
    none = torch.empty(len(wanted), 0, dtype=torch.int64)
    sites = torch.empty(len(wanted), 0, axes, dtype=torch.int64)
    return Patches(wanted, none, sites, none.to(field.dtype), lines, space.extent(x))
