import math

import pytest
import torch
from torch import Generator, Tensor

from geomdl.recipes.registration import Score, measured, scored, sides, summary
from scenes.datasets.fragments import Fragments, Pairs
from tests.geomdl.recipes.pairs import fragments


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
