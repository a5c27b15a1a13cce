"""Shared layers are torch's linear layers and batch norms."""

import pytest
import torch
import torch.nn.functional as F

from geomdl.errors import GeometryError
from geomdl.nn.shared_mlp import Head, SharedMLP
from tests.geomdl.nn.clouds import batch, filled, numpy_layers
from tests.oracles.point_layers_oracle import leaky, norm


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("last", [True, False])
def test_layers(bias: bool, last: bool) -> None:
    mlp = filled(SharedMLP((4, 6, 5), slope=0.1, bias=bias, last=last))
    x = batch(30, channels=4)[2]
    y = x.numpy()
    for i, (matrix, offset, scale, shift) in enumerate(numpy_layers(mlp)):
        y = norm(y @ matrix.T + offset, scale, shift)
        y = leaky(y, 0.1) if i == 0 or last else y
    torch.testing.assert_close(mlp(x), torch.from_numpy(y))
    mlp.train()
    pooled = mlp.pooled(x, torch.tensor([0, 10, 30]))
    torch.testing.assert_close(pooled, torch.stack([mlp(x)[:10].amax(0), mlp(x)[10:].amax(0)]))


def test_head_drops_in_training_alone() -> None:
    head = Head((4, 64, 3), dropout=0.5).eval()
    x = torch.rand(10, 4)
    hidden = F.relu(head.hidden[0].norms[0](head.hidden[0].linears[0](x)))
    torch.testing.assert_close(head(x), head.final(hidden))
    head.train()
    torch.manual_seed(0)
    assert not torch.equal(head(x), head(x))


def test_wrong_sizes_are_named() -> None:
    with pytest.raises(GeometryError, match="sizes: expected two or more"):
        SharedMLP((3,))
    with pytest.raises(GeometryError, match="sizes: expected 4 as dropout and bias say"):
        Head((4, 3), dropout=(0.1, 0.2))
    with pytest.raises(GeometryError, match="sizes: expected two or more"):
        SharedMLP((3, 2.5))
    for classes in (0, -1, 2.5):
        with pytest.raises(GeometryError, match=r"sizes\[-1\]: expected a whole number >= 1"):
            Head((4, 3, classes))
    for share in (-0.1, 1.0, float("nan")):
        with pytest.raises(GeometryError, match="dropout: expected"):
            Head((4, 3, 2), dropout=share)
    with pytest.raises(GeometryError, match="x: expected float32 as the weights are"):
        SharedMLP((3, 2))(torch.zeros(4, 3, dtype=torch.float64))
