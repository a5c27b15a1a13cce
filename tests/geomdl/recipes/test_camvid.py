"""Street pictures: the stated counts are those of the data, rare classes weigh more."""

from pathlib import Path

import pytest
import torch
from torch import Generator, nn

from core2d.losses import VOID, class_weights
from geomdl.recipes import camvid


def test_the_loss_weighs_by_the_root_of_frequency() -> None:
    image = torch.zeros(1, 3, 32, 32)
    label = torch.full((1, 32, 32), VOID)
    label[0, 0, :2] = torch.tensor([3, 10])  # road, bicyclist
    bias = torch.linspace(-1, 1, 11)
    model = nn.Conv2d(3, 11, 1)
    nn.init.zeros_(model.weight)
    model.bias.data = bias.clone()
    log = bias.log_softmax(0)
    w = class_weights(torch.tensor(camvid.COUNTS), power=0.5)
    wanted = -(w[3] * log[3] + w[10] * log[10]) / (w[3] + w[10])
    loss = camvid.loss(model, {"image": image, "label": label}, 0, Generator())
    assert float(loss.detach()) == pytest.approx(float(wanted), rel=1e-5)
    assert float(w[10] / w[3]) == pytest.approx((camvid.COUNTS[3] / camvid.COUNTS[10]) ** 0.5)


def test_crops_and_counts_of_the_real_pictures(data: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    found = camvid.data(camvid.Config())
    batch = found.train.batch(torch.arange(3), Generator().manual_seed(0))
    assert batch["image"].shape == (3, 3, 256, 256)
    assert found.test.batch(torch.arange(1))["image"].shape == (1, 3, 360, 480)
    label = torch.cat([found.train.batch(torch.tensor([i]))["label"].flatten() for i in range(120)])
    counts = torch.bincount(label, minlength=256)[:11]
    assert [round(n / 1000) for n in counts.tolist()] == list(camvid.COUNTS)
