"""Answers, their scores against a truth made by hand, and the picture of both."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from core2d.losses import VOID
from geomdl.recipes import rooms_sparse_unet
from geomdl.recipes.room_labels import NONE, Answer, answer, drawn, meant, scores, section
from geomdl.structures import Camera, PointCloud, Pose
from scenes.build.home import LABELS
from scenes.datasets.room_scans import LIKE_S3DIS, LIKE_SCANNET, vocabulary_of
from tests.geomdl.recipes.untrained import untrained

# Three of the first class, one of them answered wrong; one of the second; a void one.
GIVEN = Answer(
    torch.tensor([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.7, 0.1], [0, 1.0, 0], [0, 0, 1.0]]),
    ("wall", "floor", "chair"),
)
TRUTH = torch.tensor([0, 0, 0, 1, VOID])


def test_scores_are_those_counted_by_hand() -> None:
    found = scores(GIVEN, TRUTH)
    assert found.iou == {"wall": pytest.approx(2 / 3), "floor": pytest.approx(1 / 2)}
    assert found.miou == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.accuracy == pytest.approx(3 / 4)
    assert found.class_accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert found.confidence == pytest.approx((0.9 + 0.6 + 0.7 + 1) / 4)
    assert found.asked == pytest.approx(4 / 5)
    assert GIVEN.shares() == {"wall": 0.4, "floor": 0.4, "chair": 0.2}
    with pytest.raises(InputError, match="truth: expected points"):
        scores(GIVEN, torch.full((5,), VOID))
    text = section("mine", found, GIVEN)
    assert "| 0.583 | 75.0% | 83.3% | 80.0% |" in text
    assert "| wall | 0.667 | 40.0% |\n| floor | 0.500 | 40.0% |\n" in text
    assert "chair" not in text


@pytest.mark.parametrize("name", ["rooms", "scannet", "s3dis"])
def test_kinds_mean_what_they_mean_in_training(name: str) -> None:
    classes, table = vocabulary_of(name)
    assert torch.equal(meant(LABELS, classes), table)
    named = {"scannet": LIKE_SCANNET, "s3dis": LIKE_S3DIS, "rooms": LABELS}[name]
    assert classes == named
    shelf = int(meant(["shelf"], classes))
    assert classes[shelf] == {"scannet": "bookshelf", "s3dis": "bookcase", "rooms": "shelf"}[name]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_untrained_run_answers_for_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = untrained("rooms_sparse_unet", tmp_path / "run")
    g = torch.Generator().manual_seed(0)
    cloud = PointCloud(torch.rand(500, 3, generator=g) * 2, colors=torch.rand(500, 3, generator=g))
    found = answer(run, cloud)
    assert found.classes == LIKE_SCANNET
    assert found.chances.shape == (500, len(LIKE_SCANNET))
    assert torch.allclose(found.chances.sum(1), torch.ones(500), atol=1e-5)
    assert sum(found.shares().values()) == pytest.approx(1, abs=1e-3)
    monkeypatch.setattr(rooms_sparse_unet, "predict", lambda model, x: torch.ones(1, 19))
    with pytest.raises(InputError, match="expected a class per point"):
        answer(run, cloud)
    monkeypatch.delattr(rooms_sparse_unet, "read")
    with pytest.raises(InputError, match="expected a run that reads shapes"):
        answer(run, cloud)


def test_the_picture_has_a_panel_for_each(tmp_path: Path) -> None:
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0.5, 0.5, 0.5]])
    eye, target = torch.tensor([0.5, -3, 3]), torch.tensor([0.5, 0.5, 0.0])
    pose = Pose.look_at(eye, target, torch.tensor([0.0, 0, 1]))
    camera = Camera.from_fov(120, 90, 0.8, pose)
    path = tmp_path / "labels.png"
    panels = {"colours": None, "answer": GIVEN.label, "truth": TRUTH}
    drawn(PointCloud(points), panels, GIVEN.classes, camera, path)
    assert Image.open(path).size == (3 * 156, 90)
    assert NONE not in GIVEN.classes
