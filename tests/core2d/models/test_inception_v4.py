"""Inception-v4 against timm 1.0."""

import pytest
import torch

from core2d.models.inception_v4 import InceptionV4, along_axes
from tests.oracles.golden import count, digest, fill, picture, without_gradient


def test_names_shapes_and_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        net = InceptionV4()
    assert (count(net), digest(net.state_dict())) == (42679816, "3802c76b5597c75d")


def test_equals_timm_with_fewer_blocks() -> None:
    net = fill(InceptionV4((1, 1, 2), classes=5))
    assert count(net) == 18026981
    expected = torch.tensor([[0.60311, 0.19738, -1.33271, -1.81024, -1.58079]])
    with torch.no_grad():
        torch.testing.assert_close(net(picture(1, 3, 80, 96)), expected, atol=5e-4, rtol=0)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", 0])
def test_lives_on_any_number_of_axes(axes: int, padding: int | str) -> None:
    net = InceptionV4((1, 1, 1), classes=3, width=1, padding=padding, dropout=0.0, space=axes)
    x = picture(3, 3, *(96, 76, 75)[:axes])
    assert net(x).shape == (3, 3)
    assert not without_gradient(net, x)


def test_kernels_run_along_each_axis_in_turn() -> None:
    assert along_axes(3, 7) == [(7, 1, 1), (1, 7, 1), (1, 1, 7)]
