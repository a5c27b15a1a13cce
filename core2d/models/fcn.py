"""Fully convolutional networks: VGG-16 whose classifier slides, and scores that are upsampled.

Long, Shelhamer, Darrell 2015, "Fully convolutional networks for semantic segmentation", figure 3.
FCN-32s upsamples the last scores at once, 16s and 8s add scores of earlier poolings on the way.
The paper pads the image by 100 cells and crops; here fc6 has "same" padding and every upsampling
goes onto known sites, which is the same network away from the borders and lives on every space.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.conv import Conv
from core2d.layers.dropout import Dropout
from core2d.layers.filters import outer
from core2d.layers.init import he_normal
from core2d.models.vgg import DEPTHS, GRID, VGG
from core2d.space import Field, Space, as_space

SKIPS = {32: 0, 16: 1, 8: 2}  # stride -> earlier poolings that add their scores
SCALES = (1e-2, 1e-4)  # of pool4 and pool3, whose features are that much larger without norm


def bilinear(channels: int, scale: int, axes: int) -> Tensor:
    """Weight (channels, channels, *(2 scale)) that interpolates linearly, each channel by itself.

    Along one axis it falls from the middle by 1 / scale per cell: 0.25 0.75 0.75 0.25 at 2.
    """
    place = torch.arange(2 * scale) + 0.5
    line = 1 - (place / scale - 1).abs()
    eye = torch.eye(channels).view(channels, channels, *(1,) * axes)
    return eye * outer([line] * axes)


class ScoreUp(nn.Module):
    """Scores (B, C, *S) -> (B, C, *like): transposed convolution that starts out bilinear.

    Kernel 2 scale, stride scale (even). learned=False keeps it bilinear, as the paper keeps the
    last one.
    """

    def __init__(self, space: Space, channels: int, scale: int, *, learned: bool = True) -> None:
        super().__init__()
        self.space, self.scale = space, scale
        self.weight = nn.Parameter(bilinear(channels, scale, space.axes), requires_grad=learned)

    def forward(self, x: Field, like: Field) -> Field:
        # Even kernels start at their site, but a coarse cell's middle lies scale/2 - 1/2 further:
        # with scale - 1 zeros in front the kernel is odd, centred, and its window stands right.
        weight = F.pad(self.weight, (self.scale - 1, 0) * self.space.axes)
        return self.space.conv_transpose(x, weight, like=like, stride=self.scale)


class FCN(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S).

    stride: of the finest scores, 32, 16 or 8. width: channels of the first stage (published: 64);
    hidden: of fc6 and fc7 (4096). norm: batch norm in the encoder, whose skips then need no
    scaling. Where the stride divides no extent, the last cells see less.
    """

    def __init__(
        self,
        *,
        classes: int,
        inputs: int = 3,
        stride: int = 8,
        width: int = 64,
        hidden: int = 4096,
        norm: bool = False,
        dropout: float = 0.5,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        if stride not in SKIPS:
            raise InputError(f"stride: expected 32, 16 or 8, got {stride!r}")
        self.space = as_space(space)
        self.encoder = VGG(
            DEPTHS[16], norm=norm, classes=1, inputs=inputs, width=width, hidden=0, space=space
        )
        self.encoder.classifier = nn.Identity()
        self.fc6 = Conv(self.space, 8 * width, hidden, GRID)
        self.fc7 = Conv(self.space, hidden, hidden, 1)
        self.dropout = Dropout(self.space, dropout)
        he_normal(self)
        self.scales = (1.0,) * 2 if norm else SCALES
        skips = SKIPS[stride]
        sources = [hidden, 8 * width, 4 * width][: skips + 1]
        self.scores = nn.ModuleList(Conv(self.space, n, classes, 1) for n in sources)
        for value in self.scores.parameters():
            nn.init.zeros_(value)
        self.ups = nn.ModuleList(ScoreUp(self.space, classes, 2) for _ in range(skips))
        self.last = ScoreUp(self.space, classes, stride, learned=False)

    def features(self, x: Field) -> Field:
        """Field (B, 8 width, *S/32) -> (B, hidden, *S/32): the classifier at every site."""
        for layer in (self.fc6, self.fc7):
            x = self.dropout(self.space.map(F.relu, layer(x)))
        return x

    def forward(self, x: Field) -> Field:
        *_, pool3, pool4, pool5 = self.encoder.stages(x)
        score = self.scores[0](self.features(pool5))
        for up, head, pool, scale in zip(
            self.ups, list(self.scores)[1:], (pool4, pool3), self.scales, strict=False
        ):
            finer = head(self.space.map(lambda v, scale=scale: v * scale, pool))
            score = self.space.map(torch.add, up(score, finer), finer)
        return self.last(score, x)

    @torch.no_grad()
    def adopt(self, classifier: VGG) -> None:
        """Take the weights of a VGG-16 of the same sizes: its full layers become fc6 and fc7.

        Raises InputError where the sizes differ, before anything is changed.
        """
        source = classifier.state_dict()
        own = {f"features.{k}": v for k, v in self.encoder.features.state_dict().items()}
        for key, conv in (("0", self.fc6), ("3", self.fc7)):
            own |= {f"classifier.{key}.{k}": v for k, v in conv.state_dict().items()}
        for key, value in own.items():
            count = source[key].numel() if key in source else 0
            if count != value.numel():
                raise InputError(f"classifier: expected {value.numel()} numbers {key}, got {count}")
        for key, value in own.items():
            value.copy_(source[key].view_as(value))
