import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.neighbors import knn_index
from geomdl.ops.orientation import orient_to_neighbors, orient_to_viewpoint


def sphere(count: int) -> torch.Tensor:
    points = torch.randn(count, 3, generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.normalize(points, dim=1)


def test_signs_agree_over_a_surface_whatever_they_were():
    points = sphere(3000)
    flip = torch.rand(3000, generator=torch.Generator().manual_seed(4)) < 0.5
    mixed = torch.where(flip[:, None], -points, points)
    index = knn_index(points, points, 8)
    torch.testing.assert_close(orient_to_neighbors(points, mixed, index), points)
    torch.testing.assert_close(orient_to_neighbors(points, -mixed, index), points)


def test_every_piece_has_its_own_highest_point():
    points = sphere(800)
    both = torch.cat([points, points * 0.5 + torch.tensor([4.0, 0, -7])])
    normals = torch.cat([-points, points])
    index = knn_index(both, both, 8)
    found = orient_to_neighbors(both, normals, index)
    torch.testing.assert_close(found, torch.cat([points, points]))


def test_points_without_neighbours_look_up():
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0]])
    normals = torch.tensor([[0.0, 0, -1], [0, 0, 1]])
    alone = torch.tensor([[0, -1], [1, -1]])
    assert (orient_to_neighbors(points, normals, alone)[:, 2] == 1).all()
    assert len(orient_to_neighbors(points[:0], normals[:0], alone[:0])) == 0


def test_viewpoint_per_point_and_shared():
    points = sphere(50)
    assert torch.equal(orient_to_viewpoint(points, points, torch.zeros(3)), -points)
    assert torch.equal(orient_to_viewpoint(points, -points, 2 * points), points)
    with pytest.raises(GeometryError, match=r"^viewpoint"):
        orient_to_viewpoint(points, points, torch.full((3,), torch.nan))
