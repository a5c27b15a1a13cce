"""Crops of slices: all eight orientations, labels with their image; real slices come in threes."""

from pathlib import Path

import torch
from torch import Generator

from core2d.decision import iou_threshold
from geomdl.recipes import membrane


def test_all_eight_orientations_occur_and_labels_follow() -> None:
    place = torch.arange(16).view(1, 4, 4).expand(200, -1, -1)
    batch = {"image": (place[:, None] + 4) / 24, "label": place}
    turned = membrane.augmented(batch, Generator().manual_seed(0), size=4)
    order = turned["image"].flatten(1).argsort(1)  # light changes the values, not their order
    assert torch.equal(order, turned["label"].flatten(1).argsort(1))
    seen = {tuple(label.flatten().tolist()) for label in turned["label"]}
    square = place[0]
    wanted = {
        tuple(torch.rot90(side, k).flatten().tolist())
        for side in (square, square.T)
        for k in range(4)
    }
    assert seen == wanted


def test_only_training_is_cropped(data: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    assert len(membrane.data(membrane.Config(validation=0)).train) == 24 * 20
    found = membrane.data(membrane.Config(crop=128, crops=10))
    g = Generator().manual_seed(0)
    batch = found.train.batch(torch.tensor([0, len(found.train) // 10]), g)  # one slice, twice
    assert len(found.train) == 210
    assert batch["image"].shape == (2, 1, 128, 128)
    assert not torch.equal(batch["image"][0], batch["image"][1])
    assert set(batch["label"].unique().tolist()) == {0, 1}
    assert found.validation.batch(torch.arange(1))["image"].shape == (1, 1, 512, 512)
    dark = batch["image"][:, 0][batch["label"] == 0].mean()
    light = batch["image"][:, 0][batch["label"] == 1].mean()
    assert dark + 1 < light  # membranes are dark


def test_the_larger_one_is_the_decision_of_the_largest_expected_mean_iou() -> None:
    x = torch.rand(2, 1, 64, 64, generator=Generator().manual_seed(0)) ** 3 * 6 - 3
    scores = torch.nn.Conv2d(1, 2, 1, bias=False)
    scores.weight.data = torch.tensor([-0.5, 0.5]).view(2, 1, 1, 1)
    likely = torch.sigmoid(x[:, 0])
    threshold = iou_threshold(likely)
    assert bool((threshold < 0.45).all())
    with torch.no_grad():
        decided = membrane.predict(scores, x).argmax(1)
    clear = (likely - threshold.view(2, 1, 1)).abs() > 1e-4
    assert torch.equal((likely > threshold.view(2, 1, 1))[clear], decided.bool()[clear])
