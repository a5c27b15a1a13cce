"""Why sparse convolution keeps its sites, and from which occupancy a dense grid is as fast.

    python -m geomdl.recipes.dilution --record --figure dilution.png    (2 minutes on one core)

Dilution: a plain sparse convolution makes every site active that its kernel touches, so thin
things swell by one cell per layer; a submanifold convolution keeps the sites (Graham and van der
Maaten 2017, section 2). Counted for a curve, a surface and scattered points: after l layers of
kernel 3 a straight one has (1 + 2 l)^codimension times as many.

Crossover: "slower than dense because of the hash look-ups" is said of sparse convolution. One
layer, 32 to 32 channels, kernel 3^3, forward and forward + backward, over the share of active
cells (scattered, the worst case for the look-ups' locality) and over the resolution of a surface,
against torch's conv3d on the whole grid; the look-ups are timed for themselves and the map is made
anew in every call. Memory is what stands between forward and backward: values in and out, and the
map both ways.
"""

import argparse
import math
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from core2d.train.record import Reference, Result, write_result
from geomdl.bench.measure import seconds
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_conv import convolve
from geomdl.nn.sparse_field import SparseField, from_dense
from geomdl.nn.sparse_space import SparseSpace

EXPECT = {"growth_submanifold": 1.0}
REFERENCE: dict[str, Reference] = {}
KERNEL, ONES = (3, 3, 3), (1, 1, 1)


