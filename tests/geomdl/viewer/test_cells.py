import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from geomdl.viewer import cells

PLANES = [
    ((1.0, 0.0, 0.0), 2.4),
    ((0.0, -1.0, 0.0), -1.5),
    ((0.0, 0.0, 1.0), 3.0),
    ((0.0, 0.0, -1.0), -3.0),
    ((0.6, 0.0, 0.8), 2.5),
    ((-0.48, 0.6, 0.64), 0.7),
    ((1 / 3**0.5,) * 3, 4.0),
]


def random_cells(seed: int = 0) -> Tensor:
    return torch.rand(5, 4, 6, generator=torch.Generator().manual_seed(seed)) > 0.5


def areas(points: Tensor, faces: Tensor) -> Tensor:
    """Vectors (F, 3) as long as the faces are large, along their normals."""
    a, b, c = points.double()[faces].unbind(1)
    return torch.linalg.cross(b - a, c - a) / 2


def section_area(shape: tuple[int, ...], normal: tuple[float, ...], offset: float) -> float:
    """Of the polygon where a plane cuts a box, by the hull of where it cuts the edges."""
    n = np.array(normal)
    corners = [np.array(c) for c in itertools.product(*[(0, size) for size in shape])]
    found = []
    for a, b in itertools.combinations(corners, 2):
        low, high = a @ n - offset, b @ n - offset
        if (a != b).sum() == 1 and low * high <= 0 and low != high:
            found.append(a + (b - a) * low / (low - high))
    if len(found) < 3:
        return 0.0
    axis = int(np.abs(n).argmax())
    flat = np.delete(np.array(found), axis, 1)
    return float(ConvexHull(flat).volume / abs(n[axis]))


