"""Run every op on its native kernels and on its torch body, on one small scene, and compare.

    python tools/selfcheck.py [FAMILY...]   a line per family; fails where the two differ or a
                                            kernel is missing

It needs geomdl, torch and numpy, so it also checks an installed wheel, a processor without AVX
(`qemu-x86_64 -cpu Nehalem python tools/selfcheck.py`) and arm64 (tools/arm64.sh).
"""

import functools
import math
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from geomdl import ops
from geomdl.ops import dispatch, row_norm
from geomdl.ops.ball import ball_index
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.ops.isosurface import isosurface, isosurface_blocks
from geomdl.ops.march import raycast_volume
from geomdl.ops.odometry import normal_map, track, vertex_map
from geomdl.ops.rasterize import rasterize
from geomdl.ops.replay import BatchReader
from geomdl.ops.segments import segment_argmax
from geomdl.ops.splat import splat
from geomdl.ops.voxelize import voxelize

Scene = dict[str, Any]


@functools.cache
def scene() -> Scene:
    """A torus with uvs of 24 x 12 quads, noisy points, rays, a camera and a depth image of it."""
    torch.manual_seed(0)
    u, v = torch.meshgrid(torch.arange(24), torch.arange(12), indexing="ij")
    a, b = 2 * math.pi * u / 24, 2 * math.pi * v / 12
    ring = 1 + 0.4 * b.cos()
    vertices = torch.stack([ring * a.cos(), ring * a.sin(), 0.4 * b.sin()], -1).reshape(-1, 3)
    right, up = (u + 1) % 24, (v + 1) % 12
    p, q, r, s = (x.reshape(-1) for x in (u * 12 + v, right * 12 + v, right * 12 + up, u * 12 + up))
    faces = torch.cat([torch.stack([p, q, r], -1), torch.stack([p, r, s], -1)])
    points = torch.rand(800, 3) * 2 - 1
    seen = vertices + torch.tensor([0.0, 0.0, 3.0])
    intrinsics = torch.tensor([[60.0, 0.0, 32.0], [0.0, 60.0, 24.0], [0.0, 0.0, 1.0]])
    return {
        "vertices": vertices,
        "faces": faces,
        "points": points,
        "queries": torch.rand(300, 3) * 2 - 1,
        "offsets": torch.tensor([0, 300, 300, 800]),
        "query_offsets": torch.tensor([0, 100, 200, 300]),
        "directions": torch.nn.functional.normalize(torch.randn(300, 3), dim=-1),
        "seen": seen,
        "intrinsics": intrinsics,
        "pose": torch.eye(4),
    }


def _near(s: Scene) -> Any:
    one = ops.knn(s["points"], s["queries"], 8)
    ragged = ops.knn_index(s["points"], s["queries"], 4, s["offsets"], s["query_offsets"])
    close = ops.nearest_within(s["points"], s["queries"], 0.1, ops.build_tree(s["points"]))
    return (*one, ragged, ops.radius_index(s["points"], s["queries"], 0.3, 16), close)


def _samples(s: Scene) -> Any:
    far = ops.farthest_point_index(s["points"], 50, torch.tensor([0, 300, 800]))
    disk = ops.poisson_disk_index(s["points"], 0.2, seed=1)
    return (far, disk, *ops.sample_surface(s["vertices"], s["faces"], 100, seed=1))


def _keys(s: Scene) -> Any:
    cells = (s["points"] * 50).int() + 100
    keys = ops.morton_keys(cells)
    distinct = torch.unique(keys)
    return keys, ops.morton_cells(keys, 3), ops.look_up(ops.build_table(distinct), keys)


