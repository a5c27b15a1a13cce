"""What the measurements of descriptors share: pairs of scans matched and aligned, in figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from core2d.train.recipe import Batch, Examples
from geomdl.ops.differential import point_normals
from geomdl.ops.fpfh import fpfh
from geomdl.ops.global_registration import consensus, match_features
from geomdl.ops.neighbors import knn_index
from geomdl.ops.registration import icp, kabsch
from geomdl.registration_metrics import (
    FOUND,
    alignment_rmse,
    feature_match_recall,
    inlier_ratio,
    rotation_error,
    translation_error,
    true_matches,
)

Describe = Callable[[Tensor, Tensor], Tensor]  # points (N, 3), normals (N, 3) -> (N, C)
SAMPLES = 5000  # points of each scan that are matched, as in FCGF
NEAR = (12, 48)  # points that `moments` looks at
REACH = 0.0375  # metres within which points of two scans truly match


@dataclass(frozen=True)
class Score:
    """One pair: share of right matches; of the alignment the root mean square error in metres
    over true matches, the rotation in degrees and the translation in metres.
    """

    inlier_ratio: float
    rmse: float
    rotation: float
    translation: float


@dataclass(frozen=True)
class Scan:
    """One side of a pair: points (N, 3), unit normals (N, 3), world places (N, 3)."""

    points: Tensor
    normals: Tensor
    places: Tensor

    def to_world(self) -> Tensor:
        """The transform (4, 4) float64 that brings the points to their places."""
        return kabsch(self.points.double(), self.places.double())

    def some(self, index: Tensor) -> "Scan":
        """The points `index` (K,)."""
        return Scan(self.points[index], self.normals[index], self.places[index])


def histograms(
    points: Tensor, radius: float, around: int = 30, offsets: Tensor | None = None
) -> Tensor:
    """Points (N, 3) of scans, offsets (B+1,), the camera of each at its origin -> FPFH (N, 33).

    radius: metres. Normals are estimated from `around` neighbours, as users of bare scans must.
    """
    eye = torch.zeros(3, device=points.device)
    normals = point_normals(points, around, eye, offsets)
    return fpfh(points, normals, radius, offsets=offsets)


def moments(points: Tensor, unit: float, offsets: Tensor | None = None) -> Tensor:
    """Points (N, 3), offsets (B+1,) -> (N, 4 len(NEAR)): how points spread around each, as numbers.

    Of the covariance C of the k nearest points in `unit` metres, k in NEAR: log tr C, and with
    A = C / tr C, the roots of 1 - 3 I2(A) (0 where they spread alike, 1 on a line) and of 27 det A
    (0 on a plane); then the way to their mean in units. No turn of a scan changes them.
    """
    index = knn_index(points, points, max(NEAR), offsets, offsets)
    found = []
    for k in NEAR:
        rows = index[:, :k]
        there = (rows >= 0).to(points)[..., None]  # fewer in small scans
        count = there.sum(1)
        around = (points[rows.clamp(min=0)] - points[:, None]) / unit
        mean = (around * there).sum(1) / count
        apart = (around - mean[:, None]) * there
        spread = apart.mT @ apart / count[..., None]
        size = spread.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-6)
        shape = spread / size[:, None, None]
        second = (1 - shape.square().sum((1, 2))) / 2
        line = (1 - 3 * second).clamp(min=0).sqrt()
        solid = (27 * torch.linalg.det(shape)).clamp(min=0).pow(1 / 3)
        found += [size.log(), line, solid, mean.norm(dim=1)]
    return torch.stack(found, 1)


def sides(batch: Batch) -> list[tuple[Scan, Scan]]:
    """A packed batch of `scenes.datasets.fragments.Pairs` -> source and target of each pair."""
    found = []
    for start, stop in zip(batch["offsets"][:-1], batch["offsets"][1:], strict=True):
        rows = torch.arange(int(start), int(stop), device=start.device)
        whole = Scan(*(batch[name] for name in ("points", "normal", "place")))
        source, target = (whole.some(rows[batch["side"][rows] == side]) for side in (0, 1))
        found.append((source, target))
    return found


def scored(source: Scan, target: Scan, describe: Describe, distance: float, seed: int = 0) -> Score:
    """Match mutually nearest descriptors, align by RANSAC and ICP within `distance` metres."""
    truth = torch.linalg.solve(target.to_world(), source.to_world())
    chosen = []
    for number, scan in enumerate((source, target)):
        generator = torch.Generator().manual_seed(2 * seed + number)
        rows = torch.randperm(len(scan.points), generator=generator)[:SAMPLES]
        rows = rows.sort().values.to(scan.points.device)
        chosen.append((scan.some(rows), describe(scan.points, scan.normals)[rows]))
    (a, first), (b, second) = chosen
    pairs = match_features(first, second)
    matched = a.points[pairs[:, 0]], b.points[pairs[:, 1]]
    begun = consensus(*matched, distance, seed=seed).transform
    found = icp(source.points, target.points, distance, target.normals, initial=begun).transform
    true = true_matches(source.points, target.points, truth, REACH)
    return Score(
        inlier_ratio(*matched, truth),
        alignment_rmse(found, source.points[true[:, 0]], target.points[true[:, 1]]),
        rotation_error(found, truth),
        translation_error(found, truth),
    )


def summary(scores: list[Score]) -> dict[str, float]:
    """Scores of all pairs -> the figures of the benchmark.

    feature_match_recall (of pairs with more than 5 % right matches, strict: 20 %), inlier_ratio and
    registration_recall are shares; rotation (degrees) and translation (metres) are means over the
    pairs whose alignment was found, NaN where none was.
    """
    table = torch.tensor(
        [[getattr(score, field.name) for field in fields(Score)] for score in scores]
    )
    ratio, rmse, rotation, translation = table.reshape(-1, 4).double().unbind(1)
    found = rmse < FOUND
    return {
        "feature_match_recall": feature_match_recall(ratio),
        "strict_match_recall": feature_match_recall(ratio, 0.2),
        "inlier_ratio": float(ratio.mean()),
        "registration_recall": float(found.double().mean()),
        "rotation": float(rotation[found].mean()),
        "translation": float(translation[found].mean()),
    }


def measured(
    examples: Examples, describe: Describe, distance: float, chosen: Iterable[int] | None = None
) -> list[Score]:
    """Pairs of a set of `Pairs`, all or the chosen ones; the seed of a pair is its number."""
    scores = []
    for number in range(len(examples)) if chosen is None else chosen:
        (pair,) = sides(examples.batch(torch.tensor([number])))
        scores.append(scored(*pair, describe, distance, seed=number))
    return scores
