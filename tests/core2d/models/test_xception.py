"""Xception against timm 1.0's legacy_xception."""

import pytest
import torch

from core2d.models.xception import Block, Xception
from core2d.space import Dense
from tests.oracles.golden import count, digest, fill, picture, without_gradient


def test_names_shapes_and_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        net = Xception()
    assert (count(net), digest(net.state_dict())) == (22855952, "70286d940e5d199d")


def test_equals_timm_with_one_middle_block() -> None:
    net = fill(Xception(classes=5, middle=1))
    expected = torch.tensor([[685.31134, -165.34625, -687.10889, -427.0209, 438.56912]])
    with torch.no_grad():
        torch.testing.assert_close(net(picture(1, 3, 80, 96)), expected, atol=0.1, rtol=0)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", 0])
def test_lives_on_any_number_of_axes(axes: int, padding: int | str) -> None:
    net = Xception((4, 4, 6, 8, 8, 8, 12, 12), classes=3, middle=2, padding=padding, space=axes)
    x = picture(3, 3, *(64, 40, 36)[:axes])
    assert net(x).shape == (3, 3)
    assert not without_gradient(net, x)


def test_block_without_convolutions_effect_is_the_identity() -> None:
    block = Block(Dense(2), (5, 5, 5, 5)).eval()
    for part in list(block.rep.values())[1::2]:
        torch.nn.init.zeros_(part.weight)
    x = picture(1, 5, 6, 6)
    assert torch.equal(block(x), x)
