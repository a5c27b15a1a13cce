"""Iterative closest point against Open3D registration_icp."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.registration import Alignment, exponential, icp

COUNT, REACH, NOISE, STEPS, STILL = 100_000, 0.05, 0.001, 30, 1e-6
MOTION = torch.tensor([0.03, -0.05, 0.04, 0.01, -0.02, 0.015])


def bumpy(seed: int) -> tuple[Tensor, Tensor]:
    """Points of a closed bumpy surface of radius 1 with a millimetre of noise, and normals."""
    generator = torch.Generator().manual_seed(seed)
    d = torch.randn(COUNT, 3, generator=generator)
    d = torch.nn.functional.normalize(d, dim=1).requires_grad_()
    radius = 1 + 0.2 * torch.sin(4 * d[:, 0]) * torch.cos(3 * d[:, 1] + 1) + 0.1 * d[:, 2] ** 3
    (slope,) = torch.autograd.grad(radius.sum(), d)
    d, radius = d.detach(), radius.detach()[:, None]
    tangent = slope - (slope * d).sum(1, keepdim=True) * d
    normal = torch.nn.functional.normalize(d - tangent / radius, dim=1)
    return d * radius + NOISE * torch.randn(COUNT, 3, generator=generator), normal


def prepare() -> Work:
    """Both start at the identity, with the same normals, and stop where fitness and rmse change by
    less than 1e-6 (absolute differences, in Open3D as well)."""
    target, normals = bumpy(0)
    transform = exponential(MOTION)
    source = ((bumpy(1)[0].double() - transform[:3, 3]) @ transform[:3, :3]).float()

    def same(ours: Alignment, peer: Any) -> None:
        gap = (ours.transform - torch.tensor(peer.transformation)).abs().max()
        if float(gap) > 5e-4 or abs(ours.fitness - peer.fitness) > 1e-3:
            raise AssertionError(f"transforms differ by {float(gap):.2g}")

    return Work(
        ours=lambda: icp(
            source, target, REACH, normals, iterations=STEPS, tolerance=0.0, change=STILL
        ),
        peer=if_installed(lambda: open3d_icp(source, target, normals)),
        same=same,
    )


def open3d_icp(source: Tensor, target: Tensor, normals: Tensor) -> Callable[[], Any]:
    o3d: Any = importlib.import_module("open3d")
    clouds = []
    for points in (source, target):
        cloud = o3d.geometry.PointCloud()
        cloud.points = o3d.utility.Vector3dVector(points.double().numpy())
        clouds.append(cloud)
    clouds[1].normals = o3d.utility.Vector3dVector(normals.double().numpy())
    tools = o3d.pipelines.registration
    plane = tools.TransformationEstimationPointToPlane()
    stop = tools.ICPConvergenceCriteria(STILL, STILL, STEPS)
    start = torch.eye(4).double().numpy()
    return lambda: tools.registration_icp(*clouds, REACH, start, plane, stop)


def rows() -> Iterator[Row]:
    # A pass reads index, source, target and normal of each pair; 8 passes and 17 levels of a tree.
    moved = 8 * COUNT * (8 + 36 + 17 * 16)
    yield Row(
        name="icp",
        group="ops",
        work=f"point to plane, {COUNT // 1000}k to {COUNT // 1000}k points",
        peer="Open3D registration_icp",
        prepare=prepare,
        floor=Floor(moved=moved),
        target=1.0,
        repeats=5,
    )
