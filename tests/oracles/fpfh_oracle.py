"""Fast point feature histograms in loops over NumPy arrays."""

import numpy as np


def angles(p, n, q, m):
    """Two points and normals -> alpha, phi, theta, or None where they have none."""
    d = np.linalg.norm(q - p)
    if d == 0:
        return None
    at_p = np.arccos(np.clip(abs(np.dot(n, q - p)) / d, 0, 1))
    at_q = np.arccos(np.clip(abs(np.dot(m, p - q)) / d, 0, 1))
    if at_p > at_q:
        p, n, q, m = q, m, p, n
    u = n
    v = np.cross(q - p, u)
    if np.linalg.norm(v) == 0:
        return None
    v = v / np.linalg.norm(v)
    w = np.cross(u, v)
    return np.dot(v, m), np.dot(u, q - p) / d, np.arctan2(np.dot(w, m), np.dot(u, m))


def near(points, i, radius, most):
    """The nearest `most` rows within radius of row i, itself among them."""
    d = np.linalg.norm(points - points[i], axis=1)
    return [j for j in np.argsort(d, kind="stable") if d[j] <= radius][:most]


def spfh(points, normals, i, radius, most):
    """Three histograms of 11 bins, each in percent."""
    edges = [np.linspace(-1, 1, 12), np.linspace(-1, 1, 12), np.linspace(-np.pi, np.pi, 12)]
    rows = [
        found
        for j in near(points, i, radius, most)
        if j != i and (found := angles(points[i], normals[i], points[j], normals[j])) is not None
    ]
    out = np.zeros((3, 11))
    for k in range(3):
        if rows:
            values = np.clip([row[k] for row in rows], edges[k][0], edges[k][-1])
            out[k] = 100 * np.histogram(values, edges[k])[0] / len(rows)
    return out.ravel()


def fpfh(points, normals, radius, most):
    """(N, 33) histograms, neighbours weighted by their inverse squared distance."""
    simple = [spfh(points, normals, i, radius, most) for i in range(len(points))]
    out = []
    for i in range(len(points)):
        total, weights = np.zeros(33), 0.0
        for j in near(points, i, radius, most):
            d2 = ((points[i] - points[j]) ** 2).sum()
            if d2 > 0:
                total += simple[j] / d2
                weights += 1 / d2
        out.append(simple[i] + (total / weights if weights else 0))
    return np.array(out)
