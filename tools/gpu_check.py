"""Triton's kernels of sparse convolution and recorded DQN updates on a GPU: values, then times.

    python tools/gpu_check.py --json gpu.json       # both, about two minutes on a new machine
    python tools/gpu_check.py --only values         # every dtype against the torch bodies
    python tools/gpu_check.py --only times          # forward, backward and maps against peers

Needs torch, Triton and this checkout; geomdl need not be installed (run it with PYTHONPATH=.).
spconv and ocnn are timed where they import, with weights of their own, so that only the loop in
torch is compared by value. Exits with 1 where a value is wrong.

What has run so far: the values of float32 and float16 in Triton's interpreter on a CPU
(`TRITON_INTERPRET=1 python tools/gpu_check.py --only values --device cpu --small`), and
compilation for compute capabilities 8.0 and 9.0. Not run yet, for want of a GPU: bfloat16 and TF32
values, the measured choice of tile shapes, recorded updates, everything of `--only times`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from geomdl.bench.sparse_peers import gradients, torch_conv, torch_pairs
from geomdl.bench.sparse_surface import CUBE, ONES, Layer, Surface, surface
from geomdl.ops import dispatch
from geomdl.ops.keys import build_table, look_up, morton_keys
from geomdl.ops.sites import kernel_map, parents, transposed_map
from geomdl.ops.sparse import gather_conv
from rl.agent import Agent
from rl.settings import Learn, Settings, member
from rl.transitions import Transitions

# Largest error of a result, as a share of the result's norm, against the float64 body.
BOUNDS = {"float32": 1e-5, "tf32": 3e-3, "float16": 1e-5, "bfloat16": 1e-5}
SHAPES = [(32, 64, 1), (48, 20, 1), (3, 130, 1), (32, 32, 4), (16, 16, 16)]  # C, O, groups


TWOS = [2, 2, 2]
MAPS = [(CUBE, ONES, ONES), (TWOS, TWOS, ONES), ([3, 5, 2], TWOS, [2, 1, 3])]


def on_kernels(family: str, name: str) -> Callable[..., Any]:
    module = dispatch.gpu(family)
    if module is None:
        raise SystemExit("gpu_check: Triton is not installed (pip install triton)")
    return getattr(module, name)


def body(name: str) -> Callable[..., Any]:
    return dispatch.OPS[name].body


def moved(where: Surface, device: str) -> Surface:
    return Surface(where.extent, *(t.to(device) for t in (where.sites, where.offsets, where.table)))


def verdict(name: str, error: float, bound: float) -> dict[str, Any]:
    return {"name": name, "error": error, "bound": bound, "right": error <= bound}


def same(name: str, mine: Tensor, theirs: Tensor) -> dict[str, Any]:
    """Exactly equal; the error is the share of entries that differ."""
    wrong = mine.shape != theirs.shape or float((mine != theirs).double().mean())
    return verdict(name, float(wrong), 0.0)


def map_values(where: Surface) -> Iterator[dict[str, Any]]:
    """Maps, keys and hash tables: equal to the bodies, and to themselves a second time."""
    sites, ends = where.sites, where.offsets
    coarse, coarse_ends, _ = parents(sites, ends, [2, 2, 2])
    for kernel, stride, dilation in MAPS:
        fewer = (sites, ends) if stride == ONES else (coarse, coarse_ends)
        ready = (sites, ends, *fewer, kernel, stride, dilation, None)
        mine = on_kernels("sites", "kernel_map")(*ready)
        yield same(f"kernel_map {kernel} by {stride}", mine, body("kernel_map")(*ready))
        turned = on_kernels("sites", "transposed_map")(mine, len(sites))
        yield same(f"transposed_map {kernel}", turned, body("transposed_map")(mine, len(sites)))
    keys = on_kernels("keys", "morton_keys")(sites)
    yield same("morton_keys", keys, body("morton_keys")(sites))
    repeated = torch.cat([keys, keys.flip(0)])
    table = on_kernels("keys", "build_table")(repeated)
    yield same("build_table twice", table, on_kernels("keys", "build_table")(repeated))
    asked = torch.cat([repeated, keys + 1])
    mine = on_kernels("keys", "look_up")(table, asked)
    yield same("look_up", mine, body("look_up")(body("build_table")(repeated), asked))


def product_values(where: Surface, kinds: list[str]) -> Iterator[dict[str, Any]]:
    """The three products of every dtype and shape against float64, and their bits twice."""
    before = torch.get_float32_matmul_precision()
    generator = torch.Generator().manual_seed(0)
    device, rows = where.sites.device, len(where.sites)
    for kind in kinds:
        torch.set_float32_matmul_precision("high" if kind == "tf32" else "highest")
        dtype = torch.float32 if kind == "tf32" else getattr(torch, kind)
        for channels, outputs, groups in SHAPES:
            features = torch.randn(rows, channels, generator=generator).to(device, dtype)
            gradient = torch.randn(rows, outputs, generator=generator).to(device, dtype)
            weight = torch.randn(27, channels // groups, outputs, generator=generator)
            weight, table = weight.to(device, dtype), where.table
            works = {
                "gather_multiply": (features, weight, table, gradient[0], groups, False),
                "gather_multiply turned": (gradient, weight, table, None, groups, True),
                "gather_outer": (features, gradient, table, groups),
            }
            for name, ready in works.items():
                run = on_kernels("sparse", name.split()[0])
                mine = run(*ready)
                wide = [
                    a.double() if isinstance(a, Tensor) and a.is_floating_point() else a
                    for a in ready
                ]
                theirs = body(name.split()[0])(*wide)
                error = float((mine.double() - theirs).norm() / theirs.norm())
                title = f"{name} {kind} {channels} -> {outputs} in {groups}"
                yield verdict(title, error if error == error else torch.inf, BOUNDS[kind])
                yield same(f"{title}, bits twice", mine, run(*ready))
    torch.set_float32_matmul_precision(before)


def public_values(where: Surface) -> Iterator[dict[str, Any]]:
    """Forwards and backwards through the public functions, kernels against bodies."""
    work = layer_on(where, 32, torch.float32)

    def run() -> tuple[Tensor, ...]:
        sites = (where.sites, where.offsets)
        table = kernel_map(*sites, *sites, CUBE, ONES, ONES)
        keys = morton_keys(where.sites)
        rows = look_up(build_table(keys), keys)
        return (*gradients(lambda f, w: gather_conv(f, w, table), work), rows)

    mine = run()
    with dispatch.backend("torch"):
        theirs = run()
    for name, one, other in zip(
        ("result", "features", "weight", "rows"), mine, theirs, strict=True
    ):
        error = float((one.double() - other.double()).norm() / other.double().norm())
        yield verdict(f"gather_conv {name}", error, 1e-4)


def atari_agents(name: str) -> tuple[Agent, Agent]:
    """Two of the same first weights on the GPU; the second learns by a graph."""
    settings = member(name, Settings(learn=Learn(batch=32)))
    space = spaces.Box(0, 255, (4, 84, 84), np.uint8)
    agents = [Agent(settings, space, spaces.Discrete(6), "cuda") for _ in range(2)]
    agents[1].capture()
    return agents[0], agents[1]


def atari_batch(seed: int) -> Transitions:
    """Noise, as a replay gives it: on the CPU, frames before and after in one block."""
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randint(256, (32, 5, 84, 84), generator=generator, dtype=torch.uint8)
    action, ones = torch.randint(6, (32,), generator=generator), torch.ones(32)
    reward = torch.randn(32, generator=generator)
    return Transitions(
        frames[:, :4], action, reward, frames[:, 1:], 0.99 * ones, ones, torch.arange(32)
    )


def update_values() -> Iterator[dict[str, Any]]:
    """Weights and losses after recorded updates against those after plain ones."""
    torch.backends.cudnn.deterministic = True
    for name in ("dqn", "rainbow"):
        plain, recorded = atari_agents(name)
        for seed in range(8):
            told = [agent.update(atari_batch(seed)) for agent in (plain, recorded)]
        for part, mine, theirs in (
            ("weights", recorded.flat.values, plain.flat.values),
            ("loss", told[1].loss, told[0].loss),
        ):
            error = float((mine - theirs).norm() / theirs.norm())
            yield verdict(f"recorded update of {name}, {part}", error, 1e-5)


def update_times() -> Iterator[dict[str, Any]]:
    """An update with its batch brought to the GPU, recorded against plain."""
    for name in ("dqn", "rainbow"):
        plain, recorded = atari_agents(name)
        mine, theirs = (seconds(partial(a.update, atari_batch(0))) for a in (recorded, plain))
        work = f"{name}, batch 32 of 4 84 x 84 frames"
        yield row("atari_update", work, mine, "without a graph", theirs, 0.0)


def layer_on(where: Surface, channels: int, dtype: torch.dtype) -> Layer:
    generator = torch.Generator().manual_seed(channels)
    device, rows = where.sites.device, len(where.sites)
    shapes = ((rows, channels), (27, channels, channels), (rows, channels))
    scales = (1.0, (27 * channels) ** -0.5, 1.0)
    drawn = [
        (torch.randn(shape, generator=generator) * scale).to(device, dtype)
        for shape, scale in zip(shapes, scales, strict=True)
    ]
    return Layer(where, *drawn)


def seconds(call: Callable[[], Any]) -> float:
    """The median of repeated calls, by the device's own clock."""
    from triton.testing import do_bench

    return do_bench(call, warmup=50, rep=200, return_mode="median") / 1e3


