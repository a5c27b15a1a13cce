"""DeepLabV3: a dilated ResNet, and a head that looks at several distances at once.

Chen et al. 2017, "Rethinking atrous convolution for semantic image segmentation", figure 5, at
output stride 8. Parameters are named as in torchvision, so its state dicts load.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.conv import Conv
from core2d.layers.dropout import Dropout
from core2d.layers.norm import BatchNorm
from core2d.losses import VOID, cross_entropy
from core2d.models.resnet import ResNet, resnet
from core2d.space import Dense, Field, Size, Space

AUXILIARY_WEIGHT = 0.5  # of the auxiliary loss, as torchvision trains it


class Scores(NamedTuple):
    """Logits (B, classes, *S) of the last head and of the auxiliary one."""

    logits: Field
    aux: Field


class Branch(nn.Sequential):
    """relu(norm(conv(x))): field (B, inputs, *S) -> field (B, outputs, *S)."""

    def __init__(
        self, space: Space, inputs: int, outputs: int, kernel: Size = 3, *, dilation: int = 1
    ) -> None:
        conv = Conv(space, inputs, outputs, kernel, dilation=dilation, bias=False)
        super().__init__(conv, BatchNorm(space, outputs))
        self.space = space

    def forward(self, x: Field) -> Field:
        return self.space.map(F.relu, super().forward(x))


class Pooled(nn.ModuleDict):
    """The mean over all sites, as a branch: field (B, inputs, *S) -> (B, outputs), one per sample.

    Keys as in torchvision's sequence, which begins with the pooling.
    """

    def __init__(self, space: Space, inputs: int, outputs: int) -> None:
        conv = Conv(space, inputs, outputs, 1, bias=False)
        super().__init__({"1": conv, "2": BatchNorm(Dense(1), outputs)})
        self.space = space

    def forward(self, x: Field) -> Tensor:
        values = F.linear(self.space.reduce(x), self.get_parameter("1.weight").flatten(1))
        return F.relu(self["2"](values[..., None])).squeeze(-1)  # one site per sample


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: 1x1, three dilated 3x3 and the mean, side by side, then 1x1.

    Field (B, inputs, *S) -> field (B, outputs, *S).
    """

    def __init__(self, space: Space, inputs: int, outputs: int, rates: Sequence[int]) -> None:
        super().__init__()
        self.space = space
        self.convs = nn.ModuleList([Branch(space, inputs, outputs, 1)])
        self.convs.extend(Branch(space, inputs, outputs, dilation=rate) for rate in rates)
        self.convs.append(Pooled(space, inputs, outputs))
        self.project = Branch(space, (2 + len(rates)) * outputs, outputs, 1)
        self.dropout = Dropout(space, 0.5)

    def forward(self, x: Field) -> Field:
        *branches, pooled = self.convs
        mean = self.space.broadcast(pooled(x), x)
        return self.dropout(self.project(self.space.concat(*(b(x) for b in branches), mean)))


class DeepLabV3(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S), in training `Scores` where aux=True.

    The backbone is taken over, without its classifier. Published: resnet(50 or 101, dilate=2),
    256 channels, rates 12, 24, 36 for its stride of 8.
    """

    def __init__(
        self,
        backbone: ResNet,
        *,
        classes: int,
        channels: int = 256,
        rates: Sequence[int] = (12, 24, 36),
        aux: bool = False,
    ) -> None:
        super().__init__()
        self.space, width = backbone.space, backbone.fc.in_features
        self.backbone = backbone
        self.backbone.fc = nn.Identity()  # type: ignore[assignment]
        self.classifier = nn.ModuleDict(
            {
                "0": ASPP(self.space, width, channels, rates),
                "1": Conv(self.space, channels, channels, bias=False),
                "2": BatchNorm(self.space, channels),
                "4": Conv(self.space, channels, classes, 1),
            }
        )
        self.aux_classifier = (
            nn.ModuleDict(
                {
                    "0": Conv(self.space, width // 2, width // 8, bias=False),
                    "1": BatchNorm(self.space, width // 8),
                    "3": Dropout(self.space, 0.1),
                    "4": Conv(self.space, width // 8, classes, 1),
                }
            )
            if aux
            else None
        )

    def forward(self, x: Field) -> Field | Scores:
        *_, third, y = self.backbone.stages(x)
        head = self.classifier
        y = self.space.map(F.relu, head["2"](head["1"](head["0"](y))))
        logits = self.space.resize(head["4"](y), like=x, mode="linear")
        if self.aux_classifier is None or not self.training:
            return logits
        head = self.aux_classifier
        y = head["3"](self.space.map(F.relu, head["1"](head["0"](third))))
        return Scores(logits, self.space.resize(head["4"](y), like=x, mode="linear"))


def deeplabv3(
    depth: int = 50,
    *,
    classes: int = 21,
    inputs: int = 3,
    aux: bool = True,
    space: Space | int = 2,
) -> DeepLabV3:
    """DeepLabV3 on ResNet-50 or 101 (any depth of `resnet`) at its published size."""
    backbone = resnet(depth, inputs=inputs, dilate=2, space=space)
    return DeepLabV3(backbone, classes=classes, aux=aux)


def scores_loss(
    output: Tensor | Scores, label: Tensor, *, ignore: int = VOID, weight: float = AUXILIARY_WEIGHT
) -> Tensor:
    """Mean cross-entropy with labels (B, *S), plus `weight` times that of the auxiliary head."""
    if not isinstance(output, Scores):
        return cross_entropy(output, label, ignore=ignore)
    auxiliary = cross_entropy(output.aux, label, ignore=ignore)
    return cross_entropy(output.logits, label, ignore=ignore) + weight * auxiliary
