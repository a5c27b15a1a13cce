"""What can be computed on points, meshes and grids. Bodies are torch; kernels override them.

Every name below loads its file when it is first used: `geomdl.ops.knn_index(...)`.
"""

import importlib
from typing import Any

FILES: dict[str, tuple[str, ...]] = {
    "neighbors": ("knn", "knn_index", "radius_index"),
    "sampling": ("farthest_point_index", "poisson_disk_index", "sample_surface"),
    "keys": ("build_table", "look_up", "morton_cells", "morton_keys"),
    "voxelize": ("trilinear", "voxelize", "voxelize_mesh"),
    "raycast": (
        "any_hit",
        "build_bvh",
        "closest_point",
        "first_hit",
        "signed_distance",
        "winding_number",
    ),
    "rasterize": ("interpolate", "rasterize"),
    "fuse": ("fuse", "raycast_volume"),
    "isosurface": ("isosurface",),
    "distance": (
        "chamfer_distance",
        "f_score",
        "hausdorff_distance",
        "normal_consistency",
        "point_triangle_distance",
    ),
    "differential": (
        "cotangent_laplacian",
        "face_areas",
        "face_normals",
        "gaussian_curvature",
        "mean_curvature",
        "point_normals",
        "vertex_normals",
    ),
    "registration": ("icp",),
}

_HOME = {name: file for file, names in FILES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"geomdl.ops.{_HOME[name]}"), name)
        globals()[name] = value  # the file of the same name would otherwise shadow the function
        return value
    raise AttributeError(f"module 'geomdl.ops' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
