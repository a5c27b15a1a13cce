"""Numbers and labels to colours: a perceptual ramp, a palette, and normals."""

import torch
from torch import Tensor

from geomdl.render.image import from_srgb

# Anchors of Turbo (Mikhailov 2019) and Viridis (Smith & van der Walt 2015) in sRGB.
RAMPS: dict[str, tuple[str, ...]] = {
    "viridis": (
        "440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b",
        "fde725",
    ),
    "turbo": (
        "30123b", "4145ab", "4675ed", "39a2fc", "1bcfd4", "24eca6", "61fc6c", "a4fc3b", "d1e834",
        "f3c63a", "fe9b2d", "f36315", "d93806", "b11901", "7a0402",
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
