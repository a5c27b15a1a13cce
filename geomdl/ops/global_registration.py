"""Rigid alignment without a first guess: points matched by descriptors, a motion most agree on.

RANSAC over matches (Fischler and Bolles 1981) as Choi, Zhou and Koltun 2015, "Robust
reconstruction of indoor scenes", section 4, align fragments: a sample whose edges differ in length
is thrown away before its motion is computed (Buch et al. 2013), and so is a motion that does not
bring its own sample together. `align` ends with `icp`. No gradient flows through any of it.
"""

import math
from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.neighbors import CHUNK
from geomdl.ops.registration import Alignment, icp

SAMPLE = 3  # matches that fix a motion
FIRST, BLOCK = 1024, 16384  # samples drawn at once: at first, and at most
TOGETHER = 512  # motions counted at once
REFINEMENTS = 10


@dataclass(frozen=True)
class Consensus:
    """The motion that most matches agree on.

    `transform` (4, 4) float64 maps source to target, the identity where no sample was consistent;
    `inliers` (K,) bool says which matches it brings together; `draws` counts the samples.
    """

    transform: Tensor
    inliers: Tensor
    draws: int


def match_features(source: Tensor, target: Tensor, *, mutual: bool = True) -> Tensor:
    """Descriptors (N, C) and (M, C) -> matches (K, 2) int64: row of source, row of target.

    The nearest target of every source; with `mutual` only where that target's nearest source is
    the same. Ties go to the lower index. Raises GeometryError.
    """
    expect_tensor("source", source, "N C", dtypes="float", finite=True)
    expect_tensor("target", target, f"M {source.shape[1]}", dtypes=(source.dtype,), finite=True)
    rows = torch.arange(len(source) if len(target) else 0, device=source.device)
    if not len(rows):
        return torch.zeros(0, 2, dtype=torch.int64, device=source.device)
    source, target = source.detach(), target.detach()
    forth = _nearest(source, target)
    if mutual:
        rows = rows[_nearest(target, source)[forth] == rows]
    return torch.stack([rows, forth[rows]], 1)


