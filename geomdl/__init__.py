"""geomdl: scans, meshes, point clouds and posed photographs into trained networks and pictures.

    import geomdl

    mesh = geomdl.load("bunny.obj")
    distance = geomdl.ops.signed_distance(mesh.vertices, mesh.faces, queries)
    geomdl.save("bunny.ply", mesh)

Importing geomdl imports torch and nothing heavy: rooms load when they are first named.
"""

import importlib
from typing import TYPE_CHECKING, Any

from geomdl.errors import GeometryError

if TYPE_CHECKING:
    from geomdl import fields, io, ops, render, structures, viewer
    from geomdl.io import load, open_rgbd, save
    from geomdl.structures import (
        Camera,
        Mesh,
        PointCloud,
        Pose,
        Ragged,
        SparseVoxels,
        VoxelGrid,
    )
    from geomdl.viewer.look import Look
    from geomdl.viewer.show import show

__version__ = "0.1.0"

_ROOMS = ("fields", "io", "ops", "reconstruct", "render", "structures", "doctor", "viewer")
_NAMES = {
    "load": "geomdl.io",
    "open_rgbd": "geomdl.io",
    "save": "geomdl.io",
    "Camera": "geomdl.structures",
    "Mesh": "geomdl.structures",
    "PointCloud": "geomdl.structures",
    "Pose": "geomdl.structures",
    "Ragged": "geomdl.structures",
    "SparseVoxels": "geomdl.structures",
    "VoxelGrid": "geomdl.structures",
    "Look": "geomdl.viewer.look",
    "show": "geomdl.viewer.show",
}

__all__ = [
    "Camera",
    "GeometryError",
    "Look",
    "Mesh",
    "PointCloud",
    "Pose",
    "Ragged",
    "SparseVoxels",
    "VoxelGrid",
    "__version__",
    "fields",
    "io",
    "load",
    "open_rgbd",
    "ops",
    "render",
    "save",
    "show",
    "structures",
    "viewer",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"geomdl.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'geomdl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS})
