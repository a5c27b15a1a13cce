"""VoxNet has its published size and is torch's convolutions; odd extents keep their corners."""

import pytest
import torch
import torch.nn.functional as F

from geomdl.errors import GeometryError
from geomdl.models.voxnet import VoxNet, VoxNetEncoder


def test_the_published_size() -> None:
    """32 filters of 125 cells and 32 of 27, then 6^3 cells of 32: 921,736 numbers."""
    net = VoxNet(40)
    assert sum(p.numel() for p in net.parameters()) == 921_736
    assert net.encoder.width((32, 32, 32)) == 32 * 6**3
    x = torch.randint(-1, 2, (2, 1, 32, 32, 32), generator=torch.Generator().manual_seed(0)).float()
    y = net.eval()(x)
    weights = [p.detach() for p in net.parameters()]
    h = F.leaky_relu(F.conv3d(x, weights[0], weights[1], stride=2), 0.1)
    h = F.max_pool3d(F.leaky_relu(F.conv3d(h, weights[2], weights[3]), 0.1), 2)
    h = F.relu(F.linear(h.flatten(1), weights[4], weights[5]))
    assert torch.allclose(y, F.linear(h, weights[6], weights[7]), atol=1e-5)


@pytest.mark.parametrize("padding", [0, "same"])
@pytest.mark.parametrize("extent", [(13, 24, 17), (11, 9, 10)])
@pytest.mark.parametrize("pool", [1, 2])
def test_the_width_is_what_comes_out(padding, extent, pool) -> None:
    net = VoxNetEncoder(2, layers=((4, 5, 2), (6, 3, 1)), pool=pool, padding=padding)
    if padding == 0 and pool == 2 and min(extent) < 11:
        with pytest.raises(GeometryError, match="extent"):
            net.width(extent)
        return
    assert net(torch.zeros(1, 2, *extent)).numel() == net.width(extent)


def test_two_axes_and_what_is_refused() -> None:
    net = VoxNetEncoder(space=2)
    assert net(torch.zeros(1, 1, 32, 32)).shape == (1, 32, 6, 6)
    with pytest.raises(GeometryError, match=r"extent: \(6, 6, 6\) cells are too few"):
        VoxNet(size=6)
    with pytest.raises(GeometryError, match="layers: expected some"):
        VoxNetEncoder(layers=())
