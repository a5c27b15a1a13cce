"""Pooling as a module, for sequences of layers; elsewhere `Space.pool` and `Space.reduce`."""

from torch import nn

from core2d.space import Field, Kind, Padding, Size, Space, as_space


class Pool(nn.Module):
    """Field (B, C, *S) -> field (B, C, *S/stride): largest or mean value under each window.

    The gradient of a maximum goes to the one cell where it stood, that of a mean to all alike.
    stride defaults to size. ceil: a last window may hang over the edge (Dense only).
    """

    def __init__(
        self,
        space: Space | int,
        size: Size,
        stride: Size | None = None,
        *,
        kind: Kind = "max",
        padding: Padding = "same",
        ceil: bool = False,
    ) -> None:
        super().__init__()
        self.space, self.size, self.stride, self.ceil = as_space(space), size, stride, ceil
        self.kind: Kind = kind
        self.padding: Padding = padding

    def forward(self, x: Field) -> Field:
        return self.space.pool(
            x, self.size, self.stride, self.kind, padding=self.padding, ceil=self.ceil
        )

    def extra_repr(self) -> str:
        return f"{self.size}, stride={self.stride}, kind={self.kind}, padding={self.padding}"
