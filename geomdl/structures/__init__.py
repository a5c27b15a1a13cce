"""Shapes in space: frozen dataclasses of tensors. Every conversion returns a new one."""

from geomdl.structures.camera import Camera
from geomdl.structures.materials import Material
from geomdl.structures.mesh import Mesh
from geomdl.structures.points import PointCloud
from geomdl.structures.pose import Pose
from geomdl.structures.ragged import Ragged
from geomdl.structures.sparse import SparseVoxels
from geomdl.structures.voxels import VoxelGrid

__all__ = [
    "Camera",
    "Material",
    "Mesh",
    "PointCloud",
    "Pose",
    "Ragged",
    "SparseVoxels",
    "VoxelGrid",
]
