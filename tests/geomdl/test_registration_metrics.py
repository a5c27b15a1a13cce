import math

import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.registration_metrics import (
    alignment_rmse,
    feature_match_recall,
    inlier_ratio,
    rotation_error,
    translation_error,
    true_matches,
)


def transform(vector: list[float], place: list[float]) -> Tensor:
    """Rotation vector in radians and translation -> (4, 4) float64, by SciPy."""
    out = torch.eye(4, dtype=torch.float64)
    out[:3, :3] = torch.from_numpy(Rotation.from_rotvec(vector).as_matrix())
    out[:3, 3] = torch.tensor(place)
    return out


@pytest.mark.parametrize("angle", [1e-7, 0.3, 2.0, math.pi - 1e-6, math.pi])
def test_rotation_error_is_the_angle_between(angle: float) -> None:
    truth = transform([0.3, -0.8, 0.5], [1, 2, 3])
    axis = torch.tensor([2.0, -1.0, 2.0], dtype=torch.float64) / 3
    found = transform((axis * angle).tolist(), [5, 5, 5]) @ truth
    wanted = math.degrees(angle)
    assert rotation_error(found, truth) == pytest.approx(wanted, abs=1e-6, rel=1e-6)
    assert rotation_error(truth, found) == pytest.approx(wanted, abs=1e-6, rel=1e-6)


def test_translation_error_is_in_metres() -> None:
    one, other = transform([0, 0, 1], [0, 3, 4]), transform([1, 0, 0], [0, 0, 0])
    assert translation_error(one, other) == pytest.approx(5.0)


def test_inlier_ratio_counts_matches_within_ten_centimetres() -> None:
    truth = transform([0.2, 0.4, -0.1], [0.5, 0, 0])
    source = torch.rand(5, 3, dtype=torch.float64)
    target = source @ truth[:3, :3].T + truth[:3, 3]
    gaps = torch.tensor([0.0, 0.05, 0.099, 0.101, 2.0], dtype=torch.float64)
    target = target + gaps[:, None] * torch.tensor([0.0, 0.6, 0.8], dtype=torch.float64)
    assert inlier_ratio(source, target, truth) == pytest.approx(0.6)
    assert inlier_ratio(source, target, truth, 0.06) == pytest.approx(0.4)
    assert inlier_ratio(source[:0], target[:0], truth) == 0.0
    wanted = math.sqrt(float(gaps.square().mean()))
    assert alignment_rmse(truth, source, target) == pytest.approx(wanted)
    assert alignment_rmse(truth, source[:0], target[:0]) == math.inf


def test_true_matches_are_the_nearest_after_the_motion() -> None:
    truth = transform([0.2, 0.4, -0.1], [0.5, 0, 0])
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(60, 3, generator=generator, dtype=torch.float64)
    target = torch.rand(50, 3, generator=generator, dtype=torch.float64)
    gaps = torch.cdist(source, target)
    wanted = [(i, int(row.argmin())) for i, row in enumerate(gaps) if float(row.min()) <= 0.15]
    assert 10 < len(wanted) < 55
    moved = target @ truth[:3, :3].T + truth[:3, 3]
    found = true_matches(source, moved, truth, 0.15)
    assert [tuple(pair) for pair in found.tolist()] == wanted
    assert true_matches(source[:0], moved, truth, 0.1).shape == (0, 2)


def test_recall_asks_for_more_than_a_twentieth() -> None:
    ratios = torch.tensor([0.04, 0.05, 0.06, 0.9], dtype=torch.float64)
    assert feature_match_recall(ratios) == 0.5
    assert feature_match_recall(ratios, 0.5) == 0.25


def test_bad_arguments() -> None:
    eye, points = torch.eye(4), torch.rand(3, 3)
    with pytest.raises(GeometryError, match="found"):
        rotation_error(torch.eye(3), eye)
    with pytest.raises(GeometryError, match="truth"):
        translation_error(eye, torch.full((4, 4), math.nan))
    with pytest.raises(GeometryError, match="target"):
        inlier_ratio(points, points[:2], eye)
    with pytest.raises(GeometryError, match="distance"):
        inlier_ratio(points, points, eye, 0.0)
    with pytest.raises(GeometryError, match="ratios"):
        feature_match_recall(torch.zeros(2, 2))
