"""DeepDream: an image that shows more and more of what a layer sees in it.

Mordvintsev, Olah, Tyka 2015, "Inceptionism: going deeper into neural networks": run the image to
a layer, take the activations themselves as their gradient (so that half their squared norm rises),
go back to the image and step along. Shallow layers bring out edges, deep ones objects. Octaves
repeat this from a small image to the full one, which gives structures of all sizes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.inspect.watch import frozen, run_to, space_of
from core2d.space import Space


@dataclass(frozen=True)
class Dream:
    """octaves of `scale` between extents, each with `steps` steps of mean absolute size `rate`.

    jitter: largest random shift of a step in cells, which hides the grid of strides. clip: largest
    absolute value of the image, 0 for none. normalised: whether a step is scaled to `rate`.
    """

    octaves: int = 4
    scale: float = 1.4
    steps: int = 10
    rate: float = 0.05
    jitter: int = 2
    clip: float = 0.0
    normalised: bool = True

    def __post_init__(self) -> None:
        expect_number("octaves", self.octaves, low=1)
        expect_number("scale", self.scale, above=1)
        expect_number("rate", self.rate, above=0)
        for name in ("steps", "jitter", "clip"):
            expect_number(name, getattr(self, name), low=0)


def deepdream(
    model: nn.Module,
    x: Tensor,
    layer: str,
    dream: Dream = Dream(),
    *,
    generator: Generator,
) -> Tensor:
    """Images (B, C, *S) on a dense grid -> images like them. Raises InputError."""
    space = space_of(model, x)
    extents = octaves(space.extent(x), dream.octaves, dream.scale)
    base, detail = x.detach(), x.new_zeros(*x.shape[:2], *extents[0])
    with frozen(model):
        for extent in extents:
            small = _resized(space, base, extent)
            image = small + _resized(space, detail, extent)
            for _ in range(dream.steps):
                image = _step(model, image, layer, dream, generator)
            detail = image - small
    if not bool(torch.isfinite(image).all()):
        raise InputError(f"rate: the image became infinite or NaN at {dream.rate}; try a smaller")
    return image


def octaves(extent: Sequence[int], count: int, scale: float) -> list[tuple[int, ...]]:
    """Extents from the smallest octave to the image itself. Raises InputError below 2 cells."""
    sizes = [tuple(round(n / scale**k) for n in extent) for k in reversed(range(count))]
    if min(sizes[0]) < 2:
        raise InputError(f"octaves: {count} of scale {scale} shrink {tuple(extent)} to {sizes[0]}")
    return sizes


def _step(
    model: nn.Module, image: Tensor, layer: str, dream: Dream, generator: Generator
) -> Tensor:
    axes = tuple(range(2, image.ndim))
    reach = dream.jitter
    shift = torch.randint(-reach, reach + 1, (len(axes),), generator=generator).tolist()
    leaf = image.roll(shift, axes).requires_grad_()
    with torch.enable_grad():
        activations = run_to(model, leaf, layer)
        (slope,) = torch.autograd.grad(0.5 * activations.square().sum(), leaf)
    slope = slope.roll([-s for s in shift], axes)
    if dream.normalised:
        size = slope.abs().mean(tuple(range(1, slope.ndim)), keepdim=True)
        slope = slope / size.clamp(min=1e-12)
    image = image + dream.rate * slope
    return image.clamp(-dream.clip, dream.clip) if dream.clip else image


def _resized(space: Space, x: Tensor, extent: tuple[int, ...]) -> Tensor:
    return space.resize(x, like=x.new_empty(1, 1, *extent), mode="linear")
