"""What a sound surface is: edges, orientation, Euler characteristic, volume, by NumPy alone."""

import numpy as np


def edge_uses(faces: np.ndarray) -> np.ndarray:
    """How often each undirected edge is used."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)[1]


def oriented(faces: np.ndarray) -> bool:
    """No directed edge is used twice: neighbours agree on the side that is out."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return len(np.unique(edges, axis=0)) == len(edges)


def single_fans(faces: np.ndarray, count: int) -> bool:
    """The triangles around every vertex form one cycle (closed surfaces)."""
    follows: list[dict[int, int]] = [{} for _ in range(count)]
    for triangle in faces:
        for i in range(3):
            follows[triangle[i]][triangle[(i + 1) % 3]] = triangle[(i + 2) % 3]
    for ring in follows:
        start = next(iter(ring))
        at, steps = ring[start], 1
        while at != start:
            at, steps = ring[at], steps + 1
        if steps != len(ring):
            return False
    return True


def euler(faces: np.ndarray, count: int) -> int:
    return count - len(edge_uses(faces)) + len(faces)


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(float) for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
