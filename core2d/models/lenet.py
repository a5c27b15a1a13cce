"""LeNet-5, as it is used today and as it was published.

LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition",
section II.B. The paper pads its 28x28 digits to 32x32; here the first convolution brings the
margin, so images come as they are in MNIST.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import expect_sizes
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
        first, second, third, hidden = expect_sizes("widths", widths, 4)
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


# Table I: which of the six maps of S2 each of the sixteen maps of C3 sees.
SEES = (
    *((i, (i + 1) % 6, (i + 2) % 6) for i in range(6)),
    *((i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6) for i in range(6)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)


class LeNet5(nn.Module):
    """Field (B, 1, *S) -> logits (B, classes): the network of 1998, 60 000 learned numbers.

    Sums of four cells with a learned gain and bias, tanh of the paper's scale, the table of partial
    connections, and outputs that are squared distances to a fixed code of -1 and +1 per class
    (section II.B, eq. 7), negated so that the largest is the best. The paper drew its codes as
    pictures of characters; these are drawn at random from `seed`, the alternative it names.
    """

    code: Tensor

    def __init__(self, *, classes: int = 10, seed: int = 0, space: Space | int = 2) -> None:
        super().__init__()
        self.space = as_space(space)
        self.conv1 = Conv(self.space, 1, 6, 5)
        self.sum1 = Subsample(self.space, 6)
        self.conv2 = PartialConv(self.space, SEES, 5)
        self.sum2 = Subsample(self.space, 16)
        self.conv3 = Conv(self.space, 16, 120, 5, padding=0)
        self.fc1 = nn.Linear(120, 84)
        with torch.no_grad():
            for layer in (self.conv1, self.conv3, self.fc1):
                bound = 2.4 / layer.weight[0].numel()
                layer.weight.uniform_(-bound, bound)
        signs = torch.rand(classes, 84, generator=torch.Generator().manual_seed(seed)) < 0.5
        self.register_buffer("code", signs.to(self.fc1.weight) * 2 - 1)

    def forward(self, x: Field) -> Tensor:
        x = self.sum1(self.space.map(squash, self.conv1(x)))
        x = self.sum2(self.space.map(squash, self.conv2(x)))
        x = self.space.reduce(self.space.map(squash, self.conv3(x)))
        return -((squash(self.fc1(x))[:, None] - self.code) ** 2).sum(2)


class PartialConv(nn.Module):
    """A valid convolution whose output map i sees only the input maps sees[i]."""

    output: Tensor
    input: Tensor

    def __init__(self, space: Space, sees: Sequence[Sequence[int]], kernel: int) -> None:
        super().__init__()
        self.space = space
        pairs = torch.tensor([(o, i) for o, inputs in enumerate(sees) for i in inputs])
        self.register_buffer("output", pairs[:, 0], persistent=False)
        self.register_buffer("input", pairs[:, 1], persistent=False)
        self.shape = (len(sees), int(pairs[:, 1].max()) + 1, *space.sizes("kernel", kernel))
        fan_in = pairs[:, 0].bincount()[pairs[:, 0]] * kernel**space.axes
        start = (torch.rand(len(pairs), *self.shape[2:]) * 2 - 1) * 2.4
        self.weight = nn.Parameter(start / fan_in.view(-1, *(1,) * space.axes))
        self.bias = nn.Parameter(torch.zeros(len(sees)))

    def forward(self, x: Field) -> Field:
        weight = self.weight.new_zeros(self.shape).index_put((self.output, self.input), self.weight)
        return self.space.conv(x, weight, self.bias, padding=0)


class Subsample(nn.Module):
    """squash(gain * sum of 2 cells per axis + bias): (B, C, *S) -> (B, C, *S/2)."""

    def __init__(self, space: Space, channels: int) -> None:
        super().__init__()
        self.space = space
        self.gain = nn.Parameter(torch.full((channels,), 0.5**space.axes))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Field) -> Field:
        return self.space.map(self._squashed, self.space.pool(x, 2, kind="mean"))

    def _squashed(self, x: Tensor) -> Tensor:
        shape = (-1, *(1,) * (x.ndim - 2))
        gain = self.gain * 2**self.space.axes  # of the mean, to act on the sum
        return squash(gain.view(shape) * x + self.bias.view(shape))


def squash(x: Tensor) -> Tensor:
    """1.7159 tanh(2 x / 3), which takes -1 and 1 to themselves (appendix A)."""
    return 1.7159 * torch.tanh(x * (2 / 3))
