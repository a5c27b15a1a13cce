"""T-Nets: at first the identity, in any order of the points; and their penalty."""

import torch

from geomdl.nn.tnet import TNet, orthogonality, transformed
from tests.geomdl.nn.clouds import batch, filled

POINTS, OFFSETS, _ = batch(12, 20)


def test_the_start_is_the_identity() -> None:
    net = TNet(3).double()
    torch.testing.assert_close(net(POINTS, OFFSETS), torch.eye(3).double().expand(2, 3, 3))
    torch.testing.assert_close(transformed(POINTS, OFFSETS, net(POINTS, OFFSETS)), POINTS)


def test_each_item_has_a_matrix_of_its_own() -> None:
    net = filled(TNet(3, widths=(6, 8), hidden=(7, 5))).eval()
    matrix = net(POINTS, OFFSETS)
    order = torch.cat([torch.randperm(12), 12 + torch.randperm(20)])
    torch.testing.assert_close(net(POINTS[order], OFFSETS), matrix)
    torch.testing.assert_close(net(POINTS[:12], OFFSETS[:2]), matrix[:1])
    turned = transformed(POINTS, OFFSETS, matrix)
    torch.testing.assert_close(turned[15], POINTS[15] @ matrix[1])
    assert not torch.allclose(matrix[0], matrix[1])


def test_penalty_is_the_squared_distance_from_orthogonal() -> None:
    turn = torch.linalg.qr(torch.rand(2, 5, 5, dtype=torch.float64)).Q
    assert float(orthogonality(turn)) < 1e-20
    a = torch.tensor([[1.0, 2.0], [0.0, 1.0]])  # A A^T - I = [[4, 2], [2, 0]]
    assert float(orthogonality(torch.stack([a, torch.eye(2)]))) == 12.0
