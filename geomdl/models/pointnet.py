"""PointNet: an MLP on every point, then the largest of each channel, whatever the order.

Qi, Su, Mo, Guibas 2017, "PointNet: Deep learning on point sets for 3D classification and
segmentation", figure 2; the part network is that of supplement C as its authors published it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from geomdl.nn.packed import expect_count, expect_packed, one_hot, spread
from geomdl.nn.shared_mlp import Head, SharedMLP
from geomdl.nn.tnet import TNet, orthogonality, transformed
from geomdl.ops.segments import segment_max


class Encoding(NamedTuple):
    """local (N, before[-1]), top (B, after[-1]), rows (B, after[-1]) of the points that it comes
    from, the transforms (B, C, C)."""

    local: Tensor
    top: Tensor
    row: Tensor
    input_transform: Tensor
    feature_transform: Tensor | None

    def penalty(self) -> Tensor:
        """|I - A A^T|^2 of the feature transform, mean over the batch; 0 without one."""
        transform = self.feature_transform
        return self.top.new_zeros(()) if transform is None else orthogonality(transform)


class PointNetEncoder(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> Encoding.

    The input transform turns the positions alone. before, after: widths of the shared layers
    before and behind the feature transform. rectify: an activation on the last of them.
    """

    def __init__(
        self,
        inputs: int = 0,
        *,
        before: Sequence[int] = (64, 64),
        after: Sequence[int] = (64, 128, 1024),
        feature_transform: bool = True,
        rectify: bool = True,
    ) -> None:
        super().__init__()
        self.inputs = expect_count("inputs", inputs, 0)
        self.input_transform = TNet(3)
        self.before = SharedMLP((3 + inputs, *before))
        self.feature_transform = TNet(before[-1]) if feature_transform else None
        self.after = SharedMLP((before[-1], *after), last=rectify)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Encoding:
        expect_packed(points, offsets, features, self.inputs)
        turn = self.input_transform(points, offsets)
        x = transformed(points, offsets, turn)
        local = self.before(x if features is None else torch.cat([x, features], 1))
        transform = None
        if self.feature_transform is not None:
            transform = self.feature_transform(local, offsets)
            local = transformed(local, offsets, transform)
        top, row = self.after.picked(local, offsets)
        return Encoding(local, top, row, turn, transform)


class PointNet(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits (B, classes).

    As published 3.5 million parameters; feature_transform=False leaves the T-Net of the features
    out. `encoder` gives the penalty too: see `Encoding`.
    """

    def __init__(
        self, classes: int = 40, *, encoder: PointNetEncoder | None = None, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.encoder = PointNetEncoder() if encoder is None else encoder
        width = self.encoder.after.sizes[-1]
        self.head = Head((width, 512, 256, classes), dropout=dropout)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        return self.penalised(points, offsets, features)[0]

    def penalised(
        self, points: Tensor, offsets: Tensor, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits, and the penalty of the feature transform, of which the paper adds 0.001."""
        encoding = self.encoder(points, offsets, features)
        return self.head(encoding.top), encoding.penalty()


class PointNetSegmenter(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits of every point (N, classes).

    The head for scenes: local features (64) beside those of the whole item (1024), figure 2.
    """

    def __init__(self, classes: int = 13, *, encoder: PointNetEncoder | None = None) -> None:
        super().__init__()
        self.encoder = PointNetEncoder(6) if encoder is None else encoder
        width = self.encoder.after.sizes[-1] + self.encoder.before.sizes[-1]
        self.head = Head((width, 512, 256, 128, classes))

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        return self.penalised(points, offsets, features)[0]

    def penalised(
        self, points: Tensor, offsets: Tensor, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits, and the penalty of the feature transform, of which the paper adds 0.001."""
        encoding = self.encoder(points, offsets, features)
        x = torch.cat([encoding.local, spread(encoding.top, offsets)], 1)
        return self.head(x), encoding.penalty()


class PointNetParts(nn.Module):
    """Points (N, 3), offsets (B+1,), category (B,) of objects -> part logits (N, parts).

    Features of all layers stand beside those of the whole object and its known category. Widths
    of the authors' code (charlesq34/pointnet, part_seg), which has no auxiliary loss by default.
    """

    def __init__(self, parts: int = 50, *, categories: int = 16) -> None:
        super().__init__()
        self.categories = expect_count("categories", categories)
        self.input_transform = TNet(3, hidden=(128, 128))
        self.before = nn.ModuleList(SharedMLP(pair) for pair in ((3, 64), (64, 128), (128, 128)))
        self.feature_transform = TNet(128, widths=(256, 1024))
        self.after = nn.ModuleList(SharedMLP(pair) for pair in ((128, 512), (512, 2048)))
        width = 64 + 128 + 128 + 512 + 2048 + 2048 + categories
        self.head = Head((width, 256, 256, 128, parts), dropout=(0.2, 0.2, 0.0))

    def forward(self, points: Tensor, offsets: Tensor, category: Tensor) -> Tensor:
        return self.penalised(points, offsets, category)[0]

    def penalised(self, points: Tensor, offsets: Tensor, category: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the penalty of the feature transform, of which the paper adds 0.001."""
        expect_packed(points, offsets)
        known = one_hot(category, self.categories, len(offsets) - 1, points)
        x = transformed(points, offsets, self.input_transform(points, offsets))
        found = []
        for layer in self.before:
            x = layer(x)
            found.append(x)
        transform = self.feature_transform(x, offsets)
        x = transformed(x, offsets, transform)
        for layer in self.after:
            x = layer(x)
            found.append(x)
        whole = torch.cat([segment_max(x, offsets), known], 1)
        return self.head(torch.cat([spread(whole, offsets), *found], 1)), orthogonality(transform)
