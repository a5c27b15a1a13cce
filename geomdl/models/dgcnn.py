"""DGCNN: edge convolutions whose graph is found anew in the features of every layer.

Wang, Sun, Liu, Sarma, Bronstein, Solomon 2019, "Dynamic graph CNN for learning on point clouds",
figure 3; scenes as in the port antao97/dgcnn.pytorch, which the authors recommend.
"""

import torch
from torch import Tensor, nn

from geomdl.nn.edge_conv import EdgeConv, feature_neighbors
from geomdl.nn.packed import expect_count, expect_packed, one_hot, spread
from geomdl.nn.shared_mlp import Head, SharedMLP
from geomdl.nn.tnet import transformed
from geomdl.ops.segments import segment_max, segment_mean

SLOPE = 0.2


class DGCNN(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits (B, classes).

    1.81 million parameters with the published sizes. neighbors: 20 for 1024 points, 40 for 2048.
    Raises GeometryError where an item has fewer points than neighbors.
    """

    def __init__(
        self,
        classes: int = 40,
        *,
        inputs: int = 0,
        neighbors: int = 20,
        channels: int = 1024,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.inputs = expect_count("inputs", inputs, 0)
        widths = (64, 64, 128, 256)
        self.edges = nn.ModuleList(
            EdgeConv(before, (after,), neighbors=neighbors)
            for before, after in zip((3 + inputs, *widths), widths, strict=False)
        )
        self.shared = SharedMLP((sum(widths), channels), slope=SLOPE, bias=False)
        self.head = Head(
            (2 * channels, 512, 256, classes),
            dropout=dropout, slope=SLOPE, bias=(False, True, True),
        )  # fmt: skip

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        x = points if features is None else torch.cat([points, features], 1)
        found = []
        for edge in self.edges:
            x = edge(x, offsets)
            found.append(x)
        x = self.shared(torch.cat(found, 1))
        return self.head(torch.cat([segment_max(x, offsets), segment_mean(x, offsets)], 1))


class EdgeTNet(nn.Module):
    """Points (N, 3), offsets (B+1,) -> a matrix for each item (B, 3, 3), at first the identity."""

    def __init__(self, neighbors: int) -> None:
        super().__init__()
        self.edge = EdgeConv(3, (64, 128), neighbors=neighbors)
        self.shared = SharedMLP((128, 1024), slope=SLOPE, bias=False)
        self.hidden = SharedMLP((1024, 512, 256), slope=SLOPE, bias=False)
        self.final = nn.Linear(256, 9)
        nn.init.zeros_(self.final.weight)
        with torch.no_grad():
            self.final.bias.copy_(torch.eye(3).flatten())

    def forward(self, points: Tensor, offsets: Tensor) -> Tensor:
        whole = self.shared.pooled(self.edge(points, offsets), offsets)
        return self.final(self.hidden(whole)).view(-1, 3, 3)


class DGCNNParts(nn.Module):
    """Points (N, 3), offsets (B+1,), category (B,) of objects -> part logits (N, parts)."""

    def __init__(
        self,
        parts: int = 50,
        *,
        categories: int = 16,
        neighbors: int = 40,
        channels: int = 1024,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.categories = expect_count("categories", categories)
        self.turn = EdgeTNet(neighbors)
        self.edges = edge_stack(3, neighbors)
        self.shared = SharedMLP((192, channels), slope=SLOPE, bias=False)
        self.known = SharedMLP((categories, 64), slope=SLOPE, bias=False)
        self.head = Head(
            (channels + 64 + 192, 256, 256, 128, parts),
            dropout=(dropout, dropout, 0.0), slope=SLOPE, bias=False,
        )  # fmt: skip

    def forward(self, points: Tensor, offsets: Tensor, category: Tensor) -> Tensor:
        expect_packed(points, offsets)
        known = self.known(one_hot(category, self.categories, len(offsets) - 1, points))
        x = transformed(points, offsets, self.turn(points, offsets))
        found = []
        for edge in self.edges:
            x = edge(x, offsets)
            found.append(x)
        whole = torch.cat([self.shared.pooled(torch.cat(found, 1), offsets), known], 1)
        return self.head(torch.cat([spread(whole, offsets), *found], 1))


class DGCNNSegmenter(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> logits of every point (N, classes).

    The first graph is of the positions; features may be colours and the place in the room (S3DIS).
    """

    def __init__(
        self,
        classes: int = 13,
        *,
        inputs: int = 6,
        neighbors: int = 20,
        channels: int = 1024,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.inputs, self.neighbors = expect_count("inputs", inputs, 0), neighbors
        self.edges = edge_stack(3 + inputs, neighbors)
        self.shared = SharedMLP((192, channels), slope=SLOPE, bias=False)
        self.head = Head(
            (channels + 192, 512, 256, classes), dropout=(0.0, dropout), slope=SLOPE, bias=False
        )

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        x = points if features is None else torch.cat([points, features], 1)
        index: Tensor | None = feature_neighbors(points, offsets, self.neighbors)
        found = []
        for edge in self.edges:
            x = edge(x, offsets, index)
            index = None
            found.append(x)
        whole = self.shared.pooled(torch.cat(found, 1), offsets)
        return self.head(torch.cat([spread(whole, offsets), *found], 1))


def edge_stack(inputs: int, neighbors: int) -> nn.ModuleList:
    """The three edge convolutions of the segmentation networks."""
    sizes = ((inputs, (64, 64)), (64, (64, 64)), (64, (64,)))
    return nn.ModuleList(EdgeConv(n, widths, neighbors=neighbors) for n, widths in sizes)
