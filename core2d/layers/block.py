"""Blocks of which published networks are made, with torchvision's names of parameters."""

import torch.nn.functional as F
from torch import nn

from core2d.layers.conv import Conv
from core2d.layers.norm import BatchNorm
from core2d.layers.pool import Pool
from core2d.space import Field, Padding, Size, Space


class ConvNorm(nn.Module):
    """relu(norm(conv(x))): field (B, inputs, *S) -> field (B, outputs, *S/stride)."""

    def __init__(
        self,
        space: Space,
        inputs: int,
        outputs: int,
        kernel: Size = 3,
        *,
        stride: Size = 1,
        padding: Padding = "same",
        eps: float = 1e-3,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.space = space
        self.conv = Conv(space, inputs, outputs, kernel, stride=stride, padding=padding, bias=False)
        self.bn = BatchNorm(space, outputs, eps=eps, momentum=momentum)

    def forward(self, x: Field) -> Field:
        return self.space.map(F.relu, self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches side by side: 1x1, 1x1 then 3x3, 1x1 then 3x3, pooling then 1x1.

    Szegedy et al. 2015, "Going deeper with convolutions", figure 2(b): the 1x1 convolutions before
    the wide ones save most of the work. Channels: `one`, `three` = (before, after), `five` =
    (before, after), `pooled`; the output has one + three[1] + five[1] + pooled.
    `wide` is the kernel of the third branch: 5 in the paper, 3 in the published torch weights.
    """

    def __init__(
        self,
        space: Space,
        inputs: int,
        one: int,
        *,
        three: tuple[int, int],
        five: tuple[int, int],
        pooled: int,
        wide: int = 3,
    ) -> None:
        super().__init__()
        self.space = space
        self.branch1 = ConvNorm(space, inputs, one, 1)
        self.branch2 = nn.Sequential(
            ConvNorm(space, inputs, three[0], 1), ConvNorm(space, three[0], three[1], 3)
        )
        self.branch3 = nn.Sequential(
            ConvNorm(space, inputs, five[0], 1), ConvNorm(space, five[0], five[1], wide)
        )
        self.branch4 = nn.Sequential(Pool(space, 3, 1), ConvNorm(space, inputs, pooled, 1))

    def forward(self, x: Field) -> Field:
        branches = (self.branch1, self.branch2, self.branch3, self.branch4)
        return self.space.concat(*(branch(x) for branch in branches))


class DenseLayer(nn.Module):
    """conv3(relu(norm(conv1(relu(norm(x)))))), `growth` new channels beside those of x.

    Huang et al. 2017, "Densely connected convolutional networks", section 3: the DenseNet-B form;
    bottleneck = 0 leaves the 1x1 convolution out. Returns x and the new channels together.
    """

    def __init__(
        self,
        space: Space,
        inputs: int,
        growth: int,
        *,
        bottleneck: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.space, self.bottleneck, self.rate = space, bottleneck, dropout
        middle = bottleneck * growth if bottleneck else inputs
        self.norm1 = BatchNorm(space, inputs)
        if bottleneck:
            self.conv1 = Conv(space, inputs, middle, 1, bias=False)
            self.norm2 = BatchNorm(space, middle)
            self.conv2 = Conv(space, middle, growth, 3, bias=False)
        else:
            self.conv1 = Conv(space, inputs, growth, 3, bias=False)

    def forward(self, x: Field) -> Field:
        y = self.conv1(self.space.map(F.relu, self.norm1(x)))
        if self.bottleneck:
            y = self.conv2(self.space.map(F.relu, self.norm2(y)))
        if self.rate:
            y = self.space.map(lambda y: F.dropout(y, self.rate, self.training), y)
        return self.space.concat(x, y)


class SeparableConv(nn.Module):
    """A convolution per channel, then a 1x1 convolution across channels, nothing between.

    Chollet 2017, "Xception: Deep learning with depthwise separable convolutions", section 3. Has
    inputs * (K + outputs) weights instead of inputs * K * outputs.
    """

    def __init__(
        self,
        space: Space,
        inputs: int,
        outputs: int,
        kernel: Size = 3,
        *,
        stride: Size = 1,
        dilation: Size = 1,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = Conv(
            space,
            inputs,
            inputs,
            kernel,
            stride=stride,
            dilation=dilation,
            groups=inputs,
            bias=bias,
        )
        self.pointwise = Conv(space, inputs, outputs, 1, bias=bias)

    def forward(self, x: Field) -> Field:
        return self.pointwise(self.conv1(x))
