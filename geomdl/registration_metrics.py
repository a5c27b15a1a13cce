"""How well scans are matched and aligned: the measures of the 3DMatch benchmark.

A transform (4, 4) maps source to target. Deng, Birdal and Ilic 2018, "PPFNet", section 5: inlier
ratio and feature-match recall. Zeng et al. 2017, "3DMatch", and Choi, Zhou and Koltun 2015: which
alignments count as found.
"""

import torch
from torch import Tensor

from geomdl.errors import expect_number, expect_tensor
from geomdl.ops.neighbors import nearest_within

INLIER = 0.10  # metres between the points of a right match
SHARE = 0.05  # of right matches that RANSAC can work with
FOUND = 0.20  # metres, root mean square, of an alignment that counts


def inlier_ratio(source: Tensor, target: Tensor, truth: Tensor, distance: float = INLIER) -> float:
    """Matched points (K, 3), (K, 3), truth (4, 4) -> share of matches nearer than `distance` m.

    0 where there are no matches.
    """
    expect_number("distance", distance, above=0)
    gap = _gaps(source, target, truth)
    return float((gap < distance).double().mean()) if len(gap) else 0.0


def true_matches(source: Tensor, target: Tensor, truth: Tensor, distance: float) -> Tensor:
    """Points (N, 3), (M, 3), truth (4, 4) -> matches (K, 2): each source with its nearest target.

    Sources without a target within `distance` metres have none. K / N is the overlap of the two.
    """
    expect_tensor("source", source, "N 3", dtypes="float", finite=True)
    expect_tensor("target", target, "M 3", dtypes=(source.dtype,), finite=True, like=source)
    place = source.detach().double() @ _rotation("truth", truth).T + truth[:3, 3].double()
    index = nearest_within(target.detach(), place.to(target.dtype), distance)
    rows = (index >= 0).nonzero()[:, 0]
    return torch.stack([rows, index[rows]], 1)


def feature_match_recall(ratios: Tensor, least: float = SHARE) -> float:
    """Inlier ratios (P,) of pairs of scans -> the share of pairs with more than `least`.

    It asks of descriptors whether RANSAC has a chance, not whether it uses it.
    """
    expect_tensor("ratios", ratios, "P", dtypes="float", finite=True)
    return float((ratios > least).double().mean())


def rotation_error(found: Tensor, truth: Tensor) -> float:
    """Transforms (4, 4) -> angle in degrees of the rotation between them, 0 to 180."""
    turn = _rotation("found", found) @ _rotation("truth", truth).T
    # By sine and cosine: the arc cosine alone is blind below a thousandth of a degree.
    axis = torch.stack([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    return float(torch.rad2deg(torch.atan2(axis.norm(), turn.trace() - 1)))


def translation_error(found: Tensor, truth: Tensor) -> float:
    """Transforms (4, 4) -> metres between their translations."""
    _rotation("found", found), _rotation("truth", truth)
    return float((found[:3, 3].double() - truth[:3, 3].double()).norm())


def alignment_rmse(found: Tensor, source: Tensor, target: Tensor) -> float:
    """Transform (4, 4), truly matching points (K, 3), (K, 3) -> root mean square distance in m.

    An alignment is found where this is below FOUND; registration recall is the share of pairs
    with overlap for which it is. Infinite where there are no matches.
    """
    gap = _gaps(source, target, found)
    return float(gap.square().mean().sqrt()) if len(gap) else float("inf")


def _gaps(source: Tensor, target: Tensor, transform: Tensor) -> Tensor:
    """Metres (K,) float64 between the targets and the moved sources."""
    expect_tensor("source", source, "K 3", dtypes="float", finite=True)
    expect_tensor("target", target, f"{len(source)} 3", dtypes="float", finite=True, like=source)
    turn = _rotation("transform", transform)
    there = source.detach().double() @ turn.T + transform[:3, 3].double()
    return (there - target.detach().double()).norm(dim=1)


def _rotation(name: str, transform: Tensor) -> Tensor:
    expect_tensor(name, transform, "4 4", dtypes="float", finite=True)
    return transform[:3, :3].detach().double()
