"""What the list of items says of them."""

import torch

from geomdl.structures import Camera, Mesh, PointCloud, VoxelGrid
from geomdl.viewer.contents import describe, kinds, short
from geomdl.viewer.scene import Item, Scene

MESH = Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
CLOUD = PointCloud(torch.rand(1234, 3))
GRID = VoxelGrid(torch.zeros(4, 5, 6), "sdf")
CAMERA = Camera.from_fov(4, 3, 1.0)


def test_counts():
    assert describe(MESH) == "1 face"
    assert describe(CLOUD) == "1.23k points"
    assert describe(GRID) == "4 × 5 × 6 sdf"
    assert describe(CAMERA) == "1 camera"
    assert describe(Camera.stack([CAMERA, CAMERA])) == "2 cameras"


def test_short_numbers():
    assert [short(n) for n in (0, 999, 1000, 69451, 5_000_000, 2_130_000_000)] == [
        "0", "999", "1k", "69.5k", "5M", "2.13G",
    ]  # fmt: skip


def test_kinds_follow_the_frame():
    scene = Scene([Item("a", (MESH, CLOUD)), Item("b", (GRID,)), Item("c", (CAMERA,))])
    assert kinds(scene) == {"surfaces", "voxels", "cameras"}
    assert kinds(scene, 1) == {"points", "voxels", "cameras"}