def _nearest(queries: Tensor, points: Tensor) -> Tensor:
    """Queries (M, C), points (N, C) -> row (M,) of the nearest point, by one product of both."""
    middle = points.mean(0)  # smaller numbers, smaller rounding
    queries, points = queries - middle, points - middle
    square = points.square().sum(1)
    parts = queries.split(max(1, CHUNK // len(points)))
    return torch.cat([torch.addmm(square, part, points.T, alpha=-2).argmin(1) for part in parts])


def consensus(
    source: Tensor,
    target: Tensor,
    max_distance: float,
    *,
    edge: float = 0.9,
    draws: int = 500_000,
    confidence: float = 0.999,
    seed: int = 0,
) -> Consensus:
    """Matched points (K, 3) and (K, 3), metres -> Consensus; the same seed gives the same one.

    A match agrees when the motion brings its points within `max_distance`. Samples of 3 matches
    whose edges differ by more than the factor `edge` (0..1) are not tried. It ends after `draws`
    samples, or when a sample of inliers alone was missed with less than 1 - `confidence`. The best
    motion is fitted to its inliers as long as their number grows. Raises GeometryError.
    """
    expect_tensor("source", source, "K 3", dtypes="float", finite=True)
    expect_tensor("target", target, f"{len(source)} 3", dtypes="float", finite=True, like=source)
    expect_number("max_distance", max_distance, above=0)
    expect_number("draws", draws, low=1)
    for name, share in (("edge", edge), ("confidence", confidence)):
        if not 0 <= expect_number(name, share) < 1:
            raise GeometryError(f"{name}: expected a share of 0 to below 1, got {share}")
    source, target = source.detach().double(), target.detach().double()
    motion, best, done = torch.eye(4, dtype=source.dtype, device=source.device), 0, 0
    generator, enough = torch.Generator().manual_seed(seed), math.inf
    while done < min(draws, enough) and len(source) >= SAMPLE:
        count = min(BLOCK, max(FIRST, done))
        picked = torch.randint(len(source), (count, SAMPLE), generator=generator).to(source.device)
        done += count
        tried = _motions(source[picked], target[picked], edge, max_distance)
        for part in tried.split(TOGETHER) if len(tried) else ():
            counts = agreeing(part, source, target, max_distance).sum(1)
            if int(counts.max()) > best:
                best, motion = int(counts.max()), part[int(counts.argmax())]
        missed = 1 - (best / len(source)) ** SAMPLE
        if missed < 1:
            enough = math.log(1 - confidence) / math.log(missed) if missed > 0 else 0.0
    if best < SAMPLE:
        return Consensus(motion, torch.zeros_like(source[:, 0], dtype=torch.bool), done)
    return Consensus(*_refined(motion, source, target, max_distance), done)


def _motions(source: Tensor, target: Tensor, edge: float, max_distance: float) -> Tensor:
    """Samples (S, 3, 3) of both -> the motions (T, 4, 4) of those that pass both tests."""
    before = (source - source.roll(1, 1)).norm(dim=2)  # (S, 3)
    after = (target - target.roll(1, 1)).norm(dim=2)
    shorter, longer = torch.minimum(before, after), torch.maximum(before, after)
    # Points nearer to each other than the tolerance would fix no rotation.
    passed = (shorter >= edge * longer).all(1) & (shorter > max_distance).all(1)
    source, target = source[passed], target[passed]
    motions = rigid_motions(source, target)
    apart = (moved(motions, source) - target).norm(dim=2)
    return motions[(apart <= max_distance).all(1)]


def rigid_motions(source: Tensor, target: Tensor) -> Tensor:
    """Matched points (T, K, 3) and (T, K, 3) -> transforms (T, 4, 4) of least squares (Kabsch)."""
    a, b = source.mean(1, keepdim=True), target.mean(1, keepdim=True)
    u, _, vt = torch.linalg.svd((target - b).mT @ (source - a))
    flip = torch.ones_like(a[:, 0])
    flip[:, 2] = torch.sign(torch.linalg.det(u @ vt))
    out = torch.eye(4, dtype=source.dtype, device=source.device).repeat(len(source), 1, 1)
    out[:, :3, :3] = (u * flip[:, None]) @ vt
    out[:, :3, 3] = (b - a @ out[:, :3, :3].mT)[:, 0]
    return out


def moved(transforms: Tensor, points: Tensor) -> Tensor:
    """Transforms (T, 4, 4), points (T, K, 3) or (K, 3) -> points (T, K, 3)."""
    return points @ transforms[:, :3, :3].mT + transforms[:, None, :3, 3]


def agreeing(transforms: Tensor, source: Tensor, target: Tensor, max_distance: float) -> Tensor:
    """Transforms (T, 4, 4), matched points (K, 3) -> bool (T, K): brought within max_distance."""
    return (moved(transforms, source) - target).square().sum(2) <= max_distance * max_distance


def _refined(
    motion: Tensor, source: Tensor, target: Tensor, max_distance: float
) -> tuple[Tensor, Tensor]:
    """The motion fitted to its own inliers while that brings more of them: motion, inliers (K,)."""
    inliers = agreeing(motion[None], source, target, max_distance)[0]
    for _ in range(REFINEMENTS):
        fitted = rigid_motions(source[None, inliers], target[None, inliers])[0]
        found = agreeing(fitted[None], source, target, max_distance)[0]
        if int(found.sum()) < int(inliers.sum()):
            break
        grew = int(found.sum()) > int(inliers.sum())
        motion, inliers = fitted, found
        if not grew:
            break
    return motion, inliers


def align(
    source: Tensor,
    target: Tensor,
    source_features: Tensor,
    target_features: Tensor,
    max_distance: float,
    *,
    normals: Optional[Tensor] = None,
    draws: int = 500_000,
    seed: int = 0,
) -> Alignment:
    """Points (N, 3), (M, 3) and their descriptors (N, C), (M, C) -> Alignment without a guess.

    Mutual matches, their `consensus`, then `icp` from there: point to plane with the target's
    `normals` (M, 3), else point to point. Where the matches agree on nothing, icp starts from the
    identity: look at `fitness`. Raises GeometryError.
    """
    expect_tensor("source_features", source_features, f"{len(source)} C", dtypes="float")
    expect_tensor("target_features", target_features, f"{len(target)} C", dtypes="float")
    pairs = match_features(source_features, target_features)
    found = consensus(
        source[pairs[:, 0]], target[pairs[:, 1]], max_distance, draws=draws, seed=seed
    )
    method = "point_to_point" if normals is None else "point_to_plane"
    return icp(source, target, max_distance, normals, method, initial=found.transform)
