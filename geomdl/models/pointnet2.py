"""PointNet++: PointNets on ever larger surroundings, and back to the points for segmentation.

Qi, Yi, Su, Guibas 2017, "PointNet++: Deep hierarchical feature learning on point sets in a metric
space". Sizes are those of the authors' code and of its widely used port
(yanx27/Pointnet_Pointnet2_pytorch); objects fill the unit sphere, scenes are in metres.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.nn.feature_propagation import FeaturePropagation
from geomdl.nn.packed import expect_count, expect_packed, one_hot, spread
from geomdl.nn.set_abstraction import GlobalAbstraction, Scale, SetAbstraction
from geomdl.nn.shared_mlp import Head

Level = tuple[int, tuple[Scale, ...]]  # centres of an item, and the scales around them

SSG: tuple[Level, ...] = (
    (512, (Scale(0.2, 32, (64, 64, 128)),)),
    (128, (Scale(0.4, 64, (128, 128, 256)),)),
)
MSG: tuple[Level, ...] = (
    (512, (Scale(0.1, 16, (32, 32, 64)), Scale(0.2, 32, (64, 64, 128)),
           Scale(0.4, 128, (64, 96, 128)))),
    (128, (Scale(0.2, 32, (64, 64, 128)), Scale(0.4, 64, (128, 128, 256)),
           Scale(0.8, 128, (128, 128, 256)))),
)  # fmt: skip
PARTS_MSG: tuple[Level, ...] = (
    (512, (Scale(0.1, 32, (32, 32, 64)), Scale(0.2, 64, (64, 64, 128)),
           Scale(0.4, 128, (64, 96, 128)))),
    (128, (Scale(0.4, 64, (128, 128, 256)), Scale(0.8, 128, (128, 196, 256)))),
)  # fmt: skip
SCENE_SSG: tuple[Level, ...] = (
    (1024, (Scale(0.1, 32, (32, 32, 64)),)),
    (256, (Scale(0.2, 32, (64, 64, 128)),)),
    (64, (Scale(0.4, 32, (128, 128, 256)),)),
    (16, (Scale(0.8, 32, (256, 256, 512)),)),
)
SCENE_MSG: tuple[Level, ...] = (
    (1024, (Scale(0.05, 16, (16, 16, 32)), Scale(0.1, 32, (32, 32, 64)))),
    (256, (Scale(0.1, 16, (64, 64, 128)), Scale(0.2, 32, (64, 96, 128)))),
    (64, (Scale(0.2, 16, (128, 196, 256)), Scale(0.4, 32, (128, 196, 256)))),
    (16, (Scale(0.4, 16, (256, 256, 512)), Scale(0.8, 32, (256, 384, 512)))),
)


def expect_levels(levels: Sequence[Level], count: int | None = None) -> None:
    """`count` levels, or one or more, none with more centres than the last. GeometryError."""
    wanted = "one or more levels" if count is None else f"{count} levels"
    if not isinstance(levels, Sequence) or isinstance(levels, str) or not levels:
        raise GeometryError(f"levels: expected {wanted} of (centres, scales), got {levels!r}")
    centres = [level[0] for level in levels]
    if len(levels) != (count or len(levels)) or centres != sorted(centres, reverse=True):
        raise GeometryError(f"levels: expected {wanted} of ever fewer centres, got {centres}")


def widths_of(levels: Sequence[Level]) -> list[int]:
    """Channels behind each level."""
    return [sum(scale.widths[-1] for scale in scales) for _, scales in levels]


def abstractions(inputs: int, levels: Sequence[Level]) -> nn.ModuleList:
    """Set abstractions one behind the other."""
    return nn.ModuleList(
        SetAbstraction(before, count, scales)
        for before, (count, scales) in zip((inputs, *widths_of(levels)), levels, strict=False)
    )


class PointNet2(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits (B, classes).

    levels: SSG, or MSG of three radii a level. Normals are features: inputs=3.
    """

    def __init__(
        self,
        classes: int = 40,
        *,
        inputs: int = 0,
        levels: Sequence[Level] = SSG,
        dropout: float | tuple[float, float] = 0.4,
    ) -> None:
        super().__init__()
        self.inputs = expect_count("inputs", inputs, 0)
        expect_levels(levels)
        self.levels = abstractions(inputs, levels)
        self.top = GlobalAbstraction(widths_of(levels)[-1], (256, 512, 1024))
        self.head = Head((1024, 512, 256, classes), dropout=dropout)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        for level in self.levels:
            points, offsets, features = level(points, offsets, features)
        return self.head(self.top(points, offsets, features))


