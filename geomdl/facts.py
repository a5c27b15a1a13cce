"""What can be told of a shape, as plain numbers and words that JSON holds: `geomdl info`.

Lengths are in the units of the shape, metres by convention. Defects of meshes are counted, not
mended.
"""

import math
from collections import Counter
from typing import Any

import torch
from torch import Tensor

from geomdl.io.posed import PosedImages
from geomdl.io.rgbd import RGBDFolder
from geomdl.ops.differential import face_areas
from geomdl.ops.keys import unique_keys
from geomdl.ops.neighbors import knn_index
from geomdl.reconstruct.pieces import face_pieces, hole_count
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid

Facts = dict[str, Any]
_ASKED = 10_000  # points of a cloud whose nearest neighbour is looked for
_LABELS = 32  # most labels whose counts are told
_ODD = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)


def mesh_facts(mesh: Mesh) -> Facts:
    """Counts, box, area, pieces, holes, defects, fields; volume and genus of closed surfaces."""
    count = len(mesh.vertices)
    facts: Facts = {"vertices": count, "faces": len(mesh)}
    if mesh.batch_size != 1:
        facts["meshes"] = mesh.batch_size
    facts |= box_facts(mesh.vertices)
    areas = face_areas(mesh.vertices, mesh.faces).double()
    facts["area"] = float(areas.sum())
    pieces = face_pieces(mesh.faces, count)[1]
    edges = edge_facts(mesh)
    holes = hole_count(mesh.faces, count)[0] if edges["border edges"] else 0
    facts |= {"pieces": pieces, "holes": holes, **edges}
    used = torch.zeros(count, dtype=torch.bool)
    used[mesh.faces.flatten()] = True
    if edges["closed"] and edges["consistent"]:
        facts["volume"] = float(mesh.triangles.double().det().sum() / 6)
        euler = int(used.sum()) - edges["edges"] + len(mesh)
        if euler % 2 == 0:  # pieces that touch in a vertex count as one and make it odd
            facts["genus"] = pieces - euler // 2
    distinct = mesh.faces.sort(1).values
    facts["defects"] = {
        "faces without area": int((areas == 0).sum()),
        "double faces": len(mesh) - distinct_rows(distinct),
        "unused vertices": int((~used).sum()),
        "double vertices": count - distinct_rows(mesh.vertices),
    }
    plain = [name for name in ("normals", "colors", "uvs") if getattr(mesh, name) is not None]
    facts["fields"] = [*plain, *mesh.attributes, *mesh.face_attributes]
    if mesh.materials:
        pictures = [m.texture for m in mesh.materials if m.texture is not None]
        facts["materials"] = [material.name for material in mesh.materials]
        facts["textures"] = [f"{picture.shape[1]}x{picture.shape[0]}" for picture in pictures]
    per_vertex = {name: statistics(values) for name, values in mesh.attributes.items()}
    per_face = {f"{n} (faces)": statistics(values) for n, values in mesh.face_attributes.items()}
    return facts | ({"attributes": per_vertex | per_face} if per_vertex or per_face else {})


def edge_facts(mesh: Mesh) -> Facts:
    """How faces meet: edges, border edges, edges of more than two faces, whether they agree.

    closed: every edge has two faces. consistent: neighbouring faces turn the same way.
    """
    ends = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    ends = ends[ends[:, 0] != ends[:, 1]]
    if not len(ends):
        return {
            "edges": 0, "border edges": 0, "crowded edges": 0, "closed": False,
            "consistent": True,
        }  # fmt: skip
    forward = ends[:, 0] < ends[:, 1]
    low, high = torch.minimum(*ends.unbind(1)), torch.maximum(*ends.unbind(1))
    _, place, first, counts = unique_keys(low * len(mesh.vertices) + high)
    turns = torch.zeros(len(counts), dtype=torch.int64)
    turns.index_add_(0, place, forward.long() * 2 - 1)
    lengths = (mesh.vertices[low[first]] - mesh.vertices[high[first]]).double().norm(dim=1)
    border, crowded = int((counts == 1).sum()), int((counts > 2).sum())
    return {
        "edges": len(counts),
        "border edges": border,
        "crowded edges": crowded,
        "closed": border == 0 and crowded == 0,
        "consistent": not bool((turns[counts == 2] != 0).any()),
        "edge length": [float(lengths.min()), float(lengths.mean()), float(lengths.max())],
    }


def cloud_facts(cloud: PointCloud) -> Facts:
    """Count, box, spacing, double points, fields."""
    facts: Facts = {"points": len(cloud)}
    if cloud.batch_size != 1:
        facts["clouds"] = cloud.batch_size
    facts |= box_facts(cloud.points)
    if len(cloud) > 1:
        facts["spacing"] = spacing(cloud.points)
    facts["double points"] = len(cloud) - distinct_rows(cloud.points)
    fields = [name for name in ("normals", "colors") if getattr(cloud, name) is not None]
    facts["fields"] = [*fields, *cloud.attributes]
    if cloud.attributes:
        told = {name: statistics(values) for name, values in cloud.attributes.items()}
        facts["attributes"] = told
    return facts


