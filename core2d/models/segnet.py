"""SegNet: the encoder of VGG-16 and its mirror image, which unpools to where each maximum stood.

Badrinarayanan, Kendall, Cipolla 2017, "SegNet: A deep convolutional encoder-decoder architecture
for image segmentation", figure 2. Only the places of the maxima go across, no features; the
convolutions that follow each unpooling are learned and densify it.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import nn

from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.models.vgg import DEPTHS, VGG
from core2d.space import Field, Space, as_space


class Mirror(nn.Module):
    """The decoder of one stage: `count` times convolution, norm, ReLU, the last to `outputs`.

    plain: the last convolution gives scores, without norm and ReLU.
    """

    def __init__(
        self, space: Space, inputs: int, outputs: int, *, count: int, plain: bool = False
    ) -> None:
        super().__init__()
        self.space, self.plain = space, plain
        widths = [*[inputs] * (count - 1), outputs]
        self.convs = nn.ModuleList(Conv(space, inputs, width) for width in widths)
        self.norms = nn.ModuleList(BatchNorm(space, w) for w in (widths[:-1] if plain else widths))

    def forward(self, x: Field) -> Field:
        for conv, norm in zip(self.convs, self.norms, strict=False):
            x = self.space.map(F.relu, norm(conv(x)))
        return self.convs[-1](x) if self.plain else x


class SegNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S). Total stride 32.

    convolutions: per stage, of width, 2, 4, 8, 8 width channels (published: VGG-16 and 64).
    `encoder.features` takes the weights of a VGG with batch norm. Best with extents divisible by
    32: where a level is odd, the last cells get no maximum.
    """

    def __init__(
        self,
        convolutions: Sequence[int] = DEPTHS[16],
        *,
        classes: int,
        inputs: int = 3,
        width: int = 64,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        self.encoder = VGG(
            convolutions, norm=True, classes=1, inputs=inputs, width=width, hidden=0, space=space
        )
        self.encoder.classifier = nn.Identity()
        widths = [width * 2 ** min(stage, 3) for stage in range(5)]
        self.decoder = nn.ModuleList(
            Mirror(self.space, widths[stage], out, count=convolutions[stage], plain=stage == 0)
            for stage, out in zip(range(4, -1, -1), [*widths[3::-1], classes], strict=True)
        )
        he_normal(self)

    def forward(self, x: Field) -> Field:
        places = []
        for stage in range(5):
            like = self.encoder.convolve(stage, x)
            x, indices = self.space.pool_indices(like, 2)
            places.append((indices, like))
        for decode in self.decoder:
            x = decode(self.space.unpool(x, *places.pop()))
        return x
