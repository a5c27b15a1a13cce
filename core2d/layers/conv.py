"""Convolution with learned weights, on any space.

Output extent on Dense, per axis: floor((S + 2 p - d (K - 1) - 1) / s) + 1 with padding p,
dilation d, kernel K and stride s; with "same" padding S / s where s divides S.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.space import Field, Padding, Size, Space, as_space


class Conv(nn.Module):
    """Field (B, inputs, *S) -> field (B, outputs, *S/stride).

    Weight (outputs, inputs/groups, *kernel), initialised as torch does it (He's bound for a leaky
    rectifier of slope sqrt(5)); networks that were published with another start overwrite it.
    """

    def __init__(
        self,
        space: Space | int,
        inputs: int,
        outputs: int,
        kernel: Size = 3,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding: Padding = "same",
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        expect_channels(inputs, outputs, groups)
        sizes = self.space.sizes("kernel", kernel)
        self.stride, self.dilation, self.groups = stride, dilation, groups
        self.padding: Padding = padding
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, *sizes))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        start(self.weight, self.bias)

    def forward(self, x: Field) -> Field:
        return self.space.conv(
            x,
            self.weight,
            self.bias,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
            padding=self.padding,
        )

    def extra_repr(self) -> str:
        return _described(self.weight.shape, self.stride, self.dilation, self.groups, self.space)


class ConvTranspose(nn.Module):
    """Field (B, inputs, *S) -> field (B, outputs, ...) on the sites of `like`, or all children.

    The adjoint of `Conv` with the same kernel and stride. Weight (inputs, outputs/groups, *kernel).
    """

    def __init__(
        self,
        space: Space | int,
        inputs: int,
        outputs: int,
        kernel: Size = 2,
        *,
        stride: Size = 2,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        expect_channels(inputs, outputs, groups)
        sizes = self.space.sizes("kernel", kernel)
        self.stride, self.dilation, self.groups = stride, dilation, groups
        self.weight = nn.Parameter(torch.empty(inputs, outputs // groups, *sizes))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        start(self.weight, self.bias)

    def forward(self, x: Field, like: Field | None = None) -> Field:
        return self.space.conv_transpose(
            x,
            self.weight,
            self.bias,
            like=like,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
        )

    def extra_repr(self) -> str:
        return _described(self.weight.shape, self.stride, self.dilation, self.groups, self.space)


def expect_channels(inputs: int, outputs: int, groups: int) -> None:
    """Numbers of channels that a convolution in `groups` can have. Raises InputError."""
    for name, count in (("inputs", inputs), ("outputs", outputs), ("groups", groups)):
        expect_number(name, count, low=1)
    if inputs % groups or outputs % groups:
        raise InputError(f"groups: {groups} divides not both {inputs} inputs and {outputs}")


def start(weight: Tensor, bias: Tensor | None) -> None:
    """torch's start of convolutions: both uniform within 1 / sqrt(fan in)."""
    bound = 1 / math.sqrt(max(1, weight[0].numel()))
    with torch.no_grad():
        weight.uniform_(-bound, bound)
        if bias is not None:
            bias.uniform_(-bound, bound)


def _described(
    shape: Sequence[int], stride: Size, dilation: Size, groups: int, space: Space
) -> str:
    text = f"{tuple(shape)}, stride={stride}, space={space}"
    text += f", dilation={dilation}" if dilation != 1 else ""
    return text + (f", groups={groups}" if groups != 1 else "")
