"""The same RGB-D frames fused by geomdl and by Open3D's VoxelBlockGrid: how far apart are they?

    python tools/compare_open3d.py FOLDER [--voxel 0.01] [--limit N] [--json FILE]

Both get the folder's poses, the same voxel, truncation, depth range and least weight (seen in at
least 3 frames). Distances are exact, from samples of one surface to the other's triangles, by
Open3D's RaycastingScene, so that nothing of ours measures ours.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from geomdl.io.rgbd import RGBDFolder, RGBDFrame, open_rgbd
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.reconstruct.surface import extract_mesh
from geomdl.structures import Mesh

NEAR, FAR, TRUNCATION_VOXELS, MIN_WEIGHT = 0.3, 5.0, 4.0, 2.5


def ours(frames: Sequence[RGBDFrame], voxel: float) -> tuple[Mesh, float]:
    """Frames -> mesh, seconds of fusion."""
    volume = TSDFVolume(voxel, TRUNCATION_VOXELS * voxel)
    prepared = []
    for frame in frames:
        assert frame.pose is not None
        assert frame.color is not None
        pose, color = frame.pose.inverse().matrix().float(), frame.color.float() / 255
        prepared.append((frame.depth, frame.camera.intrinsics, pose, color))
    start = time.perf_counter()
    for depth, lens, pose, color in prepared:
        fuse(volume, depth, lens, pose, color, NEAR, FAR)
    seconds = time.perf_counter() - start
    return extract_mesh(volume, MIN_WEIGHT, 0.0)[0], seconds


def theirs(frames: Sequence[RGBDFrame], voxel: float) -> tuple[Mesh, float]:
    """Frames -> mesh, seconds of fusion, by Open3D."""
    o3d: Any = importlib.import_module("open3d")
    core, image = o3d.core, o3d.t.geometry.Image
    single = core.float32
    grid = o3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight", "color"), (single, single, single), (1, 1, 3), voxel, 8, 20000
    )
    prepared = []
    for frame in frames:
        assert frame.pose is not None
        assert frame.color is not None
        lens = frame.camera.intrinsics.double().numpy().copy()
        lens[:2, 2] -= 0.5  # Open3D's pixel centres are whole numbers
        pose = frame.pose.inverse().matrix().double().numpy()
        depth = torch.where(frame.depth > NEAR, frame.depth, 0.0).numpy()
        color = (frame.color.float() / 255).numpy()
        prepared.append((image(depth), image(color), core.Tensor(lens), core.Tensor(pose)))
    start = time.perf_counter()
    for depth, color, lens, pose in prepared:
        scale = (1.0, FAR, TRUNCATION_VOXELS)
        blocks = grid.compute_unique_block_coordinates(depth, lens, pose, *scale)
        grid.integrate(blocks, depth, color, lens, lens, pose, *scale)
    seconds = time.perf_counter() - start
    found = grid.extract_triangle_mesh(MIN_WEIGHT)
    vertices = torch.from_numpy(found.vertex.positions.numpy().copy())
    faces = torch.from_numpy(found.triangle.indices.numpy().astype(np.int64))
    return Mesh(vertices, faces), seconds


def distances(source: Mesh, target: Mesh, count: int = 200_000) -> np.ndarray:
    """Samples of one surface (count,) -> exact distances to the other's triangles, in metres."""
    import trimesh

    o3d: Any = importlib.import_module("open3d")
    surface = trimesh.Trimesh(source.vertices.numpy(), source.faces.numpy(), process=False)
    points = trimesh.sample.sample_surface(surface, count, seed=0)[0].astype(np.float32)
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(target.vertices.numpy(), target.faces.numpy().astype(np.uint32))
    found: np.ndarray = scene.compute_distance(points).numpy()
    return found


def compare(folder: RGBDFolder, voxel: float) -> dict[str, Any]:
    """Both surfaces of a folder's frames and their distance, as numbers."""
    frames = [frame for i in range(len(folder)) if (frame := folder[i]).pose is not None]
    mine, my_seconds = ours(frames, voxel)
    other, other_seconds = theirs(frames, voxel)
    there, back = distances(mine, other), distances(other, mine)
    return {
        "frames": len(frames),
        "voxel": voxel,
        "chamfer": float(there.mean() + back.mean()) / 2,
        "chamfer_in_voxels": float(there.mean() + back.mean()) / 2 / voxel,
        "to_open3d": {"mean": float(there.mean()), "median": float(np.median(there))},
        "from_open3d": {"mean": float(back.mean()), "median": float(np.median(back))},
        "within_a_voxel": [float((there < voxel).mean()), float((back < voxel).mean())],
        "faces": [len(mine.faces), len(other.faces)],
        "frames_per_second": [len(frames) / my_seconds, len(frames) / other_seconds],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--voxel", type=float, default=0.01)
    parser.add_argument("--limit", type=int, help="use only so many frames")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    args = parser.parse_args()
    result = compare(open_rgbd(args.folder)[: args.limit], args.voxel)
    print(json.dumps(result, indent=1))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    if result["chamfer"] >= args.voxel:
        sys.exit("the surfaces are more than a voxel apart")


if __name__ == "__main__":
    main()
