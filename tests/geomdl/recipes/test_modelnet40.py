"""Clouds are measured over things and over classes, and augmented as published."""

import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from geomdl.recipes import modelnet40 as m
from scenes.datasets.point_batches import Clouds


class ByFirst(nn.Module):
    """The class that the first point of a cloud tells by its x."""

    def forward(self, points: Tensor, offsets: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(points[offsets[:-1], 0].long(), 3).float()


def test_accuracy_over_things_and_over_classes() -> None:
    told, label = [0, 0, 0, 1, 2, 2], [0, 0, 0, 1, 1, 2]
    points = torch.tensor([[float(k), 0, 0] for k in told for _ in range(2)])
    offsets = torch.arange(0, 14, 2)
    clouds = Clouds({"points": points, "label": torch.tensor(label)}, offsets, torch.arange(6))
    found = m.metrics(ByFirst(), clouds)
    assert set(found) == {"accuracy", "class_accuracy"}
    assert found["accuracy"] == pytest.approx(5 / 6)
    assert found["class_accuracy"] == pytest.approx((1 + 0.5 + 1) / 3)


def test_clouds_are_stretched_and_shifted_but_not_turned() -> None:
    points = torch.eye(3) * 0.9
    batch = {"points": points, "offsets": torch.tensor([0, 3]), "label": torch.tensor([1])}
    found = m.augmented(batch, Generator().manual_seed(0))["points"]
    sides = found - found.mean(0)
    cosine = (sides[0] - sides[1])[:2]
    assert 0.55 < float(cosine[0]) < 1.45
    assert -1.45 < float(cosine[1]) < -0.55
    assert float((found - points).abs().max()) < 0.9


def test_data_that_are_not_there_are_named(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    with pytest.raises(InputError, match="modelnet40"):
        m.data(m.Config())
