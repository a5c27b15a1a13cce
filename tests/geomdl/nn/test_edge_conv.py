"""Edge convolutions against loops over edges."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.edge_conv import EdgeConv, feature_neighbors
from tests.geomdl.nn.clouds import batch, filled, items, numpy_layers
from tests.oracles import point_layers_oracle as oracle

POINTS, OFFSETS, FEATURES = batch(20, 14, channels=6)


@pytest.mark.parametrize("channels", [3, 6])
def test_neighbours_in_feature_space(channels: int) -> None:
    x = FEATURES[:, :channels] + 50.0
    found = feature_neighbors(x, OFFSETS, 5)
    for rows in items(OFFSETS):
        for i in range(rows.start, rows.stop):
            truth = oracle.nearest(x[rows].numpy(), x[i].numpy(), 5)
            assert found[i].tolist() == [rows.start + j for j in truth]
    assert torch.equal(found[:, 0], torch.arange(34))


@pytest.mark.parametrize("widths", [(7,), (5, 4)])
def test_equals_loops_in_training(backend: str, widths: tuple[int, ...]) -> None:
    layer = filled(EdgeConv(6, widths, neighbors=5))
    groups = []
    for rows in items(OFFSETS):
        x = FEATURES[rows].numpy()
        for i in range(len(x)):
            near = oracle.nearest(x, x[i], 5)
            groups.append(np.stack([np.concatenate([x[j] - x[i], x[i]]) for j in near]))
    expected = oracle.grouped_mlp(groups, numpy_layers(layer.mlp), 0.2)
    found = layer(FEATURES, OFFSETS).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_neighbours_do_not_change_under_autocast() -> None:
    x = FEATURES.float()
    wanted = feature_neighbors(x, OFFSETS, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(feature_neighbors(x, OFFSETS, 6), wanted)
        half = feature_neighbors(x.bfloat16(), OFFSETS, 6)
    assert torch.equal(half, feature_neighbors(x.bfloat16().float(), OFFSETS, 6))


def test_order_does_not_matter() -> None:
    layer = filled(EdgeConv(6, (5,), neighbors=4))
    order = torch.cat([torch.randperm(20), 20 + torch.randperm(14)])
    found = layer(FEATURES, OFFSETS)
    torch.testing.assert_close(layer(FEATURES[order], OFFSETS), found[order])


def test_gradients() -> None:
    layer = filled(EdgeConv(2, (2, 2), neighbors=3))
    x, offsets = FEATURES[:9, :2].clone().requires_grad_(), torch.tensor([0, 5, 9])
    index = feature_neighbors(x, offsets, 3)

    def call(x: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return layer(x, offsets, index)

    assert torch.autograd.gradcheck(call, (x, *layer.parameters()))


def test_too_small_items_are_named() -> None:
    with pytest.raises(GeometryError, match="at most the 14 points of an item, got 15"):
        feature_neighbors(FEATURES, OFFSETS, 15)
    with pytest.raises(GeometryError, match="neighbors: expected a whole number >= 1, got 0"):
        EdgeConv(3, (4,), neighbors=0)
