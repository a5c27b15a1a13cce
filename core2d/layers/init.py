"""Starting weights."""

import math

import torch
from torch import nn

from core2d.layers.conv import Conv, ConvTranspose


@torch.no_grad()
def he_normal(module: nn.Module, fan: str = "out") -> None:
    """Every convolution of `module` ~ N(0, 2 / fan), biases 0 ("Xavier/2": He et al. 2015, eq. 10).

    The fan counts the inputs ("in": forward signals keep their variance) or outputs ("out":
    gradients do) of one unit.
    """
    for part in module.modules():
        if isinstance(part, (Conv, ConvTranspose)):
            weight = part.weight
            side = 1 if (fan == "in") == isinstance(part, Conv) else 0
            weight.normal_(0, math.sqrt(2 / (weight.shape[side] * weight[0, 0].numel())))
            if part.bias is not None:
                part.bias.zero_()
