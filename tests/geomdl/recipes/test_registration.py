import math

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from geomdl.recipes.registration import NEAR, Score, measured, moments, scored, sides, summary
from scenes.datasets.fragments import Fragments, Pairs
from tests.geomdl.recipes.pairs import fragments


def written_out(points: np.ndarray, k: int, unit: float) -> np.ndarray:
    """`moments` of one scan by eigenvalues, point by point."""
    found = []
    for point in points:
        order = np.linalg.norm(points - point, axis=1).argsort(kind="stable")[:k]
        near = points[order] / unit
        apart = near - near.mean(0)
        values = np.linalg.eigvalsh(apart.T @ apart / len(near))
        a, b, c = values / values.sum()
        line, solid = 1 - 3 * (a * b + b * c + c * a), 27 * a * b * c
        way = np.linalg.norm(near.mean(0) - point / unit)
        found.append([np.log(values.sum()), line**0.5, max(solid, 0) ** (1 / 3), way])
    return np.array(found)


def test_moments_are_those_of_the_nearest_points() -> None:
    points = torch.rand(90, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    offsets = torch.tensor([0, 70, 90])  # the second scan has less than 48 points
    found = moments(points, 0.1, offsets)
    for start, stop in ((0, 70), (70, 90)):
        parts = [written_out(points[start:stop].numpy(), k, 0.1) for k in NEAR]
        np.testing.assert_allclose(found[start:stop], np.concatenate(parts, 1), atol=1e-6)
    turn = torch.linalg.qr(torch.rand(3, 3, dtype=torch.float64)).Q
    torch.testing.assert_close(moments(points @ turn.T + 1, 0.1, offsets), found)
    single = moments(torch.zeros(1, 3), 0.1)
    assert bool(torch.isfinite(single).all())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Fragments:
    return fragments(tmp_path_factory.mktemp("scene"))


def test_sides_know_their_motion(made: Fragments) -> None:
    pairs = Pairs(made, torch.tensor([[0, 1], [2, 5]]), voxel=0.05)
    found = sides(pairs.batch(torch.tensor([0, 1])))
    assert len(found) == 2
    truth = torch.linalg.solve(found[1][1].to_world(), found[1][0].to_world())
    torch.testing.assert_close(truth, made.truth(2, 5), atol=1e-5, rtol=0)
    some = found[0][0].some(torch.tensor([3, 1]))
    assert torch.equal(some.places, found[0][0].places[[3, 1]])


def test_descriptors_that_know_the_place_match_all(made: Fragments) -> None:
    """An oracle that gives each point its place in the world is right everywhere."""
    (pair,) = sides(Pairs(made, torch.tensor([[0, 3]]), voxel=0.05).batch(torch.tensor([0])))
    known = {id(scan.points): scan.places for scan in pair}

    def oracle(points: Tensor, normals: Tensor) -> Tensor:
        return known[id(points)]

    score = scored(*pair, oracle, 0.075)
    assert score.inlier_ratio > 0.95
    assert score.rmse < 0.03
    assert score.rotation < 1.0
    assert score.translation < 0.02
    assert scored(*pair, oracle, 0.075) == score


def test_descriptors_that_know_nothing_match_nothing(made: Fragments) -> None:
    pairs = Pairs(made, torch.tensor([[0, 3], [1, 6]]), voxel=0.05)
    generator = Generator().manual_seed(0)
    scores = measured(pairs, lambda p, _: torch.rand(len(p), 8, generator=generator), 0.01, [1])
    assert len(scores) == 1
    assert scores[0].inlier_ratio < 0.05


def test_summary_is_the_benchmark() -> None:
    nan = math.nan
    scores = [
        Score(0.06, 0.05, 1.0, 0.02),
        Score(0.30, 0.10, 3.0, 0.04),
        Score(0.04, 1.50, 170.0, 2.0),
        Score(0.04, math.inf, nan, nan),
    ]
    found = summary(scores)
    assert found["feature_match_recall"] == 0.5
    assert found["strict_match_recall"] == 0.25
    assert found["inlier_ratio"] == pytest.approx(0.11)
    assert found["registration_recall"] == 0.5
    assert found["rotation"] == pytest.approx(2.0)
    assert found["translation"] == pytest.approx(0.03)
    assert math.isnan(summary(scores[2:])["rotation"])
