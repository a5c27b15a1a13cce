"""What part of the input one site of a layer sees, computed from the network itself.

The network runs on a space whose fields carry no values, only what each site reaches back to,
a `Line` of core2d.layers.arithmetic per axis. Every convolution, pooling or resizing changes its
three numbers. Any network that is written for core2d.space.Space can be asked, for any space: it
is the kernels and strides that count.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from core2d.inspect.watch import frozen, run_to, space_of
from core2d.layers.arithmetic import Line, Window
from core2d.space import Field, Kind, Mode, Padding, Size, Space


@dataclass(frozen=True)
class Reach:
    """A field that says what its sites see: a `Line` per axis, zeros (1, C, 1, ...) for values."""

    values: Tensor
    lines: tuple[Line, ...]


class ReachSpace(Space):
    """The space of `Reach` fields, for `axes` axes."""

    def __init__(self, axes: int) -> None:
        self.axes = axes

    def start(self, like: Tensor) -> Reach:
        """An input with the channels of (B, C): each site sees itself."""
        return Reach(self._zeros(like, like.shape[1]), (Line(),) * self.axes)

    def conv(
        self,
        x: Reach,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
        padding: Padding = "same",
    ) -> Reach:
        lines = self._window(x, weight.shape[2:], stride, dilation, padding)
        return Reach(self._zeros(weight, weight.shape[0]), lines)

    def conv_transpose(
        self,
        x: Reach,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        like: Reach | None = None,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Reach:
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        lines = []
        for line, k, s, d in zip(x.lines, weight.shape[2:], steps, holes, strict=True):
            pad = d * (k - 1) // 2 if k % 2 else 0
            # Output c reads q = (c + pad - d i) / s for i < k, where that is whole.
            low = line.low + (pad - d * (k - 1)) * line.jump / s
            lines.append(Line(line.jump / s, low, line.high + pad * line.jump / s))
        return Reach(self._zeros(weight, weight.shape[1] * groups), tuple(lines))

    def pool(
        self,
        x: Reach,
        size: Size,
        stride: Size | None = None,
        kind: Kind = "max",
        *,
        padding: Padding = "same",
        ceil: bool = False,
    ) -> Reach:
        sizes = self.sizes("size", size)
        return replace(x, lines=self._window(x, sizes, stride or size, 1, padding))

    def pool_indices(self, x: Reach, size: Size, stride: Size | None = None) -> tuple[Reach, Reach]:
        pooled = self.pool(x, size, stride)
        return pooled, pooled

    def unpool(self, x: Reach, indices: Reach, like: Reach) -> Reach:
        return self.resize(x, like)  # a value comes back somewhere in its window

    def resize(
        self, x: Reach, like: Reach | None = None, scale: int = 0, mode: Mode = "nearest"
    ) -> Reach:
        jumps = [line.jump / scale if like is None else line.jump for line in (like or x).lines]
        lines = []
        for line, jump in zip(x.lines, jumps, strict=True):
            low, high = _interpolated(line.jump / jump, mode)
            lines.append(Line(jump, line.low + low * line.jump, line.high + high * line.jump))
        return replace(x, lines=tuple(lines))

    def map(self, function: Callable[..., Tensor], *xs: Reach) -> Reach:
        jumps = {tuple(line.jump for line in x.lines) for x in xs}
        if len(jumps) > 1:
            raise InputError(f"x: expected fields of equal strides, got {jumps}")
        lines = []
        for beside in zip(*(x.lines for x in xs), strict=True):
            low, high = min(line.low for line in beside), max(line.high for line in beside)
            lines.append(Line(beside[0].jump, low, high))
        return Reach(function(*(x.values for x in xs)), tuple(lines))

    def reduce(self, x: Reach, kind: Kind = "mean") -> Tensor:
        return x.values.flatten(1)

    def broadcast(self, values: Tensor, like: Reach) -> Reach:
        lines = tuple(Line(line.jump, -math.inf, math.inf) for line in like.lines)
        return Reach(values.view(*values.shape, *(1,) * self.axes), lines)

    def group_norm(
        self,
        x: Reach,
        groups: int,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        eps: float = 1e-5,
    ) -> Reach:
        return x  # its mean and variance are of all sites, which is not counted

    def tokens(self, x: Reach) -> tuple[Tensor, Tensor | None]:
        raise _Whole

    def untokens(self, values: Tensor, like: Reach) -> Reach:
        raise _Whole

    def positions(self, x: Reach) -> Tensor:
        raise _Whole

    def flatten(self, x: Reach) -> Tensor:
        raise _Whole

    def adaptive_pool(self, x: Reach, size: Size, kind: Kind = "mean") -> Reach:
        raise _Whole

    def extent(self, x: Reach) -> tuple[int, ...]:
        raise InputError("model: its receptive field depends on the extent of the input")

    def grow(self, x: Reach, logits: Reach, target: Reach | None = None) -> Reach:
        return self.resize(x, scale=2)

    def randn_like(self, x: Reach, generator: Generator | None = None) -> Reach:
        return replace(x, lines=tuple(Line(line.jump) for line in x.lines))

    def _zeros(self, like: Tensor, channels: int) -> Tensor:
        return like.new_zeros(1, channels, *(1,) * self.axes)

    def _window(
        self, x: Reach, kernel: Sequence[int], stride: Size, dilation: Size, padding: Padding
    ) -> tuple[Line, ...]:
        """Lines after a window of `kernel` sites."""
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        pads = [d * (k - 1) // 2 if k % 2 else 0 for k, d in zip(kernel, holes, strict=True)]
        if padding != "same":
            pads = list(self.sizes("padding", padding, 0))
        windows = map(Window, kernel, steps, pads, holes)
        return tuple(line.after(each) for line, each in zip(x.lines, windows, strict=True))


def _interpolated(ratio: Fraction, mode: Mode) -> tuple[Fraction, Fraction]:
    """Fine cell c reads coarse cells c / ratio + low to c / ratio + high."""
    if ratio == 1:
        return Fraction(0), Fraction(0)
    if mode == "nearest":  # floor(c / ratio)
        return Fraction(1, ratio.numerator) - 1, Fraction(0)
    middle = (1 / ratio - 1) / 2  # centres at +0.5
    reach = (1 if mode == "linear" else 2) - Fraction(1, 2 * ratio.numerator)
    return middle - reach, middle + reach


class _Whole(Exception):
    """Every site is mixed with every other: what follows sees the whole input."""


def relocated(model: nn.Module, space: Space) -> nn.Module:
    """The same network and the same (shared) weights on another space."""
    known: dict[int, Any] = {id(value): value for value in model.parameters()}
    known |= {id(value): value for value in model.buffers()}
    for part in model.modules():
        there = getattr(part, "space", None)
        if isinstance(there, Space):
            known[id(there)] = space
    return copy.deepcopy(model, known)


def receptive_field(model: nn.Module, layer: str, x: Field) -> tuple[Line, ...]:
    """What one site of `layer` sees of an input like x (B, C, *S), per axis.

    Where a layer sees everything (after global pooling, fully connected layers, attention) the
    lines are infinite. Behind transposed convolutions and interpolation the field differs from
    site to site; the lines hold the largest. Raises InputError where there is no such layer, or
    where the network asks for the input's extent (U-Net's valid form).
    """
    space = space_of(model, x)
    moved = relocated(model, place := ReachSpace(space.axes))
    everything = (Line(Fraction(1), -math.inf, math.inf),) * space.axes
    try:
        with frozen(moved), torch.no_grad():
            output = run_to(moved, place.start(space.reduce(x)), layer)
    except _Whole:
        return everything
    return output.lines if isinstance(output, Reach) else everything