class PointNet2MRG(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits (B, classes).

    Multi-resolution grouping (section 3.3, supplement B.1): what two levels say of a region stands
    beside what one PointNet says of its raw points, and a third looks at all raw points. The
    supplement gives the raw regions as 512, but two vectors of one region need the same centres
    (figure 3b), so both branches have the 64 of the first.
    """

    def __init__(self, classes: int = 40, *, inputs: int = 0, dropout: float = 0.5) -> None:
        super().__init__()
        self.inputs = expect_count("inputs", inputs, 0)
        self.fine = SetAbstraction(inputs, 512, (Scale(0.2, 32, (64, 64, 128)),))
        self.coarse = SetAbstraction(128, 64, (Scale(0.4, 64, (128, 128, 256)),))
        self.raw = SetAbstraction(inputs, 64, (Scale(0.4, 128, (64, 128, 256)),))
        self.all = GlobalAbstraction(inputs, (64, 128, 256, 512))
        self.top = GlobalAbstraction(512, (256, 512, 1024))
        self.head = Head((1536, 512, 256, classes), dropout=dropout)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        centres, centre_offsets, region = self.coarse(*self.fine(points, offsets, features))
        raw = self.raw.around(
            points, offsets, features, centres=centres, centre_offsets=centre_offsets
        )
        regions = self.top(centres, centre_offsets, torch.cat([region, raw], 1))
        return self.head(torch.cat([regions, self.all(points, offsets, features)], 1))


class PointNet2Segmenter(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits of every point (N, classes).

    For scenes: four levels of ever larger balls (metres), and four feature propagations. positions:
    whether the first level sees where a point is, beside where it is in its ball (as in S3DIS's
    nine channels). Raises GeometryError for items with fewer points than the first level's centres.
    """

    def __init__(
        self,
        classes: int = 13,
        *,
        inputs: int = 6,
        levels: Sequence[Level] = SCENE_SSG,
        positions: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.inputs, self.positions = expect_count("inputs", inputs, 0), positions
        expect_levels(levels, 4)
        self.levels = abstractions(inputs + 3 * positions, levels)
        widths = widths_of(levels)
        self.up = nn.ModuleList()  # from the finest on
        for lower, upper, sizes in zip(
            [0, *widths[:-1]], [128, 256, 256, widths[-1]],
            ((128, 128, 128), (256, 128), (256, 256), (256, 256)), strict=True,
        ):  # fmt: skip
            self.up.append(FeaturePropagation(lower + upper, sizes))
        self.head = Head((128, 128, classes), dropout=dropout)

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        if self.positions:
            features = points if features is None else torch.cat([points, features], 1)
        pyramid = [(points, offsets, features)]
        for level in self.levels:
            pyramid.append(level(*pyramid[-1]))
        values = pyramid[-1][2]
        for i in reversed(range(len(self.up))):
            queries, query_offsets, skip = pyramid[i]
            values = self.up[i](
                values, pyramid[i + 1][0], pyramid[i + 1][1],
                skip=skip if i else None, queries=queries, query_offsets=query_offsets,
            )  # fmt: skip
        return self.head(values)


class PointNet2Parts(nn.Module):
    """Points (N, 3), offsets (B+1,), category (B,), features (N, inputs) -> part logits (N, parts).

    levels: SSG or PARTS_MSG. positions: as in PointNet2Segmenter. The last shared MLP sees the
    known category, positions and features beside what was propagated.
    """

    def __init__(
        self,
        parts: int = 50,
        *,
        categories: int = 16,
        inputs: int = 0,
        levels: Sequence[Level] = SSG,
        positions: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.categories, self.positions = expect_count("categories", categories), positions
        self.inputs = expect_count("inputs", inputs, 0)
        expect_levels(levels, 2)
        seen = inputs + 3 * positions
        self.levels = abstractions(seen, levels)
        first, second = widths_of(levels)
        self.top = GlobalAbstraction(second, (256, 512, 1024))
        single = len(levels[0][1]) == 1
        self.up = nn.ModuleList([
            FeaturePropagation(128 + categories + 3 + seen, (128,) * (3 if single else 2)),
            FeaturePropagation(first + 256, (256, 128)),
            FeaturePropagation(second + 1024, (256, 256)),
        ])  # fmt: skip
        self.head = Head((128, 128, parts), dropout=dropout)

    def forward(
        self, points: Tensor, offsets: Tensor, category: Tensor, features: Tensor | None = None
    ) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        known = one_hot(category, self.categories, len(offsets) - 1, points)
        seen = features
        if self.positions:
            seen = points if features is None else torch.cat([points, features], 1)
        one = self.levels[0](points, offsets, seen)
        two = self.levels[1](*one)
        whole = self.top(*two)  # (B, 1024)
        values = self.up[2](whole, None, offsets, skip=two[2], queries=two[0], query_offsets=two[1])
        values = self.up[1](
            values, two[0], two[1], skip=one[2], queries=one[0], query_offsets=one[1]
        )
        parts = [spread(known, offsets), points, *([] if seen is None else [seen])]
        values = self.up[0](
            values, one[0], one[1], skip=torch.cat(parts, 1), queries=points, query_offsets=offsets
        )
        return self.head(values)
