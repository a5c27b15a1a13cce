"""What items hold, in a few words."""

from geomdl.io.posed import PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.scene import Scene, Shape

STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def describe(shape: Shape) -> str:
    """'69.5k faces', '5M points', '64 x 64 x 64 sdf', '50 photos'."""
    if isinstance(shape, Mesh):
        return _some(len(shape.faces), "face")
    if isinstance(shape, PointCloud):
        return _some(len(shape.points), "point")
    if isinstance(shape, VoxelGrid):
        return f"{' × '.join(map(str, shape.shape))} {shape.kind}"
    if isinstance(shape, SparseVoxels):
        return _some(len(shape.coordinates), "voxel")
    if isinstance(shape, PosedImages):
        return _some(len(shape), "photo")
    return _some(max(shape.shape.numel(), 1), "camera")


def short(number: int) -> str:
    """Three digits and a letter: 999, 1.23k, 45.6M."""
    for step, letter in STEPS:
        if number >= step:
            return f"{number / step:.3g}{letter}"
    return str(number)


def kinds(scene: Scene, frame: int = 0) -> frozenset[str]:
    """Which of surfaces, points, voxels, cameras a scene holds at a frame."""
    words = {
        Mesh: "surfaces",
        PointCloud: "points",
        VoxelGrid: "voxels",
        SparseVoxels: "voxels",
        PosedImages: "cameras",
        Camera: "cameras",
    }
    return frozenset(words[type(scene.shape(name, frame))] for name in scene.names)


def _some(count: int, thing: str) -> str:
    return f"{short(count)} {thing}{'' if count == 1 else 's'}"
