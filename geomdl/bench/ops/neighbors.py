"""Nearest neighbours against SciPy, Open3D and pykdtree; building and querying are both timed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.neighbors import knn_index, radius_index

COUNT, K, RADIUS, MOST = 100_000, 16, 0.03, 32


def volume(seed: int) -> torch.Tensor:
    """Points all through the unit cube."""
    return torch.rand(COUNT, 3, generator=torch.Generator().manual_seed(seed))


def surface(seed: int) -> torch.Tensor:
    """Points on a wavy sheet, as a scanner sees them, with a little noise."""
    x, y, noise = volume(seed).unbind(1)
    return torch.stack([x, y, 0.2 * torch.sin(9 * x) * torch.cos(7 * y) + 0.002 * noise], 1)


def distances(points: torch.Tensor, queries: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Sorted distances (M, K) of found neighbours, infinite where there are none."""
    gaps = (queries[:, None] - points[index]).double().norm(dim=-1)
    return gaps.masked_fill(index < 0, float("inf")).sort(dim=1).values


def knn(
    make: Callable[[int], torch.Tensor],
    prepare: Callable[[np.ndarray, np.ndarray], Callable[[], Any]],
) -> Callable[[], Work]:
    """Work on two clouds of a kind; `prepare(points, queries)` gives the peer's call."""

    def work() -> Work:
        points, queries = make(0), make(1)

        def same(ours: torch.Tensor, theirs: Any) -> None:
            index = torch.from_numpy(np.asarray(theirs).astype(np.int64)).view(COUNT, K)
            mine, others = (distances(points, queries, i) for i in (ours, index))
            torch.testing.assert_close(mine, others, rtol=1e-5, atol=1e-6)

        peer = if_installed(lambda: prepare(points.numpy(), queries.numpy()))
        return Work(lambda: knn_index(points, queries, K), peer, same)

    return work


def scipy_knn(points: np.ndarray, queries: np.ndarray) -> Callable[[], Any]:
    from scipy.spatial import cKDTree

    return lambda: cKDTree(points).query(queries, K, workers=-1)[1]


def pykdtree_knn(points: np.ndarray, queries: np.ndarray) -> Callable[[], Any]:
    from pykdtree.kdtree import KDTree

    return lambda: KDTree(points).query(queries, K)[1]


def open3d_knn(points: np.ndarray, queries: np.ndarray) -> Callable[[], Any]:
    from open3d import core

    p, q = core.Tensor.from_numpy(points), core.Tensor.from_numpy(queries)

    def peer() -> Any:
        search = core.nns.NearestNeighborSearch(p)
        search.knn_index()
        return search.knn_search(q, K)[0].numpy()

    return peer


def open3d_radius(points: np.ndarray, queries: np.ndarray, hybrid: bool) -> Callable[[], Any]:
    from open3d import core

    p, q = core.Tensor.from_numpy(points), core.Tensor.from_numpy(queries)

    def peer() -> Any:
        search = core.nns.NearestNeighborSearch(p)
        if hybrid:
            search.hybrid_index(RADIUS)
            return search.hybrid_search(q, RADIUS, MOST)[0].numpy()
        search.fixed_radius_index(RADIUS)
        return search.fixed_radius_search(q, RADIUS)[2].numpy()

    return peer


def radius(hybrid: bool) -> Callable[[], Work]:
    """Open3D's hybrid search keeps the nearest MOST as we do; its fixed radius keeps all."""

    def work() -> Work:
        points, queries = volume(0), volume(1)
        peer = if_installed(lambda: open3d_radius(points.numpy(), queries.numpy(), hybrid))

        def same(ours: torch.Tensor, theirs: np.ndarray) -> None:
            if hybrid:
                index = torch.from_numpy(theirs.astype(np.int64))
                mine, others = (distances(points, queries, i) for i in (ours, index))
                differ = int((mine.isinf() != others.isinf()).any(1).sum())
                close = torch.isclose(mine, others, rtol=1e-5, atol=1e-6)
                differ += int((~close & ~mine.isinf() & ~others.isinf()).any(1).sum())
            else:
                counts = torch.from_numpy(np.diff(theirs)).clamp(max=MOST)
                differ = int(((ours >= 0).sum(1) != counts).sum())
            if differ > 10:  # points within a rounding of the rim
                raise AssertionError(f"{differ} of {COUNT} queries differ")

        return Work(lambda: radius_index(points, queries, RADIUS, MOST), peer, same)

    return work


def rows() -> Iterator[Row]:
    cube, sheet = f"k={K}, {COUNT} x {COUNT}", f"k={K}, {COUNT} x {COUNT} on a surface"
    peers = (
        ("SciPy cKDTree, workers=-1", scipy_knn),
        ("Open3D core NNS", open3d_knn),
        ("pykdtree", pykdtree_knn),
    )
    moved = COUNT * (2 * 12 + K * 8)
    floor = Floor(moved=moved)
    for peer, prepare in peers:
        yield Row("knn_index", "ops", cube, peer, knn(volume, prepare), floor, target=1.3)
    for peer, prepare in peers[:2]:
        yield Row("knn_index", "ops", sheet, peer, knn(surface, prepare), floor, target=1.3)
    moved = COUNT * (2 * 12 + MOST * 8)
    floor = Floor(moved=moved)
    work = f"r={RADIUS}, max {MOST}, {COUNT} x {COUNT}"
    for peer, hybrid in (("Open3D core NNS hybrid", True), ("Open3D core NNS fixed radius", False)):
        yield Row("radius_index", "ops", work, peer, radius(hybrid), floor, target=1)
