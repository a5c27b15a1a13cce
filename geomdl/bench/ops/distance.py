"""Chamfer distance, forwards and backwards, against torch.cdist in blocks and SciPy's trees."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.bench.ops.neighbors import COUNT, volume
from geomdl.ops.distance import chamfer_distance

BLOCK = 2000
Nearest = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def by_blocks(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest both ways by torch.cdist, a block of rows at a time."""
    best, in_a = torch.full((len(b),), float("inf")), torch.zeros(len(b), dtype=torch.int64)
    in_b = []
    for start in range(0, len(a), BLOCK):
        block = torch.cdist(a[start : start + BLOCK], b)
        in_b.append(block.argmin(1))
        closest, row = block.min(0)
        in_a = torch.where(closest < best, row + start, in_a)
        best = torch.minimum(best, closest)
    return torch.cat(in_b), in_a


def by_trees(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest both ways by SciPy."""
    from scipy.spatial import cKDTree

    in_b = cKDTree(b.numpy()).query(a.numpy(), workers=-1)[1]
    in_a = cKDTree(a.numpy()).query(b.numpy(), workers=-1)[1]
    return torch.from_numpy(in_b), torch.from_numpy(in_a)


def prepare(nearest: Nearest) -> Work:
    """The peers find indices without gradients and let torch differentiate the distances."""
    a, b = volume(0).requires_grad_(), volume(1).requires_grad_()

    def gradients(value: Tensor) -> tuple[Tensor, ...]:
        return value.detach(), *torch.autograd.grad(value, (a, b))

    def call() -> tuple[Tensor, ...]:
        with torch.no_grad():
            in_b, in_a = nearest(a.detach(), b.detach())
        forth, back = a - b[in_b], b - a[in_a]
        return gradients(forth.square().sum(1).mean() + back.square().sum(1).mean())

    def same(ours: tuple[Tensor, ...], theirs: tuple[Tensor, ...]) -> None:
        torch.testing.assert_close(ours[0], theirs[0], rtol=1e-4, atol=0)
        for mine, other in zip(ours[1:], theirs[1:], strict=True):
            differ = (~torch.isclose(mine, other, rtol=1e-3, atol=1e-9)).any(1)
            if float(differ.float().mean()) > 0.01:  # cdist rounds: near ties may go either way
                raise AssertionError(f"{int(differ.sum())} gradients differ")

    def peer() -> Callable[[], tuple[Tensor, ...]]:
        nearest(a.detach()[:2], b.detach()[:2])  # raises where the peer is not installed
        return call

    return Work(lambda: gradients(chamfer_distance(a, b)), if_installed(peer), same)


def rows() -> Iterator[Row]:
    moved = COUNT * 2 * (12 + 8 + 2 * 12)
    floor = Floor(moved=moved)
    work = f"forward + backward, {COUNT} x {COUNT}"
    for peer, nearest, target, repeats in (
        ("torch.cdist in blocks", by_blocks, 20.0, 1),
        ("SciPy cKDTree, workers=-1", by_trees, 1.3, 7),
    ):
        call = partial(prepare, nearest)
        yield Row("chamfer_distance", "ops", work, peer, call, floor, target, repeats)
