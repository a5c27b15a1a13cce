"""Vector attention against loops over pairs."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.vector_attention import AttentionBlock, VectorAttention
from geomdl.ops.neighbors import knn_index
from tests.geomdl.nn.clouds import batch, filled
from tests.oracles import point_layers_oracle as oracle

POINTS, OFFSETS, FEATURES = batch(9, 4, channels=8)
INDEX = knn_index(POINTS, POINTS, 6, OFFSETS, OFFSETS)  # the second item has but four


def test_equals_loops_in_training(backend: str) -> None:
    layer = filled(VectorAttention(8, groups=2))
    state = {name: value.numpy() for name, value in layer.state_dict().items()}
    neighbors = [[j for j in row if j >= 0] for row in INDEX.tolist()]
    assert {len(row) for row in neighbors} == {6, 4}
    truth = oracle.vector_attention(state, POINTS.numpy(), FEATURES.numpy(), neighbors, 2)
    found = layer(POINTS, FEATURES, INDEX).detach().numpy()
    np.testing.assert_allclose(found, truth, atol=1e-9)


def test_order_and_place_do_not_matter() -> None:
    block = filled(AttentionBlock(8, groups=4))
    found = block(POINTS, FEATURES, INDEX)
    order = torch.cat([torch.randperm(9), 9 + torch.randperm(4)])
    points = POINTS[order] + torch.tensor([3.0, -1.0, 2.0])
    index = knn_index(points, points, 6, OFFSETS, OFFSETS)
    torch.testing.assert_close(block(points, FEATURES[order], index), found[order])


def test_gradients() -> None:
    block = filled(AttentionBlock(4, groups=2))
    x = FEATURES[:, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: block(POINTS, x, INDEX), (x,))


def test_a_block_starts_from_what_it_is_given() -> None:
    block = AttentionBlock(8).double()
    with torch.no_grad():
        block.norm3.weight.zero_()
    torch.testing.assert_close(block(POINTS, FEATURES, INDEX), FEATURES.relu())


def test_groups_divide_the_channels() -> None:
    with pytest.raises(GeometryError, match="groups: expected a divisor of 10 channels, got 8"):
        VectorAttention(10)
    with pytest.raises(GeometryError, match="groups: expected a divisor of 8 channels, got 0"):
        VectorAttention(8, groups=0)