def grid_facts(grid: VoxelGrid) -> Facts:
    """Kind, shape, cell, box, values, and how much is surface and seen."""
    facts: Facts = {"grid": grid.kind, "cells": list(grid.shape), "cell": grid.cell}
    if grid.values.ndim == 4:
        facts["channels"] = grid.values.shape[0]
    facts |= box_facts(torch.stack(grid.bounds))
    facts["values"] = {n: v for n, v in statistics(grid.values).items() if n != "shape"}
    one = grid.values.ndim == 3 or grid.values.shape[0] == 1
    if one and len(grid) and (grid.kind != "tsdf" or grid.truncation is not None):
        facts["surface cells"] = int(grid.surface().sum())
    if grid.truncation is not None:
        facts["truncation"] = grid.truncation
    if grid.weights is not None:
        facts["seen"] = float((grid.weights > 0).double().mean()) if len(grid) else 0.0
    return facts


def sparse_facts(voxels: SparseVoxels) -> Facts:
    """Sites, stride, items, extent, features."""
    facts: Facts = {
        "sites": len(voxels),
        "axes": voxels.coordinates.shape[1],
        "stride": voxels.stride,
        "items": voxels.batch_size,
    }
    if len(voxels):
        low, high = (bound.long() for bound in voxels.bounds)
        whole = math.prod((high - low + 1).tolist()) * voxels.batch_size
        facts |= {"low": low.tolist(), "high": high.tolist(), "filled": len(voxels) / whole}
    return facts | {"features": statistics(voxels.features)}


def posed_facts(posed: PosedImages) -> Facts:
    """Cameras: sizes, focal lengths, where they stand; which pictures are missing."""
    cameras = [image.camera for image in posed.images]
    sizes = Counter(f"{camera.width}x{camera.height}" for camera in cameras)
    facts: Facts = {"images": len(posed), "pixels": dict(sizes.most_common(_LABELS))}
    if cameras:
        focal = torch.stack([camera.intrinsics[0, 0] for camera in cameras]).double()
        places = torch.stack([camera.camera_to_world.translation for camera in cameras])
        facts["focal"] = [float(focal.min()), float(focal.max())]
        facts["distorted"] = sum(camera.distortion is not None for camera in cameras)
        facts |= box_facts(places)
    lost = [str(image.path) for image in posed.images if not image.path.is_file()]
    facts["missing pictures"] = len(lost)
    if lost:
        facts["first missing"] = lost[0]
    if posed.points is not None:
        facts["sparse points"] = len(posed.points)
    return facts


def rgbd_facts(frames: RGBDFolder) -> Facts:
    """Frames, lens, how many have colour and pose, how long the path is."""
    known = [pose.translation for pose in frames.poses() if pose is not None]
    lens = frames.camera.intrinsics
    facts: Facts = {
        "frames": len(frames),
        "width": frames.camera.width,
        "height": frames.camera.height,
        "focal": [float(lens[0, 0]), float(lens[1, 1])],
        "centre": [float(lens[0, 2]), float(lens[1, 2])],
        "depth units": frames.depth_scale,
        "with colour": sum(entry.color is not None for entry in frames.entries),
        "with pose": len(known),
    }
    if known:
        places = torch.stack(known).double()
        facts |= box_facts(places)
        facts["path length"] = float((places[1:] - places[:-1]).norm(dim=1).sum())
    return facts


def box_facts(points: Tensor) -> Facts:
    """Points (N, 3) -> low and high corner and size; nothing for no points."""
    if not len(points):
        return {}
    low, high = points.amin(0).double(), points.amax(0).double()
    return {"low": low.tolist(), "high": high.tolist(), "size": (high - low).tolist()}


def spacing(points: Tensor) -> float:
    """Points (N, 3) -> the median distance to the nearest other point, over at most 10,000."""
    chosen = torch.linspace(0, len(points) - 1, min(len(points), _ASKED)).long()
    queries = points[chosen]
    near = knn_index(points, queries, 2)
    other = torch.where(near[:, 0] == chosen, near[:, 1], near[:, 0])
    return float((points[other] - queries).double().norm(dim=1).median())


def distinct_rows(rows: Tensor) -> int:
    """Rows (N, 3) of integers or floats -> how many different ones there are."""
    # Equal rows have equal 64-bit keys; different ones too with a chance of N^2 / 2^65.
    words = rows.contiguous()
    if words.is_floating_point():
        words = words + 0.0  # -0 is 0
        words = words.view(torch.int32 if words.element_size() == 4 else torch.int64)
    key = torch.zeros(len(words), dtype=torch.int64)
    for column, odd in zip(words.long().unbind(1), _ODD, strict=True):
        key = (key + column) * (odd - (1 << 64) if odd >> 63 else odd)
        key ^= (key >> 29) & ((1 << 35) - 1)
    return len(unique_keys(key)[0])


def statistics(values: Tensor) -> Facts:
    """A tensor of any shape -> dtype, shape, low, mean, high; for whole numbers the labels.

    labels: how many different ones; counts: of each, where they are at most 32.
    """
    facts: Facts = {
        "dtype": str(values.dtype).removeprefix("torch."),
        "shape": list(values.shape),
    }
    good = values.detach().reshape(-1)
    if values.is_floating_point():
        finite = torch.isfinite(good)
        if not bool(finite.all()):
            facts["not finite"] = int((~finite).sum())
            good = good[finite]
    if not good.numel():
        return facts
    low, high = good.min(), good.max()
    if values.is_floating_point():
        mean = float(good.double().mean())
        return facts | {"low": float(low), "mean": mean, "high": float(high)}
    facts |= {"low": int(low), "high": int(high)}
    labels, counts = torch.unique(good, return_counts=True)
    facts["labels"] = len(labels)
    if len(labels) <= _LABELS:
        named = zip(labels.long().tolist(), counts.tolist(), strict=True)
        facts["counts"] = {str(label): count for label, count in named}
    return facts
