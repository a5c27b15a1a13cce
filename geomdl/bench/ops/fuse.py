"""TSDF fusion of real RGB-D frames against Open3D's VoxelBlockGrid; pictures are decoded before."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.ops.isosurface import isosurface_blocks

CELL, BAND, FAR, COUNT = 0.01, 4.0, 4.0, 20
Frame = tuple[Tensor, Tensor, Tensor]  # depth m (H, W), colour 0..1 (H, W, 3), world to camera


def kitchen() -> Path:
    """Where the real frames are: GEOMDL_DATA, or shared/data beside the checkout."""
    root = Path(__file__).resolve().parents[4] / "shared" / "data"
    return Path(os.environ.get("GEOMDL_DATA", root)) / "rgbd_redkitchen"


def real_frames(folder: Path) -> tuple[list[Frame], Tensor]:
    """Frames spread over the sequence, and the intrinsics (3, 3)."""
    from PIL import Image

    depths = sorted(folder.glob("*.depth.png"))
    frames = []
    for path in depths[:: max(len(depths) // COUNT, 1)][:COUNT]:
        depth = np.array(Image.open(path)).astype(np.int32)
        depth[depth == 65535] = 0
        name = path.name.removesuffix(".depth.png")
        color = np.array(Image.open(folder / f"{name}.color.jpg"))
        pose = np.linalg.inv(np.loadtxt(folder / f"{name}.pose.txt"))
        frames.append(
            (
                torch.from_numpy((depth / 1000).astype(np.float32)),
                torch.from_numpy(color).float() / 255,
                torch.from_numpy(pose).float(),
            )
        )
    return frames, torch.from_numpy(np.loadtxt(folder / "camera-intrinsics.txt")).float()


def procedural_frames() -> tuple[list[Frame], Tensor]:
    """A wall with bumps, seen by a camera that slides along it."""
    k = torch.tensor([[585.0, 0, 320], [0, 585, 240], [0, 0, 1]])
    v, u = torch.meshgrid(torch.arange(480) + 0.5, torch.arange(640) + 0.5, indexing="ij")
    frames = []
    for i in range(COUNT):
        pose = torch.eye(4)
        pose[0, 3] = -0.1 * i
        x = (u - 320) / 585 * 2 + 0.1 * i
        depth = 2 + 0.2 * torch.sin(5 * x) * torch.cos((v - 240) / 60)
        color = torch.stack([u / 640, v / 480, torch.full_like(u, 0.5)], -1)
        frames.append((depth, color, pose))
    return frames, k


def ours(frames: list[Frame], k: Tensor) -> TSDFVolume:
    volume = TSDFVolume(CELL, BAND * CELL)
    for depth, color, pose in frames:
        fuse(volume, depth, k, pose, color, far=FAR)
    return volume


def same(volume: TSDFVolume, grid: Any) -> None:
    """The two surfaces lie within a voxel of each other."""
    from scipy.spatial import cKDTree

    mesh = isosurface_blocks(
        volume.coordinates, volume.tsdf, volume.weights, 0.0, 0.0, volume.origin, volume.cell
    )
    theirs = grid.extract_point_cloud(0.0).point.positions.numpy()
    mine = mesh[0].numpy()
    there = cKDTree(mine).query(theirs)[0].mean()
    back = cKDTree(theirs).query(mine)[0].mean()
    if max(there, back) > CELL:
        raise AssertionError(f"surfaces are {there * 1e3:.1f} and {back * 1e3:.1f} mm apart")


def prepare(block: int, count: int) -> Work:
    folder = kitchen()
    frames, k = real_frames(folder) if folder.is_dir() else procedural_frames()
    theirs = if_installed(lambda: open3d_fusion(frames, k, block, count))
    return Work(ours=lambda: ours(frames, k), peer=theirs, same=same)


def open3d_fusion(frames: list[Frame], k: Tensor, block: int, count: int) -> Callable[[], Any]:
    import open3d

    o3d: Any = open3d
    o3c: Any = o3d.core
    lens = k.double().numpy().copy()
    lens[:2, 2] -= 0.5  # Open3D has pixel centres at whole numbers
    pictures = [
        (
            o3d.t.geometry.Image(o3c.Tensor((depth.numpy() * 1000).round().astype(np.uint16))),
            o3d.t.geometry.Image(o3c.Tensor((color.numpy() * 255).round().astype(np.uint8))),
            o3c.Tensor(pose.double().numpy()),
        )
        for depth, color, pose in frames
    ]

    def peer() -> Any:
        kinds = (o3c.float32, o3c.uint16, o3c.uint16)
        grid = o3d.t.geometry.VoxelBlockGrid(
            ("tsdf", "weight", "color"), kinds, ((1), (1), (3)), CELL, block, count
        )
        lens_t = o3c.Tensor(lens)
        for depth, color, pose in pictures:
            near = grid.compute_unique_block_coordinates(depth, lens_t, pose, 1000.0, FAR, BAND)
            grid.integrate(near, depth, color, lens_t, lens_t, pose, 1000.0, FAR, BAND)
        return grid

    return peer


def rows() -> Iterator[Row]:
    # About 1900 blocks of 512 voxels of 20 bytes are read and written per frame, and 4.9 MB of
    # packed pixels are written and read.
    traffic = COUNT * 2 * (1900 * 512 * 20 + 640 * 480 * 16)
    for block, count in ((8, 20000), (16, 6000)):
        yield Row(
            name="fuse",
            group="ops",
            work=f"{COUNT} frames 640x480, 1 cm, colour",
            peer=f"Open3D VoxelBlockGrid {block}^3",
            prepare=lambda block=block, count=count: prepare(block, count),  # type: ignore[misc]
            floor=Floor(moved=traffic),
            target=3.0,
            repeats=5,
        )
