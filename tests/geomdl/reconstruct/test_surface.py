from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.reconstruct.surface import draw, extract_mesh
from geomdl.structures import Camera, Pose
from geomdl.structures.srgb import to_srgb
from tests.geomdl.reconstruct import corner


def test_mesh_lies_on_the_scene_and_is_drawn(tmp_path: Path) -> None:
    volume = TSDFVolume(0.03, 0.12)
    poses = torch.stack([torch.linalg.inv(corner.camera(i, 6)) for i in range(6)])
    for i in range(6):
        depth, color = corner.see(corner.camera(i, 6))
        fuse(volume, depth, corner.LENS, poses[i].float(), color.float() / 255)
    mesh, _ = extract_mesh(volume, 2.0, 0.01)
    gap = corner.surface_distance(mesh.vertices)
    assert float(gap.mean()) < 0.003
    assert mesh.colors is not None
    assert mesh.normals is not None
    true = (128 + 100 * torch.sin(6 * mesh.vertices)) / 255
    assert float((to_srgb(mesh.colors) - true).abs().median()) < 0.03
    a, b, c = mesh.triangles.unbind(1)
    facing = (torch.linalg.cross(b - a, c - a) * (a - torch.tensor([0, 0, 0.3]))).sum(1) < 0
    assert float(facing.float().mean()) > 0.9
    lens = Camera(corner.LENS, Pose.identity(), corner.WIDTH, corner.HEIGHT)
    draw(mesh, poses, lens, tmp_path / "a.png", (80, 60))
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture.std() > 20


def test_no_surface_is_an_error_that_helps() -> None:
    with pytest.raises(GeometryError, match="no surface"):
        extract_mesh(TSDFVolume(0.1, 0.4), 0.0, 0.0)
