"""Set abstraction against loops that repeat the first point of a ball as the paper does."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.set_abstraction import GlobalAbstraction, Scale, SetAbstraction
from tests.geomdl.nn.clouds import batch, filled, items, numpy_layers
from tests.oracles import point_layers_oracle as oracle

SCALES = (Scale(0.5, 6, (5, 7)), Scale(1.0, 12, (4, 6, 3)))


@pytest.mark.parametrize("channels", [0, 2])
def test_equals_loops_in_training(backend: str, channels: int) -> None:
    points, offsets, features = batch(40, 25, channels=channels)
    layer = filled(SetAbstraction(channels, 8, SCALES))
    seen = features if channels else None
    centres, centre_offsets, found = layer(points, offsets, seen)
    truth, groups = [], [[], []]
    for rows in items(offsets):
        cloud, own = points[rows].numpy(), features[rows].numpy()
        for c in oracle.farthest(cloud, 8):
            truth.append(cloud[c])
            for s, scale in enumerate(SCALES):
                members = oracle.ball(cloud, cloud[c], scale.radius, scale.neighbors)
                both = np.concatenate([cloud[members] - cloud[c], own[members]], 1)
                groups[s].append(both)
    assert centre_offsets.tolist() == [0, 8, 16]
    np.testing.assert_allclose(centres.numpy(), np.stack(truth))
    expected = [
        oracle.grouped_mlp(g, numpy_layers(mlp), 0.0)
        for g, mlp in zip(groups, layer.mlps, strict=True)
    ]
    expected = np.concatenate(expected, 1)
    assert found.shape == (16, layer.outputs)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-8)


def test_gradients(backend: str) -> None:
    points, offsets, features = batch(12, 9, channels=2)
    layer = filled(SetAbstraction(2, 3, (Scale(0.9, 5, (4, 3)),)))
    inputs = (features.requires_grad_(), *layer.parameters())

    def call(features: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
        return layer(points, offsets, features)[2]

    assert torch.autograd.gradcheck(call, inputs)


def test_order_does_not_matter_behind_the_first_point() -> None:
    """Sampling starts at it. In evaluation, and where no ball overflows: statistics of training
    depend on which point of a ball comes first, as it is the one that is repeated."""
    points, offsets, features = batch(30, channels=2)
    layer = filled(SetAbstraction(2, 6, (Scale(1.0, 30, (5, 4)),))).eval()
    order = torch.cat([torch.zeros(1, dtype=torch.int64), 1 + torch.randperm(29)])
    one = layer(points, offsets, features)
    other = layer(points[order], offsets, features[order])
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b)


def test_whole_items() -> None:
    points, offsets, features = batch(20, 11, channels=2)
    layer = filled(GlobalAbstraction(2, (6, 4)))
    groups = [np.concatenate([points[r], features[r]], 1) for r in items(offsets)]
    expected = oracle.grouped_mlp(groups, numpy_layers(layer.mlp), 0.0)
    found = layer(points, offsets, features).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_too_few_points_are_named() -> None:
    points, offsets, _ = batch(20, 7)
    with pytest.raises(GeometryError, match=r"points: expected at least 8 in every cloud.* of 7"):
        SetAbstraction(0, 8, SCALES).double()(points, offsets)
    with pytest.raises(GeometryError, match="x: expected float32 as the weights are"):
        SetAbstraction(0, 7, SCALES)(points.double(), offsets)
    for wrong in (Scale(0.0, 4, (4,)), Scale(-1.0, 4, (4,)), Scale(1.0, 0, (4,))):
        with pytest.raises(GeometryError, match=r"radius: |neighbors: "):
            SetAbstraction(0, 8, (wrong,))
    with pytest.raises(GeometryError, match="count, scales"):
        SetAbstraction(0, 8, ())
