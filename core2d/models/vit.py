"""Vision Transformer: a field is cut into patches, which are read like the words of a sentence.

Dosovitskiy et al. 2021, "An image is worth 16x16 words", eq. 1-4 and table 1; Ti and S from
Touvron et al. 2021 (DeiT), table 1. Norms stand before the sublayers; positions are learned.
Parameters are named as in torchvision, so its state dicts load.
"""

import math
from copy import deepcopy

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe, expect_choice
from core2d.layers.attention import MultiHeadAttention, padding_mask
from core2d.layers.patch import patch_conv
from core2d.layers.position import flat_index, resize_codes
from core2d.space import Field, Size, Space, as_space

# name -> width, layers, heads
SIZES = {"ti": (192, 12, 3), "s": (384, 12, 6), "b": (768, 12, 12), "l": (1024, 24, 16)}


class Layer(nn.Module):
    """Tokens (B, L, width) -> (B, L, width): x += attention(norm(x)); x += mlp(norm(x))."""

    def __init__(self, width: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-6)
        self.self_attention = MultiHeadAttention(width, heads)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
            nn.Dropout(dropout),
        )
        for part in self.mlp:
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.normal_(part.bias, std=1e-6)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.dropout(self.self_attention(self.ln_1(x), mask=mask))
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Tokens (B, L, width) -> (B, L, width). Holds the table of positions, one of them per patch.

    The first row of the table belongs to the class token.
    """

    def __init__(self, places: int, width: int, *, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, 1 + places, width).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleDict(
            {f"encoder_layer_{i}": Layer(width, heads, dropout=dropout) for i in range(layers)}
        )
        self.ln = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.dropout(x)
        for layer in self.layers.values():
            x = layer(x, mask)
        return self.ln(x)


class ViT(nn.Module):
    """Field (B, inputs, *extent) -> logits (B, classes).

    extent: cells per axis, divisible by `patch`; on spaces with fewer sites, of the room they are
    in. width: of a token; the inner layer has four times as much. See `vit` for published sizes.
    """

    def __init__(
        self,
        extent: Size = 224,
        patch: Size = 16,
        *,
        width: int = 768,
        layers: int = 12,
        heads: int = 12,
        classes: int = 1000,
        inputs: int = 3,
        dropout: float = 0.0,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        self.patch = self.space.sizes("patch", patch)
        self.grid = self._grid(extent)
        self.conv_proj = patch_conv(self.space, inputs, width, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.encoder = Encoder(
            math.prod(self.grid), width, layers=layers, heads=heads, dropout=dropout
        )
        self.heads = nn.ModuleDict({"head": nn.Linear(width, classes)})
        for value in (*self.conv_proj.parameters(), *self.heads.parameters()):
            nn.init.zeros_(value)
        std = self.conv_proj.weight[0].numel() ** -0.5
        nn.init.trunc_normal_(self.conv_proj.weight, std=std)

    def encode(self, x: Field) -> tuple[Tensor, Tensor | None]:
        """Field -> tokens (B, 1 + L, width), the class token first; which exist, None: all do.

        Raises InputError where the field is not of `extent`.
        """
        wanted = tuple(n * p for n, p in zip(self.grid, self.patch, strict=True))
        if isinstance(x, Tensor) and tuple(x.shape[2:]) != wanted:  # a grid, not a set of sites
            raise InputError(
                f"x: expected extent {wanted} (other extents: `resized`), got {describe(x)}"
            )
        patches = self.conv_proj(x)
        values, present = self.space.tokens(patches)
        places = flat_index(self.space.positions(patches), self.grid)
        table = self.encoder.pos_embedding[0]
        first = (self.class_token[0] + table[:1]).expand(len(values), -1, -1)
        tokens = torch.cat([first, values + table[1:][places]], 1)
        if present is None:
            return self.encoder(tokens), None
        present = nn.functional.pad(present, (1, 0), value=True)
        return self.encoder(tokens, padding_mask(present)), present

    def forward(self, x: Field) -> Tensor:
        tokens, _ = self.encode(x)
        return self.heads["head"](tokens[:, 0])

    def resized(self, extent: Size) -> "ViT":
        """A copy for another extent, its table of positions interpolated (section 3.2)."""
        copy = deepcopy(self)
        copy.grid = self._grid(extent)
        table = resize_codes(self.encoder.pos_embedding.detach(), self.grid, copy.grid, prefix=1)
        copy.encoder.pos_embedding = nn.Parameter(table)
        return copy

    def _grid(self, extent: Size) -> tuple[int, ...]:
        cells = self.space.sizes("extent", extent)
        if any(n % p for n, p in zip(cells, self.patch, strict=True)):
            raise InputError(f"extent: expected a multiple of patch {self.patch}, got {extent}")
        return tuple(n // p for n, p in zip(cells, self.patch, strict=True))


def vit(
    size: str,
    *,
    extent: Size = 224,
    patch: Size = 16,
    classes: int = 1000,
    inputs: int = 3,
    dropout: float = 0.0,
    space: Space | int = 2,
) -> ViT:
    """ViT-Ti, S, B or L ("ti", "s", "b", "l"), published with patches of 16 and 32."""
    width, layers, heads = SIZES[expect_choice("size", size, tuple(SIZES))]
    return ViT(
        extent,
        patch,
        width=width,
        layers=layers,
        heads=heads,
        classes=classes,
        inputs=inputs,
        dropout=dropout,
        space=space,
    )