def _voxels(s: Scene) -> Any:
    packed = voxelize(s["points"], 0.25, features=s["points"], offsets=torch.tensor([0, 300, 800]))
    corner = torch.tensor([-1.5, -1.5, -1.5])
    solid = ops.voxelize_mesh(s["vertices"], s["faces"], 0.1, corner, (30, 30, 30))
    grid = torch.rand(2, 9, 9, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    places = (s["points"] * 0.9).requires_grad_()
    read = ops.trilinear(grid, places, torch.full((3,), -1.0), 0.25)
    gradients = torch.autograd.grad(read.square().sum(), (grid, places))
    return (*(x for x in packed if x is not None), solid, read, *gradients)


def _rays(s: Scene) -> Any:
    mesh, rays = (s["vertices"], s["faces"]), (s["queries"], s["directions"])
    bvh = ops.build_bvh(*mesh)
    signed = ops.signed_distance(*mesh, s["queries"], bvh)
    hits = ops.first_hit(*mesh, *rays, bvh)
    close, _, _ = ops.closest_point(*mesh, s["queries"], bvh)  # which face is a tie on edges
    inside = ops.winding_number(*mesh, s["queries"], bvh=bvh) > 0.5
    return (*hits, ops.any_hit(*mesh, *rays, 0.5, bvh), close, inside, signed)


def _raster(s: Scene) -> Any:
    drawn = rasterize(s["seen"], s["faces"], s["intrinsics"], 48, 64)
    return (*drawn, *splat(s["seen"], None, s["intrinsics"], 48, 64, 0.1))


def _views(s: Scene) -> Any:
    scenes = ops.pack_scenes([(s["vertices"], s["faces"]), (s["vertices"] * 0.5, s["faces"])])
    pose = torch.eye(4, dtype=torch.float64)[:3].repeat(3, 1, 1)
    pose[:, 2, 3] = torch.tensor([3.0, 2.0, 0.6])
    number = torch.tensor([1, 0, 1])
    return ops.view_scenes(*scenes, number, pose, s["intrinsics"].double(), 48, 64)


def _fused(s: Scene) -> TSDFVolume:
    depth = rasterize(s["seen"], s["faces"], s["intrinsics"], 48, 64)[1]
    depth = torch.where(depth.isfinite(), depth, 0.0).reshape(48, 64)
    color = torch.rand(48, 64, 3, generator=torch.Generator().manual_seed(0))
    volume = TSDFVolume(cell=0.05, truncation=0.2)
    for _ in range(2):
        fuse(volume, depth, s["intrinsics"], s["pose"], color)
    return volume


def _fusion(s: Scene) -> Any:
    volume = _fused(s)
    return volume.tsdf, volume.weights, volume.colors


def _march(s: Scene) -> Any:
    with dispatch.backend("torch"):  # one volume for both: voxels on pixel borders are fuse's ties
        volume = _fused(s)
    cast = raycast_volume(volume, s["intrinsics"], s["pose"], 48, 64)
    return tuple(x for x in cast if x is not None)


def _odometry(s: Scene) -> Any:
    depth = rasterize(s["seen"], s["faces"], s["intrinsics"], 48, 64)[1]
    depth = torch.where(depth.isfinite(), depth, 0.0).reshape(48, 64)
    points = vertex_map(depth, s["intrinsics"])
    start = torch.eye(4, dtype=torch.float64)
    start[2, 3] = 0.01
    return (track(depth, s["intrinsics"], points, normal_map(points), initial=start).transform,)


def _surface(s: Scene) -> Any:
    x = torch.linspace(-1, 1, 20)
    ball = torch.stack(torch.meshgrid(x, x, x, indexing="ij")).norm(dim=0) - 0.7
    blocks = torch.cartesian_prod(*[torch.arange(-1, 1, dtype=torch.int32)] * 3)
    steps = torch.cartesian_prod(*[torch.arange(8)] * 3).reshape(8, 8, 8, 3) + 0.5
    values = (blocks[:, None, None, None] * 8 + steps).norm(dim=-1) / 8 - 0.7
    packed = isosurface_blocks(blocks, values, torch.ones_like(values), cell=0.1)
    return (*isosurface(ball, cell=0.1), *packed)


def _distances(s: Scene) -> Any:
    a = s["points"].clone().requires_grad_()
    chamfer = ops.chamfer_distance(a, s["queries"])
    gradient = torch.autograd.grad(chamfer, a)[0]
    hausdorff = ops.hausdorff_distance(s["points"], s["queries"])
    return (chamfer, gradient, hausdorff, *ops.f_score(s["points"], s["queries"], 0.2))


def _differential(s: Scene) -> Any:
    mesh = (s["vertices"], s["faces"])
    normals = ops.point_normals(s["vertices"], 8, viewpoint=torch.tensor([0.0, 0.0, 9.0]))
    return ops.vertex_normals(*mesh), ops.mean_curvature(*mesh), normals


def _alignment(s: Scene) -> Any:
    turned = s["vertices"] @ torch.tensor([[0.995, -0.0998, 0], [0.0998, 0.995, 0], [0, 0, 1.0]])
    normals = ops.vertex_normals(s["vertices"], s["faces"])
    return (ops.icp(turned + 0.02, s["vertices"], 0.5, normals).transform,)


def _sites(s: Scene) -> Any:
    cells = torch.unique(((s["points"] + 1) * 6).int(), dim=0)
    cells = cells[ops.morton_keys(cells).argsort()].contiguous()
    ends = torch.tensor([0, len(cells)])
    coarse, coarse_ends, row = ops.parents(cells, ends, [2, 2, 2])
    args = ([3, 3, 3], [2, 2, 2], [1, 1, 1])
    table = ops.kernel_map(cells, ends, coarse, coarse_ends, *args)
    seen = ops.reached(cells, ends, *args, [1, 1, 1])
    back = ops.transposed_map(table, len(cells))
    return (coarse, row, table, back, *seen, *ops.children(coarse, coarse_ends, [2, 2, 2]))


def _sparse(s: Scene) -> Any:
    table = torch.arange(-8, 792, dtype=torch.int32).clamp(min=-1).reshape(100, 8)
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(792, 20, generator=draw)
    weight = torch.randn(8, 10, 36, generator=draw)
    found = []
    for kind in (torch.float32, torch.bfloat16):
        args = [t.to(kind).requires_grad_() for t in (features, weight, weight[0, 0])]
        result = ops.gather_conv(args[0], args[1], table, args[2], 2)
        found += [result, *torch.autograd.grad(result.float().square().sum(), args)]
    return tuple(found)


def _balls(s: Scene) -> Any:
    return (ball_index(s["points"], s["queries"], 0.3, 16, s["offsets"], s["query_offsets"]),)


def _segments(s: Scene) -> Any:
    return (segment_argmax(s["points"], s["offsets"]),)


def _row_norm(s: Scene) -> Any:
    x, one, offsets = s["points"], torch.ones(3), torch.tensor([0, 300, 800])
    weight, gradient, row = x[:, 0].abs() + 1, x.flip(0), segment_argmax(x, offsets)
    some = gradient[:2].contiguous()
    return (
        row_norm.row_moments(x, weight),
        row_norm.row_activate(x, one, -0.1 * one, 0.2),
        row_norm.row_sums(gradient, x, one, one, one, 0.2),
        row_norm.row_back(gradient, x, weight, one, one, one, one, one, 0.2),
        row_norm.picked_back(some, x, row, offsets, weight, one, one, one),
        row_norm.picked_product(x, some, row, x[:3].contiguous()),
        row_norm.picked_outer(some, row, x),
    )


def _sum_tree(s: Scene) -> Any:
    tree = ops.sum_tree(800)
    ops.sum_tree_update(tree, torch.arange(800), s["points"][:, 0].double().abs())
    found = ops.sum_tree_sample(tree, s["queries"][:, 0].double().abs() * tree[:8].sum())
    drawn = ops.sum_tree_draw(tree, s["queries"][:, 1].double().abs().clamp(max=0.99), 800, 0.4)
    top = ops.sum_tree_prioritise(tree, torch.arange(0, 800, 5), s["points"][:160, 1].abs(), 0, 0.6)
    return tree, found, *drawn, top


def _replay(s: Scene) -> Any:
    record = torch.zeros((800, 24), dtype=torch.uint8)
    record.view(torch.int64)[:, 1] = torch.arange(800) % 400
    record.view(torch.float32)[:, 4] = s["points"][:, 0]
    record[:, 22] = (s["points"][:, 1] > 0.8).to(torch.uint8)
    numbers = torch.tensor([[10, 0], [390, 395], [395, 400]])
    powers = torch.tensor([1.0, 0.9, 0.81, 0.729])
    found = ops.replay_windows(record, numbers, powers, torch.arange(0, 775, 3), True, 500, 4)
    source = (torch.arange(9000) % 251).byte().view(1000, 9)
    pictures = source.view(10, 4, 15, 15)
    pick = torch.arange(0, 775, 5)
    read = BatchReader(record, numbers, powers, [source], slots=500, stack=4)
    parts, *batch = read(pick, True)
    return *found, *parts[0], *batch, ops.scaled_frames(pictures, 255.0)


def _perceptron(s: Scene) -> Any:
    sizes, x = torch.tensor([3, 40, 5]), s["points"][:400]
    values, one = s["points"].flatten()[: 4 * 40 + 41 * 5], torch.ones(400)
    batch = (x, -x, torch.arange(400) % 5, x[:, 0].contiguous(), one, one)
    learned = ops.perceptron_td(values, sizes, -1, values / 2, *batch, 1.0, True)
    long = s["points"].flatten()[: 4 * 40 + 41 + 41 * 5]
    dueling = ops.perceptron_td(long, sizes, 1, long / 2, *batch, 1.0, True)
    return ops.perceptron_values(values, sizes, -1, x), *learned, *dueling


CHECKS: dict[str, Callable[[Scene], Any]] = {
    "neighbors": _near,
    "sampling": _samples,
    "keys": _keys,
    "voxelize": _voxels,
    "raycast": _rays,
    "rasterize": _raster,
    "views": _views,
    "fusion": _fusion,
    "march": _march,
    "isosurface": _surface,
    "distance": _distances,
    "differential": _differential,
    "registration": _alignment,
    "odometry": _odometry,
    "sites": _sites,
    "sparse": _sparse,
    "ball": _balls,
    "segments": _segments,
    "row_norm": _row_norm,
    "sum_tree": _sum_tree,
    "replay": _replay,
    "perceptron": _perceptron,
}


SHARE = {"march": 0.998}  # kernel and body read a volume at the same depths along a ray


def difference(ours: Tensor, truth: Tensor, least: float = 0.995) -> str | None:
    """None when two results agree: floats within 1e-3, a share of `least` (ties, edges)."""
    if ours.shape != truth.shape or ours.dtype != truth.dtype:
        return f"{ours.dtype} {tuple(ours.shape)} against {truth.dtype} {tuple(truth.shape)}"
    if ours.is_floating_point():
        same = torch.isclose(ours, truth, rtol=1e-3, atol=1e-3, equal_nan=True)
    else:
        same = ours == truth
    share = float(same.double().mean()) if same.numel() else 1.0
    return None if share >= least else f"only {share:.1%} of {same.numel()} values agree"


def compare(name: str) -> list[str]:
    """Where the kernels and the bodies of one family differ, one line each."""
    with dispatch.backend("torch"):
        truth = CHECKS[name](scene())
    with dispatch.backend("native"):
        ours = CHECKS[name](scene())
    least = SHARE.get(name, 0.995)
    found = [difference(a, b, least) for a, b in zip(ours, truth, strict=True)]
    return [f"{name}, result {i}: {why}" for i, why in enumerate(found) if why]


def main() -> None:
    torch.set_num_threads(2)
    failed = []
    for name in sys.argv[1:] or CHECKS:
        found = compare(name)
        failed += found
        print(f"{name:<14} {'; '.join(found) or 'kernels and bodies agree'}", flush=True)
    families = sorted({record.family for record in dispatch.OPS.values()})
    modules = filter(None, map(dispatch.native, families))
    used = sorted({m.__name__.rpartition("_")[2] for m in modules})
    print(f"torch {torch.__version__}, kernels for {', '.join(used)}, {len(dispatch.OPS)} ops")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
