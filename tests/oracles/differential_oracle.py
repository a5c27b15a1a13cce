"""Loops over faces in NumPy: normals, angles, cotangents and areas as the papers write them."""

import math

import numpy as np


def angles_of(triangle: np.ndarray) -> list[float]:
    """A triangle (3, 3) -> its three angles by the law of cosines."""
    sides = [np.linalg.norm(triangle[(i + 1) % 3] - triangle[(i + 2) % 3]) for i in range(3)]
    found = []
    for i in range(3):
        a, b, c = sides[i], sides[(i + 1) % 3], sides[(i + 2) % 3]
        found.append(math.acos(np.clip((b * b + c * c - a * a) / (2 * b * c), -1, 1)))
    return found


def vertex_normals(vertices: np.ndarray, faces: np.ndarray, by_angle: bool) -> np.ndarray:
    """Unit sums of face normals, weighted by area or by the angle at the vertex."""
    total = np.zeros_like(vertices)
    for face in faces:
        triangle = vertices[face]
        across = np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])
        for vertex, angle in zip(face, angles_of(triangle), strict=True):
            total[vertex] += across / np.linalg.norm(across) * angle if by_angle else across
    return total / np.linalg.norm(total, axis=1, keepdims=True)


def laplacian(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Dense (V, V) with (cot a + cot b) / 2 off the diagonal and rows that sum to zero."""
    matrix = np.zeros((len(vertices), len(vertices)))
    for face in faces:
        for k, angle in enumerate(angles_of(vertices[face])):
            i, j = face[(k + 1) % 3], face[(k + 2) % 3]
            for p, q in ((i, j), (j, i)):
                matrix[p, q] += 0.5 / math.tan(angle)
                matrix[p, p] -= 0.5 / math.tan(angle)
    return matrix


def mixed_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Meyer et al. 2003, figure 4, face by face."""
    areas = np.zeros(len(vertices))
    for face in faces:
        triangle, angles = vertices[face], angles_of(vertices[face])
        whole = np.linalg.norm(np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])) / 2
        for k in range(3):
            if max(angles) > math.pi / 2:
                areas[face[k]] += whole / 2 if angles[k] > math.pi / 2 else whole / 4
                continue
            for i, j in ((1, 2), (2, 1)):
                side = triangle[(k + i) % 3] - triangle[k]
                areas[face[k]] += side @ side / math.tan(angles[(k + j) % 3]) / 8
    return areas
