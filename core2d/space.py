"""What differs between spaces: the `Space` protocol, and `Dense(n)`, regular grids of n axes.

A network is written once against `Space` and lives wherever its features live: on dense grids of
one to three axes, on sparse voxels, on octrees. A *field* is what flows through it. On `Dense` it
is a tensor (B, C, *S); elsewhere it is an object of that space that holds values (N, C) and the
sites they belong to. Channels are axis 1 in both. Layers own their weights in torch's dense layout
(O, C/groups, *K), so one state dict moves between spaces.

The site rule of `conv`, `pool` and their adjoints: odd kernels are centred, even ones start at 0,
and a stride takes site c to floor(c / stride). On Dense this is "same" padding: extents divisible
by the stride are divided by it. Other padding exists on Dense alone, and elsewhere is refused.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core2d.errors import InputError, describe, expect_choice, expect_weighted
from core2d.padding import padded, same_sides
from core2d.resize import MODES, resize_dense

Field: TypeAlias = Any
Size: TypeAlias = int | Sequence[int]
Padding: TypeAlias = Literal["same"] | int | Sequence[int]
Kind: TypeAlias = Literal["max", "mean", "sum"]
Mode: TypeAlias = Literal["nearest", "linear", "cubic"]


class Space(ABC):
    """Where features live. Methods below `dense only` are refused by name on other spaces."""

    axes: int

    @abstractmethod
    def conv(
        self,
        x: Field,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
        padding: Padding = "same",
    ) -> Field:
        """Field (B, C, *S), weight (O, C/groups, *K) -> field (B, O, *S/stride). Correlation."""

    @abstractmethod
    def conv_transpose(
        self,
        x: Field,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        like: Field | None = None,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Field:
        """Field (B, C, *S), weight (C, O/groups, *K) -> field (B, O, ...) on the sites of `like`.

        The adjoint of `conv` from the sites of `like`; without `like`, onto all children.
        """

    @abstractmethod
    def pool(
        self,
        x: Field,
        size: Size,
        stride: Size | None = None,
        kind: Kind = "max",
        *,
        padding: Padding = "same",
        ceil: bool = False,
    ) -> Field:
        """Largest or mean value of the active sites under each window; stride defaults to size."""

    @abstractmethod
    def pool_indices(self, x: Field, size: Size, stride: Size | None = None) -> tuple[Field, Field]:
        """Max pooling, and where each maximum stood (for `unpool`)."""

    @abstractmethod
    def unpool(self, x: Field, indices: Field, like: Field) -> Field:
        """Values back to where `pool_indices` found them on the sites of `like`, zero elsewhere.

        The adjoint of max pooling: where windows overlap on one maximum, values add up.
        """

    @abstractmethod
    def resize(
        self, x: Field, like: Field | None = None, scale: int = 0, mode: Mode = "nearest"
    ) -> Field:
        """Interpolated onto the sites of `like`, or `scale` times as fine."""

    @abstractmethod
    def map(self, function: Callable[..., Tensor], *xs: Field) -> Field:
        """A function of values, pointwise or along axis 1, on fields of equal sites."""

    @abstractmethod
    def reduce(self, x: Field, kind: Kind = "mean") -> Tensor:
        """Field (B, C, *S) -> (B, C) over all sites of each sample."""

    @abstractmethod
    def broadcast(self, values: Tensor, like: Field) -> Field:
        """(B, C) -> a field with the sites of `like`, constant per sample."""

    @abstractmethod
    def group_norm(
        self,
        x: Field,
        groups: int,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        eps: float = 1e-5,
    ) -> Field:
        """Each group of channels of each sample to mean 0, variance 1 over all its sites."""

    @abstractmethod
    def tokens(self, x: Field) -> tuple[Tensor, Tensor | None]:
        """Field -> values (B, L, C) and which of them exist (B, L) bool; None where all do."""

    @abstractmethod
    def untokens(self, values: Tensor, like: Field) -> Field:
        """Values (B, L, C) -> a field with the sites of `like`: the inverse of `tokens`."""

    @abstractmethod
    def positions(self, x: Field) -> Tensor:
        """Where the tokens stand, in cells of their own level: (L, axes) or (B, L, axes) int64."""

    @abstractmethod
    def grow(self, x: Field, logits: Field, target: Field | None = None) -> Field:
        """Child sites where `logits` > 0, or where `target` has some; on Dense, all children."""

    @abstractmethod
    def randn_like(self, x: Field, generator: Generator | None = None) -> Field:
        """Standard normal values on the sites of x."""

    def concat(self, *xs: Field) -> Field:
        """Fields of equal sites side by side along the channels."""
        return self.map(lambda *values: torch.cat(values, 1), *xs)

    def blank(self, x: Field) -> Tensor:
        """Field (B, C, *S) -> zeros (B, C) of its dtype, on its device."""
        return torch.zeros_like(self.reduce(x, "sum"))

    def extent(self, x: Field) -> tuple[int, ...]:
        """Dense only: the spatial shape of a field."""
        raise self._dense_only("the extent of a field")

    def flatten(self, x: Field) -> Tensor:
        """Dense only: field (B, C, *S) -> (B, C * prod(S)), for fully connected layers."""
        raise self._dense_only("fully connected layers over all sites (flatten)")

    def adaptive_pool(self, x: Field, size: Size, kind: Kind = "mean") -> Field:
        """Dense only: pooled to exactly `size` sites per axis; any space at size 1 by `reduce`."""
        raise self._dense_only("pooling to a fixed number of sites (adaptive_pool)")

    def _dense_only(self, what: str) -> InputError:
        return InputError(f"space: {what} exists on Dense alone, got {type(self).__name__}")

    def sizes(self, name: str, value: Size, low: int = 1) -> tuple[int, ...]:
        """An int for all axes, or one per axis -> one per axis. Raises InputError."""
        sizes = (value,) * self.axes if isinstance(value, int) else tuple(value)
        if len(sizes) != self.axes or any(not isinstance(s, int) or s < low for s in sizes):
            wanted = f"an int >= {low}, or {self.axes} of them"
            raise InputError(f"{name}: expected {wanted}, got {value!r}")
        return sizes


class Dense(Space):
    """A regular grid of one, two or three axes; a field is a tensor (B, C, *S)."""

    CONV: ClassVar = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
    TRANSPOSED: ClassVar = {
        1: F.conv_transpose1d,
        2: F.conv_transpose2d,
        3: F.conv_transpose3d,
    }
    MAX: ClassVar = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
    MEAN: ClassVar = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
    ADAPTIVE: ClassVar[dict[str, Any]] = {
        "max": {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d},
        "mean": {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d},
    }

    def __init__(self, axes: int) -> None:
        if axes not in (1, 2, 3):
            raise InputError(f"axes: expected 1, 2 or 3, got {axes!r}")
        self.axes = axes

    def __repr__(self) -> str:
        return f"Dense({self.axes})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dense) and other.axes == self.axes

    def __hash__(self) -> int:
        return hash((Dense, self.axes))

    def extent(self, x: Tensor) -> tuple[int, ...]:
        if not isinstance(x, Tensor) or x.ndim != self.axes + 2:
            axes = " ".join(f"S{i + 1}" for i in range(self.axes))
            raise InputError(f"x: expected a tensor (B C {axes}), got {describe(x)}")
        return tuple(x.shape[2:])

    def conv(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
        padding: Padding = "same",
    ) -> Tensor:
        self.extent(x)
        expect_weighted(x, weight, weight.shape[1] * groups)
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        x, pads = self._padded(x, weight.shape[2:], steps, holes, padding, 0.0)
        return self.CONV[self.axes](x, weight, bias, steps, pads, holes, groups)

    def conv_transpose(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        like: Tensor | None = None,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Tensor:
        self.extent(x)
        expect_weighted(x, weight, len(weight))
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        wanted = (
            tuple(n * s for n, s in zip(self.extent(x), steps, strict=True))
            if like is None
            else self.extent(like)
        )
        starts, tails = [], []
        for n, out, k, s, d in zip(
            self.extent(x), wanted, weight.shape[2:], steps, holes, strict=True
        ):
            starts.append(same_sides(k, s, d)[0])
            tails.append(out - ((n - 1) * s + d * (k - 1) + 1 - starts[-1]))  # < 0: cut, > 0: zeros
            if not (n - 1) * s < out < (n + 1) * s:
                span = f"{(n - 1) * s + 1} to {(n + 1) * s - 1}"
                raise InputError(f"like: {n} sites at stride {s} come from {span}, got {out}")
        symmetric = all(0 <= t + p < s for t, p, s in zip(tails, starts, steps, strict=True))
        transposed = self.TRANSPOSED[self.axes]
        if symmetric:  # the centred case in one call, as torch's padding and output_padding
            extra = tuple(t + p for t, p in zip(tails, starts, strict=True))
            return transposed(x, weight, bias, steps, tuple(starts), extra, groups, holes)
        y = transposed(x, weight, None, steps, 0, 0, groups, holes)
        pads = [n for p, t in zip(reversed(starts), reversed(tails), strict=True) for n in (-p, t)]
        y = F.pad(y, pads)
        return y if bias is None else y + bias.view(-1, *(1,) * self.axes)

    def pool(
        self,
        x: Tensor,
        size: Size,
        stride: Size | None = None,
        kind: Kind = "max",
        *,
        padding: Padding = "same",
        ceil: bool = False,
    ) -> Tensor:
        self.extent(x)
        expect_choice("kind", kind, ("max", "mean"))
        sizes = self.sizes("size", size)
        steps = sizes if stride is None else self.sizes("stride", stride)
        ones = (1,) * self.axes
        if kind == "max":
            x, pads = self._padded(x, sizes, steps, ones, padding, -math.inf)
            return self.MAX[self.axes](x, sizes, steps, pads, ones, ceil)
        whole = x
        x, pads = self._padded(x, sizes, steps, ones, padding, 0.0)
        mean = self.MEAN[self.axes]
        held = torch.ones_like(whole[:1, :1])  # becomes how many true cells each window holds
        if x is not whole:
            held, _ = self._padded(held, sizes, steps, ones, padding, 0.0)
        elif all(n >= k for n, k in zip(self.extent(x), sizes, strict=True)):
            return mean(x, sizes, steps, pads, ceil, count_include_pad=False)
        else:  # torch refuses a window wider than a grid of three axes, padded or not
            sides = [n for pad in reversed(pads) for n in (pad, pad)]
            x, held, pads = F.pad(x, sides), F.pad(held, sides), (0,) * self.axes
        return mean(x, sizes, steps, pads, ceil) / mean(held, sizes, steps, pads, ceil)

    def pool_indices(
        self, x: Tensor, size: Size, stride: Size | None = None
    ) -> tuple[Tensor, Tensor]:
        sizes = self.sizes("size", size)
        steps = sizes if stride is None else self.sizes("stride", stride)
        ones = (1,) * self.axes
        padded, pads = self._padded(x, sizes, steps, ones, "same", -math.inf)
        if padded is not x:
            raise InputError("size: indices need an odd size, or one equal to the stride")
        return self.MAX[self.axes](x, sizes, steps, pads, ones, return_indices=True)

    def unpool(self, x: Tensor, indices: Tensor, like: Tensor) -> Tensor:
        shape = self.extent(like)
        flat = x.new_zeros(*x.shape[:2], math.prod(shape))
        flat = flat.scatter_add(2, indices.flatten(2), x.flatten(2))
        return flat.view(*x.shape[:2], *shape)

    def resize(
        self, x: Tensor, like: Tensor | None = None, scale: int = 0, mode: Mode = "nearest"
    ) -> Tensor:
        expect_choice("mode", mode, MODES)
        if (like is None) == (scale < 1):
            raise InputError("resize: expected either `like` or `scale` >= 1")
        shape = self.extent(x if like is None else like)
        return resize_dense(x, [n * scale for n in shape] if like is None else list(shape), mode)

    def map(self, function: Callable[..., Tensor], *xs: Tensor) -> Tensor:
        if any(x.shape[2:] != xs[0].shape[2:] for x in xs[1:]):
            raise InputError(
                f"x: expected fields of equal sites, got {[tuple(x.shape) for x in xs]}"
            )
        return function(*xs)

    def reduce(self, x: Tensor, kind: Kind = "mean") -> Tensor:
        expect_choice("kind", kind, ("max", "mean", "sum"))
        flat = x.flatten(2)
        return flat.amax(2) if kind == "max" else flat.mean(2) if kind == "mean" else flat.sum(2)

    def blank(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape[:2])  # without a pass over the field

    def broadcast(self, values: Tensor, like: Tensor) -> Tensor:
        return values.view(*values.shape, *(1,) * self.axes).expand(-1, -1, *self.extent(like))

    def group_norm(
        self,
        x: Tensor,
        groups: int,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        eps: float = 1e-5,
    ) -> Tensor:
        return F.group_norm(x, groups, weight, bias, eps)

    def tokens(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        self.extent(x)
        return x.flatten(2).transpose(1, 2), None

    def untokens(self, values: Tensor, like: Tensor) -> Tensor:
        return values.transpose(1, 2).unflatten(2, self.extent(like))

    def positions(self, x: Tensor) -> Tensor:
        ranges = [torch.arange(n, device=x.device) for n in self.extent(x)]
        return torch.stack(torch.meshgrid(*ranges, indexing="ij"), -1).flatten(0, -2)

    def grow(self, x: Tensor, logits: Tensor, target: Tensor | None = None) -> Tensor:
        return self.resize(x, scale=2)

    def randn_like(self, x: Tensor, generator: Generator | None = None) -> Tensor:
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)

    def flatten(self, x: Tensor) -> Tensor:
        self.extent(x)
        return x.flatten(1)

    def adaptive_pool(self, x: Tensor, size: Size, kind: Kind = "mean") -> Tensor:
        expect_choice("kind", kind, ("max", "mean"))
        return self.ADAPTIVE[kind][self.axes](x, self.sizes("size", size))

    def _padded(
        self,
        x: Tensor,
        kernel: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
        padding: Padding,
        value: float,
    ) -> tuple[Tensor, tuple[int, ...]]:
        pads = None if padding == "same" else self.sizes("padding", padding, 0)
        return padded(x, kernel, stride, dilation, pads, value)


def as_space(space: Space | int) -> Space:
    """A Space as it is; an int n as Dense(n). Raises InputError."""
    if isinstance(space, Space):
        return space
    if isinstance(space, int) and not isinstance(space, bool):
        return Dense(space)
    raise InputError(f"space: expected a Space or a number of axes, got {describe(space)}")