def rates(dtype: torch.dtype) -> tuple[float, float]:
    """Bytes and float operations a second: a large copy and a large product."""
    one, other = (torch.randn(1 << 28, device="cuda") for _ in range(2))
    copied = 2 * one.numel() * one.element_size() / seconds(lambda: other.copy_(one))
    square = torch.randn(8192, 8192, device="cuda", dtype=dtype)
    return copied, 2 * 8192**3 / seconds(lambda: square @ square)


def spconv_calls(work: Layer) -> tuple[Callable[[], Any], Callable[[], Any]] | None:
    """spconv's forward, and forward and backward, with the map at hand; None where it is absent."""
    try:
        import spconv.pytorch as spconv
    except (ImportError, OSError):
        return None
    channels, dtype = work.features.shape[1], work.features.dtype
    conv = spconv.SubMConv3d(channels, channels, 3, bias=False, indice_key="map")
    conv = conv.to(work.features.device, dtype)
    sites = work.where.sites
    indices = torch.cat([torch.zeros_like(sites[:, :1]), sites], 1)
    features = work.features.detach().requires_grad_()
    field = spconv.SparseConvTensor(features, indices, [work.where.extent] * 3, 1)
    field.indice_dict = conv(field).indice_dict

    def forward() -> Tensor:
        with torch.no_grad():
            return conv(field).features

    return forward, lambda: conv(field).features.backward(work.gradient)