def test_exposed_sides_are_those_next_to_nothing() -> None:
    shown = random_cells()
    cells_, sides = cells.exposed(shown)
    found = {(*cell, side) for cell, side in zip(cells_.tolist(), sides.tolist(), strict=True)}
    expected = set()
    for i, j, k in itertools.product(range(5), range(4), range(6)):
        for side in range(6):
            step = [0, 0, 0]
            step[side // 2] = 1 if side % 2 else -1
            near = (i + step[0], j + step[1], k + step[2])
            inside = all(0 <= n < s for n, s in zip(near, shown.shape, strict=True))
            if shown[i, j, k] and not (inside and shown[near]):
                expected.add((i, j, k, side))
    assert found == expected


def test_sites_and_grids_agree() -> None:
    shown = random_cells(1)
    sites = shown.nonzero()
    rows, sides = cells.exposed_sites(sites[torch.randperm(len(sites))])
    assert len(rows) == len(cells.exposed(shown)[0])
    rows, sides = cells.exposed_sites(sites)
    found = {(*sites[r].tolist(), s) for r, s in zip(rows.tolist(), sides.tolist(), strict=True)}
    dense, ways = cells.exposed(shown)
    assert found == {(*c, s) for c, s in zip(dense.tolist(), ways.tolist(), strict=True)}


def test_squares_close_the_cells() -> None:
    shown = random_cells(2)
    points, normals, faces = cells.squares(*cells.exposed(shown))
    each = areas(points, faces)
    assert torch.allclose(each.norm(dim=1), torch.tensor(0.5, dtype=torch.float64))
    assert torch.allclose(each * 2, normals[faces[:, 0]].double())  # they look outwards
    # The divergence theorem: the surface of n unit cells encloses the volume n.
    volume = (points.double()[faces].mean(1) * each).sum() / 3
    assert float(volume) == pytest.approx(int(shown.sum()))
    assert each.sum(0).abs().max() < 1e-9


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_cells_across_are_those_that_the_plane_passes(
    normal: tuple[float, float, float], offset: float
) -> None:
    shape = torch.Size((4, 5, 6))
    n = torch.tensor(normal)
    found = cells.cells_across(shape, n, offset)
    every = torch.ones(*shape).nonzero()
    chosen = every[cells.across(every, n, offset)]
    assert {tuple(c) for c in found.tolist()} == {tuple(c) for c in chosen.tolist()}
    assert len(found) == len(chosen)
    signed = (every[:, None] + torch.tensor(list(itertools.product((0, 1), repeat=3)))).float() @ n
    within = (signed.amin(1) < offset - 1e-4) & (signed.amax(1) > offset + 1e-4)
    assert {tuple(c) for c in every[within].tolist()} <= {tuple(c) for c in found.tolist()}


def test_between_two_layers_the_kept_one_is_shown() -> None:
    shape = torch.Size((2, 2, 4))
    below = cells.cells_across(shape, torch.tensor([0.0, 0.0, 1.0]), 2.0)
    above = cells.cells_across(shape, torch.tensor([0.0, 0.0, -1.0]), -2.0)
    assert below[:, 2].tolist() == [1] * 4
    assert above[:, 2].tolist() == [2] * 4


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_sections_tile_the_cut(normal: tuple[float, float, float], offset: float) -> None:
    shape = torch.Size((4, 5, 6))
    n = torch.tensor(normal)
    across = cells.cells_across(shape, n, offset)
    points, faces, owner = cells.sections(across, n, offset)
    each = areas(points, faces)
    expected = section_area(tuple(shape), normal, offset)
    assert float(each.norm(dim=1).sum()) == pytest.approx(expected, rel=1e-5)
    assert torch.allclose(each.sum(0) / expected, n.double(), atol=1e-5)  # all look one way
    assert (points @ n - offset).abs().max() < 1e-5
    inside = points - across[owner].float()
    assert inside.min() > -1e-5
    assert inside.max() < 1 + 1e-5


@pytest.mark.parametrize(("normal", "offset"), PLANES)
def test_the_lattice_fills_the_cut(normal: tuple[float, float, float], offset: float) -> None:
    shape = torch.Size((4, 5, 6))
    n = torch.tensor(normal)
    points, faces = cells.lattice(shape, n, offset)
    each = areas(points, faces)
    expected = section_area(tuple(shape), normal, offset)
    assert float(each.norm(dim=1).sum()) == pytest.approx(expected, rel=1e-4)
    assert torch.allclose(each.sum(0) / expected, n.double(), atol=1e-4)
    used = points[faces.flatten()]
    assert used.min() > -1e-4
    assert (used - torch.tensor([4.0, 5.0, 6.0])).max() < 1e-4
    assert (used @ n - offset).abs().max() < 1e-4


def test_a_lattice_is_not_finer_than_asked() -> None:
    points, faces = cells.lattice(torch.Size((500, 500, 4)), torch.tensor([0.0, 0, 1]), 2.0, 32)
    assert (len(points), len(faces)) == (33 * 33, 2 * 32 * 32)


def test_no_lattice_beside_the_grid() -> None:
    points, faces = cells.lattice(torch.Size((4, 4, 4)), torch.tensor([1.0, 0, 0]), 9.0)
    assert (len(points), len(faces)) == (0, 0)


def test_a_basis_turns_left_about_the_normal() -> None:
    for normal, _ in PLANES:
        n = torch.tensor(normal, dtype=torch.float64)
        first, second = cells.basis(n)
        frame = torch.stack([first, second, n])
        assert torch.allclose(frame @ frame.T, torch.eye(3, dtype=torch.float64), atol=1e-6)
        assert float(torch.linalg.det(frame)) == pytest.approx(1, abs=1e-6)


def test_the_contour_of_a_circle() -> None:
    points, faces = cells.lattice(torch.Size((40, 40, 2)), torch.tensor([0.0, 0.0, 1.0]), 1.0)
    values = (points[:, :2] - 20).norm(dim=1)
    line = cells.contour(points, faces, values, 12.3)
    length = float((line[:, 1] - line[:, 0]).norm(dim=1).sum())
    assert length == pytest.approx(2 * math.pi * 12.3, rel=1e-3)
    assert ((line[..., :2] - 20).norm(dim=2) - 12.3).abs().max() < 0.02
    ends = line.flatten(0, 1).mul(1e3).round().long()
    _, count = ends.unique(dim=0, return_counts=True)
    assert (count == 2).all()  # it closes


def test_no_contour_where_the_level_is_not_reached() -> None:
    points, faces = cells.lattice(torch.Size((4, 4, 2)), torch.tensor([0.0, 0.0, 1.0]), 1.0)
    assert cells.contour(points, faces, points[:, 0], -1.0).shape == (0, 2, 3)
