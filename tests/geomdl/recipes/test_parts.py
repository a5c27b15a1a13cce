"""Part IoU of a perfect and of a blind network; batches know their kinds."""

import torch
from torch import Tensor, nn

from geomdl.recipes import parts as p
from scenes.datasets.point_batches import Clouds
from scenes.datasets.shapes import PARTS_OF


def clouds() -> Clouds:
    """Two clouds of two kinds, each point labelled by the parts of its kind in turn."""
    label = torch.tensor(
        [PARTS_OF[kind][i % len(PARTS_OF[kind])] for kind in (0, 1) for i in range(12)]
    )
    points = torch.zeros(24, 3)
    points[:, 0] = label.float()
    values = {"points": points, "label": label, "category": torch.tensor([0, 1])}
    return Clouds(values, torch.tensor([0, 12, 24]), torch.arange(2))


class Told(nn.Module):
    """The part is the first coordinate; `blind` says the first part of all."""

    def __init__(self, blind: bool = False) -> None:
        super().__init__()
        self.blind = blind

    def forward(self, points: Tensor, offsets: Tensor, category: Tensor) -> Tensor:
        part = torch.zeros_like(points[:, 0]) if self.blind else points[:, 0]
        return torch.nn.functional.one_hot(part.long(), 1 + max(map(max, PARTS_OF))).float()


def test_iou_of_perfect_and_blind_networks() -> None:
    found = p.metrics(Told(), clouds())
    assert found == {"miou": 1.0, "category_miou": 1.0, "accuracy": 1.0}
    blind = p.metrics(Told(blind=True), clouds())
    assert 0 < blind["miou"] < 0.5
    assert blind["accuracy"] < 0.5


def test_prediction_is_a_probability_for_each_point() -> None:
    batch = clouds().batch(torch.arange(2))
    chances = p.predict(Told(), batch)
    assert chances.shape[0] == 24
    assert torch.allclose(chances.sum(1), torch.ones(24))
    assert torch.equal(chances.argmax(1), batch["label"])
