"""Files read by others or by hand: trimesh, and the simplest loops over bytes."""

import struct
from pathlib import Path

import numpy as np


def trimesh_reading(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (F, 3, 3) and vertices (V, 3) as trimesh reads them, the scene flattened."""
    import trimesh

    thing = trimesh.load(path, process=False)
    if isinstance(thing, trimesh.PointCloud):
        return np.zeros((0, 3, 3)), np.asarray(thing.vertices)
    if isinstance(thing, trimesh.Trimesh):
        return np.asarray(thing.triangles), np.asarray(thing.vertices)
    triangles, vertices = [np.zeros((0, 3, 3))], [np.zeros((0, 3))]
    for name in thing.graph.nodes_geometry:
        matrix, geometry = thing.graph[name]
        mesh = thing.geometry[geometry]
        if not isinstance(mesh, trimesh.Trimesh):
            continue
        moved = mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3]
        vertices.append(moved)
        triangles.append(moved[mesh.faces])
    return np.concatenate(triangles), np.concatenate(vertices)


def srgb_to_linear(srgb: np.ndarray | list | float) -> np.ndarray:
    """IEC 61966-2-1 in float64: sRGB 0..1 -> linear light, each branch by itself."""
    values = np.asarray(srgb, np.float64)
    linear = values / 12.92
    bright = values > 0.04045
    linear[bright] = np.exp(2.4 * np.log((values[bright] + 0.055) / 1.055))
    return linear


def linear_to_srgb(linear: np.ndarray | list | float) -> np.ndarray:
    """IEC 61966-2-1 in float64: linear light 0..1 -> sRGB, each branch by itself."""
    values = np.asarray(linear, np.float64)
    srgb = values * 12.92
    bright = values > 0.0031308
    srgb[bright] = 1.055 * np.exp(np.log(values[bright]) / 2.4) - 0.055
    return srgb


def srgb_levels(linear: np.ndarray | list | float) -> np.ndarray:
    """Linear light 0..1 -> the sRGB bytes that a file of bytes holds."""
    return np.rint(linear_to_srgb(linear) * 255).astype(np.uint8)


def sorted_triangles(triangles: np.ndarray, digits: int = 5) -> np.ndarray:
    """Triangles as a set: each turned to start at its lowest corner, then all in order."""
    rounded = np.round(triangles, digits) + 0.0
    keys = rounded @ np.array([1.0, 1e3, 1e6])
    first = keys.argmin(axis=1)
    turned = np.stack([np.roll(t, -k, axis=0) for t, k in zip(rounded, first, strict=True)])
    flat = turned.reshape(len(turned), -1)
    return flat[np.lexsort(flat.T[::-1])]


def lzf_decompress(data: bytes) -> bytes:
    """liblzf's lzf_d.c, byte by byte."""
    out = bytearray()
    i = 0
    while i < len(data):
        control = data[i]
        i += 1
        if control < 32:
            for _ in range(control + 1):
                out.append(data[i])
                i += 1
        else:
            length = control >> 5
            if length == 7:
                length += data[i]
                i += 1
            reference = len(out) - ((control & 0x1F) << 8) - data[i] - 1
            i += 1
            for _ in range(length + 2):
                out.append(out[reference])
                reference += 1
    return bytes(out)


def ply_bytes(order: str) -> bytes:
    """A binary PLY by hand: a triangle, a quad, lists on the vertices, an unknown element."""
    name = "little" if order == "<" else "big"
    head = (
        f"ply\nformat binary_{name}_endian 1.0\ncomment by hand\n"
        "element camera 1\nproperty double focal\n"
        "element vertex 4\nproperty double x\nproperty float y\nproperty short z\n"
        "property list uchar ushort seen\nproperty uchar red\nproperty uchar green\n"
        "property uchar blue\nproperty int label\n"
        "element face 2\nproperty uchar flag\nproperty list ushort uint vertex_index\nend_header\n"
    )
    body = struct.pack(order + "d", 500.0)
    for i in range(4):
        body += struct.pack(order + "dfh", i + 0.125, -i / 4, 10 * i)
        body += struct.pack(order + "B" + "H" * i, i, *range(100, 100 + i))
        body += struct.pack(order + "BBBi", 0, 51 * i, 255, -7 * i)
    body += struct.pack(order + "BH3I", 7, 3, 0, 1, 2)
    body += struct.pack(order + "BH4I", 9, 4, 3, 2, 1, 0)
    return head.encode() + body


def colmap_bytes() -> dict[str, bytes]:
    """cameras, images and points3D .bin by hand, with observations and tracks."""
    cameras = struct.pack("<Q", 2)
    cameras += struct.pack("<iiQQ4d", 1, 1, 640, 480, 500.0, 510.0, 320.0, 240.0)
    cameras += struct.pack("<iiQQ8d", 7, 4, 800, 600, 700, 701, 400, 300, 0.1, 0.01, 0.001, 0.002)
    images = struct.pack("<Q", 2)
    images += struct.pack("<i7di", 3, 1, 0, 0, 0, 0.5, 0.25, 2, 7) + b"b/second.jpg\0"
    images += struct.pack("<Q", 2) + struct.pack("<ddq", 1, 2, 5) + struct.pack("<ddq", 3, 4, -1)
    half = 0.5**0.5
    images += struct.pack("<i7di", 4, half, 0, half, 0, 0, 0, 0, 1) + b"a.png\0"
    images += struct.pack("<Q", 0)
    points = struct.pack("<Q", 2)
    points += struct.pack("<Q3d3BdQ", 5, 1, 2, 3, 255, 0, 51, 0.75, 2)
    points += struct.pack("<4i", 3, 0, 4, 1)
    points += struct.pack("<Q3d3BdQ", 6, -1, -2, -3, 0, 102, 0, 1.5, 0)
    return {"cameras.bin": cameras, "images.bin": images, "points3D.bin": points}