def ocnn_calls(work: Layer) -> tuple[Callable[[], Any], Callable[[], Any]] | None:
    """The same by ocnn, its octree at hand; None where it is absent."""
    try:
        from ocnn.nn import OctreeConv
        from ocnn.octree import Octree, Points
    except (ImportError, OSError):
        return None
    device, extent = work.features.device, work.where.extent
    depth, channels = (extent - 1).bit_length(), work.features.shape[1]
    octree = Octree(depth, 2, device=device)
    octree.build_octree(Points((work.where.sites + 0.5) / (1 << depth - 1) - 1))
    octree.construct_all_neigh()
    conv = OctreeConv(channels, channels, [3], nempty=True).to(device, work.features.dtype)
    features = work.features.detach().requires_grad_()

    def forward() -> Tensor:
        with torch.no_grad():
            return conv(features, octree, depth)

    return forward, lambda: conv(features, octree, depth).backward(work.gradient)


def layer_times(
    where: Surface, channels: int, dtype: torch.dtype, speed: tuple[float, float]
) -> Iterator[dict[str, Any]]:
    """Forward, and forward and backward, of one layer with its map at hand."""
    work, table = layer_on(where, channels, dtype), where.table
    transposed = transposed_map(table, len(table))
    pairs = torch_pairs(table)
    plain = torch_conv(pairs, len(table))

    def ours(features: Tensor, weight: Tensor) -> Tensor:
        return gather_conv(features, weight, table, transposed=transposed)

    def calls(conv: Callable[..., Tensor]) -> tuple[Callable[[], Any], Callable[[], Any]]:
        return (lambda: conv(work.features, work.weight)), (lambda: gradients(conv, work))

    one, other = calls(ours)[0]().float(), calls(plain)[0]().float()
    if not (one - other).norm() < 1e-2 * other.norm():
        raise SystemExit(f"gpu_check: {dtype} differs from gather-mm-scatter, so nothing is timed")
    peers = {
        "torch gather-mm-scatter": calls(plain),
        "spconv": spconv_calls(work),
        "ocnn": ocnn_calls(work),
    }
    size = work.features.element_size()
    bytes_once = len(table) * (2 * channels * size + 27 * 4) + work.weight.numel() * size
    flops = 2 * where.pairs * channels**2
    for at, (name, passes) in enumerate((("submanifold_forward", 1), ("submanifold_backward", 3))):
        mine = seconds(calls(ours)[at])
        floor = passes * max(bytes_once / speed[0], flops / speed[1])
        label = f"{where.extent}^3, {len(table)} voxels, {channels} channels, {dtype}"
        for peer, theirs in peers.items():
            yield row(
                name, label, mine, peer, None if theirs is None else seconds(theirs[at]), floor
            )


