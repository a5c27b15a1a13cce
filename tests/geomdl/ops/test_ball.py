"""Ball queries against loops over all points."""

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.ball import ball_index


def loops(
    points: Tensor, queries: Tensor, radius: float, count: int, first: list, second: list
) -> Tensor:
    out = torch.full((len(queries), count), -1)
    reach = torch.tensor(radius, dtype=points.dtype) ** 2
    for item in range(len(first) - 1):
        for q in range(second[item], second[item + 1]):
            found = 0
            for p in range(first[item], first[item + 1]):
                d = points[p] - queries[q]
                near = d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= reach
                if near and found < count:
                    out[q, found] = p
                    found += 1
    return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_first_within_the_radius_in_order(backend: str, dtype: torch.dtype) -> None:
    g = torch.Generator().manual_seed(0)
    points = torch.rand(110, 3, generator=g, dtype=dtype)
    queries = torch.rand(30, 3, generator=g, dtype=dtype)
    first, second = [0, 60, 60, 110], [0, 12, 20, 30]
    found = ball_index(points, queries, 0.35, 5, torch.tensor(first), torch.tensor(second))
    assert torch.equal(found, loops(points, queries, 0.35, 5, first, second))
    assert (found[12:20] == -1).all()
    assert (found >= 0).sum(1).unique().numel() > 2


@pytest.mark.parametrize("radius", [0.02, 0.2, 3.0])
def test_cells_of_large_items_find_what_a_scan_finds(radius: float) -> None:
    g = torch.Generator().manual_seed(1)
    points = torch.rand(5000, 3, generator=g) * torch.tensor([4.0, 1.0, 0.0])
    queries = torch.cat([points[:80], points[:20] + 9.0, points[:20] - 0.01])
    with dispatch.backend("torch"):
        truth = ball_index(points, queries, radius, 7)
    with dispatch.backend("native"):
        assert torch.equal(ball_index(points, queries, radius, 7), truth)


def test_the_rim_belongs_to_the_ball_and_equal_points_are_all_found(backend: str) -> None:
    points = torch.tensor([[3.0, 4, 0], [0, 0, 0], [3, 4, 0], [0, 5.001, 0]])
    assert ball_index(points, torch.zeros(1, 3), 5.0, 4).tolist() == [[0, 1, 2, -1]]
    assert ball_index(torch.zeros(5000, 3), torch.zeros(70, 3), 0.0, 3)[69].tolist() == [0, 1, 2]


def test_bits_do_not_depend_on_threads() -> None:
    points = torch.rand(6000, 3, generator=torch.Generator().manual_seed(2))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = ball_index(points, points, 0.1, 16)
        torch.set_num_threads(2)
        assert torch.equal(ball_index(points, points, 0.1, 16), one)
    finally:
        torch.set_num_threads(before)


def test_bad_arguments_are_named() -> None:
    points = torch.rand(4, 3)
    with pytest.raises(GeometryError, match=r"points: expected shape \(N, 3\)"):
        ball_index(torch.rand(4, 2), torch.rand(4, 2), 1.0, 1)
    with pytest.raises(GeometryError, match="count: expected at least 1"):
        ball_index(points, points, 1.0, 0)
    with pytest.raises(GeometryError, match="radius"):
        ball_index(points, points, -1.0, 1)