@dataclass(frozen=True)
class Config:
    """extent: cells per axis of the shapes. layers: how many convolutions thicken them.

    grid: cells per axis where the occupancy is varied over `shares`. surfaces: resolutions.
    """

    extent: int = 128
    layers: int = 8
    channels: int = 32
    grid: int = 32
    shares: Sequence[float] = (0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
    surfaces: Sequence[int] = (32, 64, 128)
    repeats: int = 5


@dataclass(frozen=True)
class Timing:
    """Seconds of one layer. `share` of active cells; `bytes` kept from forward to backward."""

    extent: int
    share: float
    dense: float
    dense_training: float
    sparse: float
    sparse_training: float
    look_ups: float
    dense_bytes: float
    sparse_bytes: float


def curve(extent: int) -> Tensor:
    """Active cells (S, S, S) bool of a trefoil knot."""
    t = torch.linspace(0, 2 * math.pi, 40 * extent)
    x = torch.sin(t) + 2 * torch.sin(2 * t), torch.cos(t) - 2 * torch.cos(2 * t), -torch.sin(3 * t)
    return _cells(torch.stack(x, 1) / 3.2, extent)


def surface(extent: int) -> Tensor:
    """Active cells (S, S, S) bool of a torus."""
    angle = torch.linspace(0, 2 * math.pi, 8 * extent)
    u, v = torch.meshgrid(angle, angle, indexing="ij")
    ring = 0.65 + 0.25 * torch.cos(v)
    x = ring * torch.cos(u), ring * torch.sin(u), 0.25 * torch.sin(v)
    return _cells(torch.stack(x, -1).flatten(0, 1), extent)


def scattered(extent: int, share: float, seed: int = 0) -> Tensor:
    """Active cells (S, S, S) bool, exactly that share of them, anywhere."""
    count = extent**3
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(count, generator=generator)[: max(1, round(share * count))]
    active = torch.zeros(count, dtype=torch.bool)
    active[chosen] = True
    return active.view(extent, extent, extent)


def _cells(points: Tensor, extent: int) -> Tensor:
    """Points (N, 3) in -1..1 -> the cells of the grid that hold one, (S, S, S) bool."""
    cells = ((points + 1) / 2 * extent).long().clamp(0, extent - 1)
    active = torch.zeros((extent,) * 3, dtype=torch.bool)
    active[tuple(cells.unbind(1))] = True
    return active


def active_sites(active: Tensor, layers: int, *, plain: bool) -> list[int]:
    """Sites (S, S, S) bool -> how many are active before the first and after each layer."""
    sites = from_dense(active[None, None].float(), active[None]).sites
    counts = [len(sites)]
    space = SparseSpace(3, "dilate" if plain else "parent")
    field, kernel = SparseField(torch.zeros(len(sites), 1), sites), torch.zeros(1, 1, *KERNEL)
    for _ in range(layers):
        field = space.conv(field, kernel)
        counts.append(len(field.sites))
    return counts


def timed(active: Tensor, channels: int, repeats: int) -> Timing:
    """One layer on these active cells (S, S, S), sparse and dense in turn: the fastest."""
    extent = len(active)
    weight = torch.randn(channels, channels, *KERNEL).div_(math.sqrt(27 * channels))
    weight.requires_grad_()
    places = from_dense(active[None, None].float(), active[None]).sites
    values = torch.randn(len(places), channels).requires_grad_()
    whole = torch.randn(1, channels, *active.shape).requires_grad_()

    def sites() -> Sites:
        return Sites(places.coordinates, places.offsets, (Fraction(1),) * 3)

    def sparse() -> Tensor:
        fresh = sites()
        return convolve(
            SparseField(values, fresh), weight, None, fresh, stride=ONES, dilation=ONES
        ).values

    def dense() -> Tensor:
        return F.conv3d(whole, weight, padding=1)

    def look_ups() -> Tensor:
        fresh = sites()
        return fresh.table(fresh, KERNEL, ONES, ONES)

    def forward(layer: Callable[[], Tensor]) -> Callable[[], Tensor]:
        return torch.no_grad()(layer)

    def training(layer: Callable[[], Tensor]) -> Callable[[], None]:
        return lambda: layer().sum().backward()

    calls = (forward(dense), training(dense), forward(sparse), training(sparse), look_ups)
    times = [[seconds(call) for call in calls] for _ in range(repeats + 1)][1:]
    best = [min(column) for column in zip(*times, strict=True)]
    return Timing(
        extent,
        len(places) / extent**3,
        dense=best[0],
        dense_training=best[1],
        sparse=best[2],
        sparse_training=best[3],
        look_ups=best[4],
        dense_bytes=2.0 * whole.nbytes,
        sparse_bytes=2.0 * values.nbytes + 2.0 * 4 * 27 * len(places),
    )


def crossing(shares: Sequence[float], ratios: Sequence[float]) -> float:
    """The share at which sparse / dense passes 1, between measured ones on logarithmic axes.

    The last share where it never does, the first where it always has.
    """
    below = [share for share, ratio in zip(shares, ratios, strict=True) if ratio < 1]
    if not below or len(below) == len(shares):
        return shares[-1] if below else shares[0]
    at = next(i for i, ratio in enumerate(ratios) if ratio >= 1)
    if at == 0:
        return shares[0]
    low, high = (math.log(ratios[i]) for i in (at - 1, at))
    part = -low / (high - low)
    return math.exp((1 - part) * math.log(shares[at - 1]) + part * math.log(shares[at]))


def growth(config: Config) -> dict[str, list[int]]:
    """Shape -> active sites per layer of plain convolution; `submanifold` of the surface."""
    shapes = {
        "curve": curve(config.extent),
        "surface": surface(config.extent),
        "scattered": scattered(config.extent, 0.001),
    }
    found = {
        name: active_sites(active, config.layers, plain=True) for name, active in shapes.items()
    }
    found["submanifold"] = active_sites(shapes["surface"], config.layers, plain=False)
    return found


def measured(config: Config, seed: int) -> tuple[list[Timing], list[Timing]]:
    """Timings over the occupancy of scattered cells, and over the resolution of a surface."""
    torch.manual_seed(seed)
    grids = [scattered(config.grid, share, seed) for share in config.shares]
    by_share = [timed(active, config.channels, config.repeats) for active in grids]
    by_size = [
        timed(surface(n), config.channels, config.repeats if n < 100 else 2)
        for n in config.surfaces
    ]
    return by_share, by_size


def figures(by_share: Sequence[Timing], by_size: Sequence[Timing]) -> dict[str, float]:
    """What the timings come to."""
    shares = [t.share for t in by_share]
    found = {
        "crossover_forward": crossing(shares, [t.sparse / t.dense for t in by_share]),
        "crossover_training": crossing(
            shares, [t.sparse_training / t.dense_training for t in by_share]
        ),
        "crossover_memory": crossing(shares, [t.sparse_bytes / t.dense_bytes for t in by_share]),
    }
    for t in by_size:
        found[f"look_up_share_{t.extent}"] = t.look_ups / t.sparse
        found[f"speedup_training_{t.extent}"] = t.dense_training / t.sparse_training
        found[f"memory_saved_{t.extent}"] = t.dense_bytes / t.sparse_bytes
    return found


def main(arguments: Sequence[str] | None = None, config: Config | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m geomdl.recipes.dilution",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--figure", type=Path, help="draw it there")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    given = sys.argv[1:] if arguments is None else list(arguments)
    args, config = parser.parse_args(given), config or Config()
    start = time.perf_counter()
    sites = growth(config)
    runs = [measured(config, seed) for seed in args.seeds]
    found = {f"growth_{name}": [n[-1] / n[0]] * len(runs) for name, n in sites.items()}
    for run in runs:
        for name, value in figures(*run).items():
            found.setdefault(name, []).append(value)
    for name, values in found.items():
        print(f"{name:<24} " + "  ".join(f"{value:.4g}" for value in values))
    if args.figure:
        from geomdl.recipes.dilution_figure import draw

        draw(args.figure, sites, *runs[0])
    if args.record:
        layers = range(config.layers + 1)
        lines = [{name: float(n[layer]) for name, n in sites.items()} for layer in layers]
        result = Result(
            recipe="dilution",
            command=shlex.join(["python", "-m", "geomdl.recipes.dilution", *given]),
            seeds=args.seeds,
            seconds=time.perf_counter() - start,
            metrics=found,
            expect=EXPECT,
            reference=REFERENCE,
            data=f"a knot, a torus and scattered cells in {config.extent}^3",
            curves=[lines],
        )
        print(f"wrote {write_result(result, args.record)}")


if __name__ == "__main__":
    main()