def row(
    name: str, work: str, mine: float, peer: str, theirs: float | None, floor: float
) -> dict[str, Any]:
    """A line of the speed table, as of tools/bench.py."""
    return {
        "name": name,
        "work": work,
        "backend": "triton",
        "seconds": mine,
        "peer": peer,
        "peer_seconds": theirs,
        "ratio": theirs / mine if theirs else None,
        "floor_seconds": floor,
    }


def map_times(where: Surface, copied: float) -> dict[str, Any]:
    """A 3^3 kernel map against its torch body."""
    ready = (where.sites, where.offsets, where.sites, where.offsets, CUBE, ONES, ONES, None)
    mine = seconds(lambda: on_kernels("sites", "kernel_map")(*ready))
    theirs = seconds(lambda: body("kernel_map")(*ready))
    floor = len(where.sites) * (12 + 27 * 4) / copied
    work = f"{where.extent}^3, {len(where.sites)} voxels"
    return row("kernel_map", work, mine, "torch body", theirs, floor)


def times() -> Iterator[dict[str, Any]]:
    yield from update_times()
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        speed = rates(dtype)
        for extent in (64, 128, 256):
            where = moved(surface(extent), "cuda")
            if dtype == torch.float32:
                yield map_times(where, speed[0])
            for channels in (32, 64, 128):
                yield from layer_times(where, channels, dtype, speed)


def values(device: str, small: bool) -> Iterator[dict[str, Any]]:
    where = moved(surface(8 if small else 64), device)
    yield from map_values(where)
    kinds = list(BOUNDS) if device == "cuda" else ["float32", "float16"]
    yield from product_values(where, kinds)
    if device == "cuda":
        yield from public_values(where)
        yield from update_values()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Triton kernels on a GPU: values, then times.")
    parser.add_argument("--only", choices=("values", "times"))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="few voxels, for the interpreter")
    parser.add_argument("--json", type=Path, help="write all of it to this file")
    args = parser.parse_args(argv)
    found: dict[str, Any] = {"torch": torch.__version__, "values": [], "times": []}
    if args.device == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit("gpu_check: torch sees no GPU here")
        found["device"] = torch.cuda.get_device_name()
    if args.only != "times":
        for result in values(args.device, args.small):
            found["values"].append(result)
            mark = "ok   " if result["right"] else "WRONG"
            print(f"{mark} {result['name']:<60} {result['error']:.2e}", flush=True)
    if args.only != "values" and args.device == "cuda":
        for result in times():
            found["times"].append(result)
            ratio = "missing" if result["ratio"] is None else f"{result['ratio']:.2f}x"
            print(
                f"{result['name']:<22} {result['work']:<60} {result['seconds'] * 1e3:8.3f} ms "
                f"(floor {result['floor_seconds'] * 1e3:.3f}) {result['peer']:<24} {ratio}",
                flush=True,
            )
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))
    return 0 if all(result["right"] for result in found["values"]) else 1


if __name__ == "__main__":
    sys.exit(main())
