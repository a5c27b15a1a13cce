"""Numbers and labels to colours: a perceptual ramp, a palette, and normals."""

import torch
from torch import Tensor

from geomdl.structures.srgb import from_srgb

# Anchors of Turbo (Mikhailov 2019) and Viridis (Smith & van der Walt 2015) in sRGB.
RAMPS: dict[str, tuple[str, ...]] = {
    "viridis": (
        "440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c",
        "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725",
    ),
    "turbo": (
        "30123b", "4040a2", "466be3", "4294ff", "28bceb", "18ddc2", "32f298", "6dfe62", "a4fc3c",
        "cdec34", "eecf3a", "fdac34", "fb7e21", "eb500e", "d02f05", "a91601", "7a0403",
    ),
}  # fmt: skip


def ramp(values: Tensor, low: float, high: float, name: str = "viridis") -> Tensor:
    """Values (*S,) -> linear colours (*S, 3), `low` at the start of the ramp and `high` at its end.

    NaN is grey.
    """
    anchors = torch.tensor([[int(c[i : i + 2], 16) / 255 for i in (0, 2, 4)] for c in RAMPS[name]])
    anchors = anchors.to(values.device)
    t = ((values.float() - low) / max(high - low, 1e-12)).clamp(0, 1) * (len(anchors) - 1)
    lost = t.isnan()
    t = t.nan_to_num(0.0)
    first = t.long().clamp(max=len(anchors) - 2)
    mixed = torch.lerp(anchors[first], anchors[first + 1], (t - first)[..., None])
    return from_srgb(torch.where(lost[..., None], 0.5, mixed))


def palette(labels: Tensor) -> Tensor:
    """Labels (*S,) int -> linear colours (*S, 3), far apart for small labels; negative is grey.

    Hues step by the golden ratio, with three levels of brightness.
    """
    labels = labels.long()
    hue = (labels.clamp(min=0) * 0.618034 + 0.58) % 1.0
    level = torch.tensor([0.92, 0.68, 0.80], device=labels.device)[labels.clamp(min=0) % 3]
    strength = torch.tensor([0.60, 0.70, 0.42], device=labels.device)[labels.clamp(min=0) % 3]
    shift = torch.tensor([1.0, 2 / 3, 1 / 3], device=labels.device)
    wave = (((hue[..., None] + shift) % 1.0) * 6 - 3).abs().sub(1).clamp(0, 1)
    srgb = level[..., None] * torch.lerp(torch.ones_like(wave), wave, strength[..., None])
    return from_srgb(torch.where(labels[..., None] < 0, 0.5, srgb))


def of_normals(normals: Tensor) -> Tensor:
    """Unit normals (*S, 3) -> linear colours (*S, 3): x red, y green, z blue, 0.5 for zero."""
    return from_srgb((normals + 1) / 2)
