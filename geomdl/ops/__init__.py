"""What can be computed on points, meshes and grids. Bodies are torch; kernels override them.

Every name below loads its file when it is first used: `geomdl.ops.knn_index(...)`.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what FILES says, for editors and type checkers
    from geomdl.ops.ball import (
        ball_index,
    )
    from geomdl.ops.clip import (
        clip_mesh,
    )
    from geomdl.ops.differential import (
        border_vertices,
        cotangent_laplacian,
        face_areas,
        face_normals,
        gaussian_curvature,
        mean_curvature,
        point_normals,
        vertex_normals,
    )
    from geomdl.ops.distance import (
        chamfer_distance,
        closest_on_triangles,
        f_score,
        hausdorff_distance,
        nearest_pairs,
        normal_consistency,
        point_mesh_distance,
        point_triangle_distance,
    )
    from geomdl.ops.fuse import (
        TSDFVolume,
        fuse,
        fuse_grid,
        pixel_weights,
    )
    from geomdl.ops.isosurface import (
        isosurface,
        isosurface_blocks,
    )
    from geomdl.ops.keys import (
        build_table,
        look_up,
        morton_cells,
        morton_keys,
        unique_keys,
    )
    from geomdl.ops.march import (
        raycast_volume,
    )
    from geomdl.ops.neighbors import (
        build_tree,
        knn,
        knn_index,
        nearest_within,
        radius_index,
        sum_rows,
        take_rows,
    )
    from geomdl.ops.odometry import (
        normal_map,
        track,
        vertex_map,
    )
    from geomdl.ops.perceptron import (
        perceptron_td,
        perceptron_values,
    )
    from geomdl.ops.rasterize import (
        interpolate,
        rasterize,
    )
    from geomdl.ops.raycast import (
        any_hit,
        build_bvh,
        closest_point,
        first_hit,
        signed_distance,
        winding_number,
    )
    from geomdl.ops.registration import (
        icp,
        kabsch,
    )
    from geomdl.ops.replay import (
        replay_windows,
        scaled_frames,
    )
    from geomdl.ops.sampling import (
        farthest_point_index,
        poisson_disk_index,
        sample_surface,
    )
    from geomdl.ops.segments import (
        segment_argmax,
        segment_max,
        segment_mean,
    )
    from geomdl.ops.sites import (
        children,
        kernel_map,
        parents,
        reached,
        transposed_map,
    )
    from geomdl.ops.sparse import (
        gather_conv,
        gather_multiply,
        gather_outer,
    )
    from geomdl.ops.splat import (
        splat,
    )
    from geomdl.ops.sum_tree import (
        sum_tree,
        sum_tree_draw,
        sum_tree_prioritise,
        sum_tree_sample,
        sum_tree_update,
        sum_tree_values,
    )
    from geomdl.ops.views import (
        Scenes,
        pack_scenes,
        view_scenes,
    )
    from geomdl.ops.voxelize import (
        point_counts,
        read_nearest,
        segment_sum,
        trilinear,
        voxelize,
        voxelize_mesh,
    )

FILES: dict[str, tuple[str, ...]] = {
    "neighbors": (
        "build_tree",
        "knn",
        "knn_index",
        "nearest_within",
        "radius_index",
        "sum_rows",
        "take_rows",
    ),
    "ball": ("ball_index",),
    "segments": ("segment_argmax", "segment_max", "segment_mean"),
    "sampling": ("farthest_point_index", "poisson_disk_index", "sample_surface"),
    "keys": ("build_table", "look_up", "morton_cells", "morton_keys", "unique_keys"),
    "voxelize": (
        "point_counts",
        "read_nearest",
        "segment_sum",
        "trilinear",
        "voxelize",
        "voxelize_mesh",
    ),
    "raycast": (
        "any_hit",
        "build_bvh",
        "closest_point",
        "first_hit",
        "signed_distance",
        "winding_number",
    ),
    "clip": ("clip_mesh",),
    "rasterize": ("interpolate", "rasterize"),
    "views": ("Scenes", "pack_scenes", "view_scenes"),
    "splat": ("splat",),
    "fuse": ("TSDFVolume", "fuse", "fuse_grid", "pixel_weights"),
    "march": ("raycast_volume",),
    "isosurface": ("isosurface", "isosurface_blocks"),
    "distance": (
        "chamfer_distance",
        "closest_on_triangles",
        "f_score",
        "hausdorff_distance",
        "nearest_pairs",
        "normal_consistency",
        "point_mesh_distance",
        "point_triangle_distance",
    ),
    "differential": (
        "border_vertices",
        "cotangent_laplacian",
        "face_areas",
        "face_normals",
        "gaussian_curvature",
        "mean_curvature",
        "point_normals",
        "vertex_normals",
    ),
    "registration": ("icp", "kabsch"),
    "odometry": ("normal_map", "track", "vertex_map"),
    "sites": ("children", "kernel_map", "parents", "reached", "transposed_map"),
    "sparse": ("gather_conv", "gather_multiply", "gather_outer"),
    "replay": ("replay_windows", "scaled_frames"),
    "sum_tree": (
        "sum_tree",
        "sum_tree_draw",
        "sum_tree_prioritise",
        "sum_tree_sample",
        "sum_tree_update",
        "sum_tree_values",
    ),
    "perceptron": ("perceptron_td", "perceptron_values"),
}

_HOME = {name: file for file, names in FILES.items() for name in names}

__all__ = sorted(_HOME)


class _Ops(ModuleType):
    """A file and its function may share a name (isosurface.py); as an attribute the op wins."""

    def __setattr__(self, name: str, value: Any) -> None:
        named = isinstance(value, ModuleType) and name in _HOME
        super().__setattr__(name, getattr(value, name) if named else value)


sys.modules[__name__].__class__ = _Ops


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"geomdl.ops.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'geomdl.ops' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
