"""SparseSpace: networks of core2d on sparse voxels, unchanged.

A field is a `SparseField`: values (N, C) and the sites they stand at. Only sites are computed and
only sites are read, so time and memory go with their number, not with the extent of the grid.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, get_args

import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torch.nn.utils.rnn import pad_sequence

from core2d.errors import expect_choice
from core2d.space import Kind, Mode, Padding, Size, Space
from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.nn.sites import Sites, Steps
from geomdl.nn.sparse_conv import Multiply, convolve, convolve_transposed, expect_channels
from geomdl.nn.sparse_field import SparseField, expect_field, field_of, voxels_of
from geomdl.nn.sparse_interpolate import resized
from geomdl.nn.sparse_pool import largest_rows, over_items, values_at, window_means
from geomdl.ops.neighbors import take_rows
from geomdl.ops.sparse import gather_conv
from geomdl.structures import SparseVoxels

Rule: TypeAlias = Literal["parent", "reach", "dilate"]


class SparseSpace(Space):
    """Sparse voxels of one to four axes.

    rule: which sites come out of a kernel. parent: floor(site / stride), so stride 1 keeps the
    sites (submanifold), as MinkowskiEngine and octrees do. reach: with stride, every site whose
    kernel touches one, as spconv does; stride 1 keeps the sites. dilate: every site that a kernel
    touches, at stride 1 as well: the plain sparse convolution, whose sites grow with every layer.
    Paddings other than "same" exist for the last two, which then start their kernels there.
    multiply: who computes the sums; `geomdl.nn.spconv_bridge.gather_conv` hands them to spconv.
    """

    def __init__(
        self, axes: int, rule: Rule = "parent", *, multiply: Multiply = gather_conv
    ) -> None:
        if axes not in (1, 2, 3, 4):
            raise GeometryError(f"axes: expected 1 to 4, got {axes!r}")
        expect_choice("rule", rule, get_args(Rule))
        if not callable(multiply):
            raise GeometryError(f"multiply: expected a function as gather_conv, got {multiply!r}")
        self.axes, self.rule, self.multiply = axes, rule, multiply

    def __repr__(self) -> str:
        rule = "" if self.rule == "parent" else f", rule={self.rule!r}"
        return f"SparseSpace({self.axes}{rule})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseSpace):
            return False
        mine, others = (self.axes, self.rule), (other.axes, other.rule)
        return mine == others and self.multiply is other.multiply

    def __hash__(self) -> int:
        return hash((SparseSpace, self.axes, self.rule))

    def field(self, voxels: SparseVoxels, extent: Sequence[int] | None = None) -> SparseField:
        """SparseVoxels -> field; extent as in `field_of`. Raises GeometryError for other axes."""
        if not isinstance(voxels, SparseVoxels):
            raise GeometryError(f"voxels: expected SparseVoxels, got {describe(voxels)}")
        if voxels.coordinates.shape[1] != self.axes:
            raise GeometryError(f"voxels: expected {self.axes} axes, got {voxels!r}")
        return field_of(voxels, extent)

    def voxels(self, field: SparseField) -> SparseVoxels:
        """Field -> SparseVoxels. Raises GeometryError where its stride is no one integer."""
        return voxels_of(field)

    def conv(
        self,
        x: SparseField,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
        padding: Padding = "same",
    ) -> SparseField:
        kernel = self._kernel(weight)
        expect_channels(x, weight, groups)
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        pads = self._pads(padding)
        onto = self._onto(x.sites, kernel, steps, holes, pads)
        return convolve(
            x,
            weight,
            bias,
            onto,
            stride=steps,
            dilation=holes,
            groups=groups,
            padding=pads,
            multiply=self.multiply,
        )

    def conv_transpose(
        self,
        x: SparseField,
        weight: Tensor,
        bias: Tensor | None = None,
        *,
        like: SparseField | None = None,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
    ) -> SparseField:
        self._kernel(weight)
        expect_channels(x, weight, groups, transposed=True)
        if like is not None:
            expect_field("like", like)
        steps, holes = self.sizes("stride", stride), self.sizes("dilation", dilation)
        onto = x.sites.children(steps)[0] if like is None else like.sites
        ratio = tuple(a / b for a, b in zip(x.sites.stride, onto.stride, strict=True))
        if ratio != steps:
            raise GeometryError(
                f"like: expected sites {steps} times finer than {x.sites!r}, got {onto!r}"
            )
        return convolve_transposed(
            x,
            weight,
            bias,
            onto,
            stride=steps,
            dilation=holes,
            groups=groups,
            multiply=self.multiply,
        )

    def pool(
        self,
        x: SparseField,
        size: Size,
        stride: Size | None = None,
        kind: Kind = "max",
        *,
        padding: Padding = "same",
        ceil: bool = False,
    ) -> SparseField:
        expect_choice("kind", kind, ("max", "mean"))
        if ceil:
            raise self._dense_only("ceil=True")
        onto, table = self._windows(x, size, stride, self._pads(padding))
        if kind == "mean":
            return SparseField(window_means(x.values, table), onto)
        return SparseField(values_at(x.values, largest_rows(x.values, table)), onto)

    def pool_indices(
        self, x: SparseField, size: Size, stride: Size | None = None
    ) -> tuple[SparseField, SparseField]:
        onto, table = self._windows(x, size, stride, None)
        rows = largest_rows(x.values, table)
        return SparseField(values_at(x.values, rows), onto), SparseField(rows, onto)

    def unpool(self, x: SparseField, indices: SparseField, like: SparseField) -> SparseField:
        self._expect_same(x, indices)
        expect_tensor("indices", indices.values, "N C", dtypes=(torch.int64,), like=x.values)
        zeros = x.values.new_zeros(len(like.sites), x.values.shape[1])
        there = indices.values >= 0
        found = torch.where(there, x.values, 0)
        return like.on(zeros.scatter_add(0, indices.values.clamp(min=0), found))

    def resize(
        self,
        x: SparseField,
        like: SparseField | None = None,
        scale: int = 0,
        mode: Mode = "nearest",
    ) -> SparseField:
        if mode == "cubic":
            raise self._dense_only("mode='cubic'")
        expect_choice("mode", mode, ("nearest", "linear"))
        if not isinstance(scale, int) or (like is None) == (scale < 1):
            raise GeometryError("resize: expected either `like` or an int `scale` >= 1")
        expect_field("x", x)
        if like is not None:
            expect_field("like", like)
            return resized(x, like.sites, mode)
        finer, row = x.sites.children((scale,) * self.axes)
        if mode == "nearest":
            return SparseField(take_rows(x.values, row), finer)
        return resized(x, finer, mode)

    def map(self, function: Callable[..., Tensor], *xs: SparseField) -> SparseField:
        self._expect_same(*xs)
        return xs[0].on(function(*(x.values for x in xs)))

    def reduce(self, x: SparseField, kind: Kind = "mean") -> Tensor:
        expect_field("x", x)
        return over_items(x.values, x.sites.counts, kind)

    def blank(self, x: SparseField) -> Tensor:
        return x.values.new_zeros(len(x.sites.counts), x.values.shape[1])

    def broadcast(self, values: Tensor, like: SparseField) -> SparseField:
        expect_tensor("values", values, f"{len(like.sites.counts)} C")
        return like.on(take_rows(values, like.sites.items))

    def group_norm(
        self,
        x: SparseField,
        groups: int,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        eps: float = 1e-5,
    ) -> SparseField:
        expect_field("x", x)
        if groups < 1 or x.values.shape[1] % groups:
            raise GeometryError(
                f"groups: expected a divisor of {x.values.shape[1]} channels, got {groups}"
            )
        parts = [
            F.group_norm(part.t()[None], groups, weight, bias, eps)[0].t() if len(part) else part
            for part in x.values.split(x.sites.counts)
        ]
        return x.on(torch.cat(parts))

    def tokens(self, x: SparseField) -> tuple[Tensor, Tensor | None]:
        padded = pad_sequence(x.values.split(x.sites.counts), batch_first=True)
        places = torch.arange(padded.shape[1], device=padded.device)
        return padded, places < x.sites.offsets.diff()[:, None]

    def untokens(self, values: Tensor, like: SparseField) -> SparseField:
        expect_tensor("values", values, f"{len(like.sites.counts)} N C")
        parts = [own[:count] for own, count in zip(values, like.sites.counts, strict=True)]
        return like.on(torch.cat(parts))

    def positions(self, x: SparseField) -> Tensor:
        return self.tokens(SparseField(x.sites.coordinates.long(), x.sites))[0]

    def grow(
        self, x: SparseField, logits: SparseField, target: SparseField | None = None
    ) -> SparseField:
        self._expect_same(x, logits)
        kept = logits.values[:, 0] > 0
        if target is not None:
            wanted = target.sites.parents((2,) * self.axes)[0]
            kept = wanted.rows_at(x.sites.coordinates.long(), x.sites.offsets) >= 0
        return self.resize(SparseField(x.values[kept], x.sites.chosen(kept)), scale=2)

    def randn_like(self, x: SparseField, generator: Generator | None = None) -> SparseField:
        size, like = x.values.shape, x.values
        return x.on(torch.randn(size, generator=generator, dtype=like.dtype, device=like.device))

    def _kernel(self, weight: Tensor) -> Steps:
        if weight.ndim != self.axes + 2:
            raise GeometryError(
                f"weight: expected {self.axes} axes of the kernel, got {tuple(weight.shape)}"
            )
        return tuple(weight.shape[2:])

    def _pads(self, padding: Padding) -> Steps | None:
        if padding == "same":
            return None
        if self.rule == "parent":
            raise self._dense_only(f"padding={padding!r}")
        return self.sizes("padding", padding, 0)

    def _onto(
        self, sites: Sites, kernel: Steps, steps: Steps, holes: Steps, pads: Steps | None
    ) -> Sites:
        """The sites that come out of a kernel, by the rule."""
        if self.rule == "parent":
            return sites.parents(steps)[0]
        if self.rule == "reach" and max(steps) == 1 and pads is None:
            return sites
        return sites.reached(kernel, steps, holes, pads)

    def _windows(
        self, x: SparseField, size: Size, stride: Size | None, pads: Steps | None
    ) -> tuple[Sites, Tensor]:
        expect_field("x", x)
        sizes = self.sizes("size", size)
        steps = sizes if stride is None else self.sizes("stride", stride)
        ones = (1,) * self.axes
        onto = self._onto(x.sites, sizes, steps, ones, pads)
        return onto, x.sites.table(onto, sizes, steps, ones, pads)

    def _expect_same(self, *xs: SparseField) -> None:
        for x in xs:
            expect_field("x", x)
        if not xs or any(not x.sites.same(xs[0].sites) for x in xs[1:]):
            raise GeometryError(f"x: expected fields of equal sites, got {[x.sites for x in xs]}")
