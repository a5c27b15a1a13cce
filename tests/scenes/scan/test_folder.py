import math
from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import open_rgbd
from geomdl.structures import Camera, Mesh
from scenes.build.paint import linear, painted
from scenes.build.primitives import box, icosphere
from scenes.scan.folder import Frame, scan, scan_to_folder
from scenes.scan.sensor import PERFECT, DepthSensor
from scenes.scan.trajectory import orbit

LENS = Camera.from_fov(80, 60, math.radians(60))


def world() -> Mesh:
    ball = painted(icosphere(0.5, 3), linear("#c04030"))
    hull = painted(box((6.0, 6.0, 4.0), 0.5).flipped(), linear("#a0b0c0"))
    return Mesh.concatenate([ball, hull]).merged()


def test_the_reader_of_real_scans_reads_ours(tmp_path: Path) -> None:
    mesh = world()
    assert mesh.colors is not None
    radiance = mesh.colors[mesh.faces]
    poses = orbit(torch.zeros(3), 2.0, 4)
    seen: list[Frame] = []
    scan_to_folder(
        tmp_path / "scan",
        mesh,
        radiance,
        LENS,
        poses,
        sensor=PERFECT,
        on_frame=lambda number, frame: seen.append(frame),
    )
    folder = open_rgbd(tmp_path / "scan")
    assert len(folder) == len(seen) == 4
    for number, frame in enumerate(seen):
        found = folder[number]
        assert torch.allclose(found.depth, frame.depth, atol=5.1e-4)
        assert found.color is not None
        off = (found.color.int() - frame.color.int()).abs().float().mean()
        assert float(off) < 4  # JPEG
        wanted = poses[number].matrix()
        assert torch.allclose(found.camera.world_to_camera.matrix().float(), wanted, atol=1e-5)
        assert torch.allclose(found.camera.intrinsics, LENS.intrinsics)


def test_unprojected_depth_lies_on_the_truth() -> None:
    mesh = painted(icosphere(0.5, 4), linear("#c04030"))
    assert mesh.colors is not None
    poses = orbit(torch.zeros(3), 2.0, 3)
    for frame in scan(mesh, mesh.colors[mesh.faces], LENS, poses, PERFECT):
        hit = frame.depth > 0
        pixels = frame.camera.pixel_centres()[hit]
        points = frame.camera.unproject(pixels, frame.depth[hit])
        assert points.shape[0] > 300
        assert float((points.norm(dim=1) - 0.5).abs().max()) < 3e-3


def test_seeds_repeat_and_folders_are_not_mixed(tmp_path: Path) -> None:
    mesh = world()
    assert mesh.colors is not None
    arguments = (mesh, mesh.colors[mesh.faces], LENS, orbit(torch.zeros(3), 2.0, 2))
    first = list(scan(*arguments, DepthSensor(), 5))
    second = list(scan(*arguments, DepthSensor(), 5))
    assert torch.equal(first[1].depth, second[1].depth)
    assert torch.equal(first[1].color, second[1].color)
    scan_to_folder(tmp_path, *arguments)
    with pytest.raises(GeometryError, match="holds frames already"):
        scan_to_folder(tmp_path, *arguments)
    scan_to_folder(tmp_path, *arguments[:3], orbit(torch.zeros(3), 2.0, 1), overwrite=True)
    assert len(open_rgbd(tmp_path)) == 1
