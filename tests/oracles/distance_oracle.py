"""Distances between point sets from the full matrix, in numpy."""

import numpy as np


def matrix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def chamfer(a: np.ndarray, b: np.ndarray, power: int) -> float:
    d = matrix(a, b) ** power
    return float(d.min(1).mean() + d.min(0).mean())


def hausdorff(a: np.ndarray, b: np.ndarray) -> float:
    d = matrix(a, b)
    return float(max(d.min(1).max(), d.min(0).max()))


def f_score(a: np.ndarray, b: np.ndarray, threshold: float) -> tuple[float, float, float]:
    d = matrix(a, b)
    p, r = float((d.min(1) <= threshold).mean()), float((d.min(0) <= threshold).mean())
    return (2 * p * r / (p + r) if p + r else 0.0), p, r


def normal_consistency(
    a: np.ndarray, a_normals: np.ndarray, b: np.ndarray, b_normals: np.ndarray
) -> float:
    d = matrix(a, b)
    forth = np.abs((a_normals * b_normals[d.argmin(1)]).sum(1)).mean()
    back = np.abs((b_normals * a_normals[d.argmin(0)]).sum(1)).mean()
    return float(forth + back) / 2
