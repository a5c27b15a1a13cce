"""Point Transformer: vector attention among near points, on ever fewer points and back.

Zhao, Jiang, Jia, Torr, Koltun 2021, "Point Transformer", figure 3 and section 3; details and sizes
of the authors' code (7.77 million parameters for S3DIS). The classifier has the same encoder.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.nn.feature_propagation import inverse_distance
from geomdl.nn.grouping import farthest, nearest
from geomdl.nn.packed import expect_count, expect_packed, spread
from geomdl.nn.set_abstraction import local_pointnet
from geomdl.nn.shared_mlp import Head, SharedMLP
from geomdl.nn.vector_attention import AttentionBlock
from geomdl.ops.neighbors import knn_index
from geomdl.ops.segments import segment_mean

WIDTHS = (32, 64, 128, 256, 512)


class Stage(NamedTuple):
    """Points (N, 3), their offsets, features (N, C) and near points (N, K) at one resolution."""

    points: Tensor
    offsets: Tensor
    features: Tensor
    near: Tensor


class TransitionDown(nn.Module):
    """A stage -> a quarter of its points, each with the largest of mlp([p_j - p_i, x_j]) near it.

    Items keep at least one point.
    """

    def __init__(self, inputs: int, outputs: int, *, neighbors: int = 16, ratio: int = 4) -> None:
        super().__init__()
        self.neighbors, self.ratio = neighbors, ratio
        self.mlp = SharedMLP((3 + inputs, outputs), bias=False)

    def forward(self, stage: Stage) -> Stage:
        counts = (stage.offsets.diff() // self.ratio).clamp(min=1)
        chosen, offsets = farthest(stage.points, stage.offsets, counts)
        centres = stage.points[chosen]
        groups = nearest(stage.points, centres, self.neighbors, stage.offsets, offsets)
        x = local_pointnet(self.mlp, stage.points, stage.features, centres, groups)
        index = knn_index(centres, centres, self.neighbors, offsets, offsets)
        return Stage(centres, offsets, x, index)


class TransitionUp(nn.Module):
    """Features of few points and of many -> features (N, outputs) of many: both, added."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = SharedMLP((outputs, outputs))
        self.below = SharedMLP((inputs, outputs))

    def forward(self, few: Stage, many: Stage) -> Tensor:
        values = self.below(few.features)
        return self.skip(many.features) + inverse_distance(
            values, few.points, many.points,
            offsets=few.offsets, query_offsets=many.offsets, power=1,
        )  # fmt: skip


class Summit(nn.Module):
    """Features (N, C) beside what a linear layer makes of their mean over the item -> (N, C)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mean = nn.Linear(channels, channels)
        self.mlp = SharedMLP((2 * channels, channels))

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        mean = torch.relu(self.mean(segment_mean(x, offsets)))
        return self.mlp(torch.cat([x, spread(mean, offsets)], 1))


class Blocks(nn.ModuleList):
    """A stage -> the stage with its features through attention blocks."""

    def forward(self, stage: Stage) -> Stage:
        x = stage.features
        for block in self:
            x = block(stage.points, x, stage.near)
        return stage._replace(features=x)


class PointTransformerEncoder(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> five stages, the finest first.

    blocks: attention blocks of each stage. neighbors: of attention, at each stage.
    """

    def __init__(
        self,
        inputs: int = 3,
        *,
        widths: Sequence[int] = WIDTHS,
        blocks: Sequence[int] = (1, 2, 3, 5, 2),
        neighbors: Sequence[int] = (8, 16, 16, 16, 16),
    ) -> None:
        super().__init__()
        if not 0 < len(widths) == len(blocks) == len(neighbors):
            raise GeometryError(
                f"widths, blocks, neighbors: expected as many of each, got {len(widths)}, "
                f"{len(blocks)}, {len(neighbors)}"
            )
        for count in neighbors:
            expect_count("neighbors", count)
        expect_count("inputs", inputs, 0)
        self.inputs, self.widths, self.neighbors = inputs, tuple(widths), tuple(neighbors)
        self.first = SharedMLP((3 + inputs, widths[0]), bias=False)
        self.down = nn.ModuleList(
            TransitionDown(widths[i - 1], widths[i], neighbors=neighbors[i])
            for i in range(1, len(widths))
        )
        self.blocks = nn.ModuleList(
            Blocks(AttentionBlock(width) for _ in range(count))
            for width, count in zip(widths, blocks, strict=True)
        )

    def forward(
        self, points: Tensor, offsets: Tensor, features: Tensor | None = None
    ) -> list[Stage]:
        expect_packed(points, offsets, features, self.inputs)
        x = self.first(points if features is None else torch.cat([points, features], 1))
        near = points.detach()
        index = knn_index(near, near, self.neighbors[0], offsets, offsets)
        stages = [Stage(points, offsets, x, index)]
        for i, blocks in enumerate(self.blocks):
            stage = stages.pop() if i == 0 else self.down[i - 1](stages[-1])
            stages.append(blocks(stage))
        return stages


class PointTransformer(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits (B, classes).

    The mean over the coarsest stage, then three layers (256, 128, classes).
    """

    def __init__(
        self,
        classes: int = 40,
        *,
        encoder: PointTransformerEncoder | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.encoder = PointTransformerEncoder(0) if encoder is None else encoder
        self.head = Head((self.encoder.widths[-1], 256, 128, classes), dropout=dropout)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        top = self.encoder(points, offsets, features)[-1]
        return self.head(segment_mean(top.features, top.offsets))


class PointTransformerSegmenter(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits of every point (N, classes)."""

    def __init__(
        self, classes: int = 13, *, encoder: PointTransformerEncoder | None = None
    ) -> None:
        super().__init__()
        self.encoder = PointTransformerEncoder() if encoder is None else encoder
        widths = self.encoder.widths
        self.summit = Summit(widths[-1])
        self.up = nn.ModuleList(
            TransitionUp(widths[i + 1], widths[i]) for i in range(len(widths) - 1)
        )
        self.blocks = nn.ModuleList(Blocks([AttentionBlock(width)]) for width in widths)
        self.head = Head((widths[0], widths[0], classes))

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        stages = self.encoder(points, offsets, features)
        top = stages[-1]
        top = top._replace(features=self.summit(top.features, top.offsets))
        below = self.blocks[-1](top)
        for i in reversed(range(len(self.up))):
            stage = stages[i]._replace(features=self.up[i](below, stages[i]))
            below = self.blocks[i](stage)
        return self.head(below.features)
