"""The counts of the networks' table are what others counted, and the page holds them."""

import pytest
import torch
from torch import Tensor, nn

from core2d.models.resnet import resnet
from tools import evolution


def test_counts_of_a_network_that_one_can_count_by_hand() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.near, self.far = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
            self.last = nn.Linear(4, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = self.near(x)
            return self.last((x + self.far(x).relu()).mean((2, 3)))

    with torch.device("meta"):
        size = evolution.measured(Two(), (3, 8, 8))
    assert size.layers == 3
    assert size.parameters == 4 * 27 + 4 + 4 * 36 + 4 + 25
    assert size.adds == 64 * 4 * 27 + 64 * 4 * 36 + 20


def test_a_shortcut_without_the_long_way_counts_less() -> None:
    x = torch.randn(1, 4, requires_grad=True)
    weight = torch.randn(4, 4, requires_grad=True)
    assert evolution.longest(x @ weight) == 1
    assert evolution.longest((x @ weight).relu() @ weight + x @ weight) == 2
    assert evolution.longest(x + 1) == 0


@pytest.mark.parametrize(
    ("depth", "adds"),
    [(18, 1.814), (50, 4.089)],  # torchvision 0.28's metadata, in 10^9
)
def test_multiply_adds_are_those_of_torchvision(depth: int, adds: float) -> None:
    with torch.device("meta"):
        size = evolution.measured(resnet(depth), (3, 224, 224))
    assert (size.layers, round(size.adds / 1e9, 3)) == (depth, adds)


def test_the_page_is_up_to_date_and_the_picture_draws_every_network() -> None:
    assert evolution.main(["--check"]) == 0, "run python tools/evolution.py"
    left, right, _ = evolution.picture().axes
    rated = [n for n in evolution.NETWORKS if n.alone is not None]
    assert len(left.patches) == len(rated)
    assert [t.get_text() for t in right.texts] == [n.name for n in rated]
    assert all((n.entry or 0) < (n.alone or 100) for n in evolution.NETWORKS)
