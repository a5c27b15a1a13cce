"""The shared MLP: one small network on every row. A 1x1 convolution of other libraries."""

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import expect_weighted
from core2d.layers.norm import BatchNorm
from geomdl.errors import GeometryError, expect_number
from geomdl.nn.packed import expect_count
from geomdl.nn.pooled_chain import Layer, pooled_chain
from geomdl.nn.row_norm import norm_rows


class SharedMLP(nn.Module):
    """Rows (N, sizes[0]) -> (N, sizes[-1]): linear, batch norm, activation, layer by layer.

    slope: of the activation below 0 (0 is ReLU); last: whether the last layer has an activation.
    """

    def __init__(
        self, sizes: Sequence[int], *, slope: float = 0.0, bias: bool = True, last: bool = True
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or any(not isinstance(size, int) or size < 1 for size in sizes):
            raise GeometryError(f"sizes: expected two or more numbers >= 1, got {list(sizes)}")
        self.sizes, self.slope, self.last = tuple(sizes), slope, last
        self.linears = nn.ModuleList(nn.Linear(n, m, bias=bias) for n, m in pairwise(sizes))
        self.norms = nn.ModuleList(BatchNorm(1, m) for m in sizes[1:])

    @property
    def first(self) -> Tensor:
        """The matrix (sizes[1], sizes[0]) of the first layer."""
        return self.linears[0].get_parameter("weight")

    def forward(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        """weight (N,): how many equal rows each stands for, in the statistics of the norms."""
        expect_weighted(x, self.first, self.sizes[0])
        return self.after_first(F.linear(x, self.first), weight)

    def after_first(self, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """The result from y (N, sizes[1]) = x W^T of the first layer, its bias not yet added."""
        for layer in self.layers():
            y = y if layer.matrix is None else F.linear(y, layer.matrix)
            y = norm_rows(y, layer.norm, bias=layer.bias, weight=weight, slope=layer.slope)
        return y

    def pooled(self, x: Tensor, offsets: Tensor, weight: Tensor | None = None) -> Tensor:
        """Rows (N, sizes[0]), offsets (S+1,) -> the largest of each segment (S, sizes[-1])."""
        return self.picked(x, offsets, weight)[0]

    def picked(
        self, x: Tensor, offsets: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`pooled`, and the rows (S, sizes[-1]) int64 that the largest values come from."""
        expect_weighted(x, self.first, self.sizes[0])
        return self.picked_after_first(F.linear(x, self.first), offsets, weight)

    def picked_after_first(
        self, y: Tensor, offsets: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """`picked` from y (N, sizes[1]) as in `after_first`."""
        return pooled_chain(y, offsets, self.layers(), weight)

    def layers(self) -> list[Layer]:
        """What a chain needs of each layer; the first one's matrix is left to the caller."""
        made = []
        pairs = zip(self.linears.children(), self.norms.children(), strict=True)
        for i, (linear, norm) in enumerate(pairs):
            assert isinstance(linear, nn.Linear)
            assert isinstance(norm, BatchNorm)
            slope = self.slope if self.last or i < len(self.linears) - 1 else 1.0
            made.append(Layer(linear.weight if i else None, linear.bias, norm, slope))
        return made


class Head(nn.Module):
    """Rows (N, sizes[0]) -> logits (N, sizes[-1]): a shared MLP with dropout, then a linear layer.

    dropout: the share that is dropped behind each hidden layer, one number or one for each.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        dropout: float | Sequence[float] = 0.0,
        slope: float = 0.0,
        bias: Sequence[bool] | bool = True,
    ) -> None:
        super().__init__()
        hidden = len(sizes) - 2
        shares = [dropout] * hidden if isinstance(dropout, (int, float)) else list(dropout)
        biases = [bias] * (hidden + 1) if isinstance(bias, bool) else list(bias)
        if hidden < 0 or len(shares) != hidden or len(biases) != hidden + 1:
            raise GeometryError(
                f"sizes: expected {len(shares) + 2} as dropout and bias say, got {list(sizes)}"
            )
        expect_count("sizes[-1]", sizes[-1])  # classes, parts
        if any(not 0 <= expect_number("dropout", share) < 1 for share in shares):
            raise GeometryError(f"dropout: expected shares of 0 to below 1, got {shares}")
        self.shares = tuple(shares)
        self.hidden = nn.ModuleList(
            SharedMLP((n, m), slope=slope, bias=b)
            for (n, m), b in zip(pairwise(sizes[:-1]), biases[:-1], strict=True)
        )
        self.final = nn.Linear(sizes[-2], sizes[-1], bias=biases[-1])

    def forward(self, x: Tensor) -> Tensor:
        for layer, share in zip(self.hidden, self.shares, strict=True):
            x = F.dropout(layer(x), share, self.training)
        return self.final(x)
