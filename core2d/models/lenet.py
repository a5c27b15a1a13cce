"""LeNet-5, as it is used today and as it was published.

LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition",
section II.B. The paper pads its 28x28 digits to 32x32; here the first convolution brings the
margin, so images come as they are in MNIST.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.conv import Conv
from core2d.space import Field, Padding, Space, as_space


class LeNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes): the published sizes, ReLU and max pooling.

    61 706 parameters at the published sizes. The last convolution shrinks 28 cells to one; what
    is left of larger images is averaged. padding="same" for the two inner convolutions makes a
    network of the same parameters for any space and extent.
    """

    def __init__(
        self,
        widths: Sequence[int] = (6, 16, 120, 84),
        *,
        classes: int = 10,
        inputs: int = 1,
        padding: Padding = 0,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        first, second, third, hidden = widths
        self.conv1 = Conv(self.space, inputs, first, 5)
        self.conv2 = Conv(self.space, first, second, 5, padding=padding)
        self.conv3 = Conv(self.space, second, third, 5, padding=padding)
        self.fc1 = nn.Linear(third, hidden)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x: Field) -> Tensor:
        x = self.space.pool(self.space.map(F.relu, self.conv1(x)), 2)
        x = self.space.pool(self.space.map(F.relu, self.conv2(x)), 2)
        x = self.space.map(F.relu, self.conv3(x))
        return self.fc2(F.relu(self.fc1(self.space.reduce(x))))
