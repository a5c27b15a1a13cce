"""Linear light and sRGB, both ways (IEC 61966-2-1).

Colours of structures are linear; files of bytes and pictures are sRGB and say so by name.
"""

import torch
from torch import Tensor


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light (*S, C) in 0..1 -> sRGB (*S, C) in 0..1."""
    linear = linear.clamp(0, 1)
    low = linear * 12.92
    return torch.where(
        linear <= 0.0031308, low, 1.055 * linear.clamp(min=1e-4) ** (1 / 2.4) - 0.055
    )


def from_srgb(srgb: Tensor) -> Tensor:
    """sRGB (*S, C) in 0..1 -> linear light (*S, C) in 0..1, the inverse of `to_srgb`."""
    srgb = srgb.clamp(0, 1)
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
