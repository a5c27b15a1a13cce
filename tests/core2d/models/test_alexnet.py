"""AlexNet against torchvision 0.28 and the counts of 2012."""

import pytest
import torch
import torch.nn.functional as F

from core2d.models.alexnet import AlexNet, alexnet_2012, response_norm
from tests.oracles.golden import count, digest, fill, picture, without_gradient


def test_names_shapes_and_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        net, paper = AlexNet(), alexnet_2012()
    assert (count(net), digest(net.state_dict())) == (61100840, "935c1ea73a7869ee")
    assert count(paper) == 60965224


def test_equals_torchvision_with_a_small_head() -> None:
    net = fill(AlexNet(classes=5, hidden=32))
    expected = torch.tensor([[-0.12795, -0.67794, 3.57571, -0.12262, -0.07288]])
    with torch.no_grad():
        torch.testing.assert_close(net(picture(1, 3, 127, 230)), expected, atol=2e-4, rtol=0)


def test_first_layer_sees_55_cells_of_224() -> None:
    net = AlexNet(space=1, hidden=8)
    assert net.features["0"](picture(1, 3, 224)).shape == (1, 64, 55)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lives_on_any_number_of_axes(axes: int) -> None:
    net = AlexNet((4, 8, 8, 8, 4), classes=3, groups=2, normalised=True, hidden=16, space=axes)
    x = picture(2, 3, *(63,) * axes)
    assert net(x).shape == (2, 3)
    assert not without_gradient(net, x)


@pytest.mark.parametrize("shape", [(2, 7), (2, 7, 3), (2, 7, 3, 4)])
def test_response_norm_is_the_formula_of_the_paper(shape: tuple[int, ...]) -> None:
    x = picture(*shape) * 50
    expected = torch.empty_like(x)
    for i in range(7):
        near = x[:, max(0, i - 2) : i + 3]
        expected[:, i] = x[:, i] / (2 + 1e-4 * (near**2).sum(1)) ** 0.75
    torch.testing.assert_close(response_norm(x), expected)
    if x.ndim > 2:
        torch.testing.assert_close(response_norm(x), F.local_response_norm(x, 5, 5e-4, 0.75, 2))
