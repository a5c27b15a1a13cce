"""Three panels for each cloud."""

import torch

from geomdl.models.critical_picture import critical_picture
from geomdl.models.pointnet import PointNet, PointNetEncoder
from tests.oracles.golden import fill, uniform


def test_a_row_of_three_panels_for_each_cloud() -> None:
    net = fill(PointNet(4, encoder=PointNetEncoder(before=(8, 8), after=(8, 12))))
    clouds = [uniform(name, (200, 3)) - 0.5 for name in "ab"]
    image = critical_picture(net.encoder, clouds, candidates=500, size=(96, 64))
    assert image.shape == (2 * 64, 3 * 96, 4)
    whole, critical = image[8:60, 4:90, :3], image[8:60, 100:186, :3]
    inked = [int((panel.amin(2) < 0.7).sum()) for panel in (whole, critical)]
    assert inked[0] > inked[1] > 0
    assert torch.equal(image, critical_picture(net.encoder, clouds, candidates=500, size=(96, 64)))
