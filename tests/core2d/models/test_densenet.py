"""DenseNet against torchvision 0.28 and the counts of the CIFAR forms."""

import pytest
import torch

from core2d.errors import InputError
from core2d.models.densenet import DenseNet, cifar_densenet, densenet
from tests.oracles.golden import count, digest, fill, picture, without_gradient


@pytest.mark.parametrize(
    ("depth", "parameters", "names"),
    [
        (121, 7978856, "9c659ec278435e95"),
        (161, 28681000, "96e788964c2c431f"),
        (169, 14149480, "03a0accd6e99d8d0"),
        (201, 20013928, "ebf13d018b02ad9d"),
    ],
)
def test_names_shapes_and_counts_are_the_published_ones(
    depth: int, parameters: int, names: str
) -> None:
    with torch.device("meta"):
        net = densenet(depth)
    assert (count(net), digest(net.state_dict())) == (parameters, names)


def test_equals_torchvision() -> None:
    net = fill(densenet(121, classes=5))
    expected = torch.tensor([[-0.13805, -1.29204, 1.29407, 0.94671, 2.37493]])
    with torch.no_grad():
        torch.testing.assert_close(net(picture(1, 3, 80, 96)), expected, atol=5e-4, rtol=0)


@pytest.mark.parametrize(("depth", "parameters"), [(40, 176122), (100, 769162)])
def test_cifar_forms_have_the_known_counts(depth: int, parameters: int) -> None:
    with torch.device("meta"):
        assert count(cifar_densenet(depth)) == parameters


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("small", [True, False])
def test_lives_on_any_number_of_axes(axes: int, small: bool) -> None:
    net = DenseNet((2, 2, 1), classes=3, growth=4, small=small, space=axes)
    x = picture(3, 3, *(32, 16, 16)[:axes])
    strides = [x.shape[2] // y.shape[2] for y in net.stages(x)]
    assert strides == ([1, 2, 4] if small else [4, 8, 16])
    assert net(x).shape == (3, 3)
    assert not without_gradient(net, x)


def test_layers_see_everything_before_them() -> None:
    """Without bottleneck and compression: channels 2k + k per layer, first values untouched."""
    net = DenseNet((3, 1), classes=2, growth=4, bottleneck=0, compression=1.0, small=True)
    x = picture(1, 8, 4, 4)
    y = net.features.denseblock1(x)
    assert y.shape == (1, 8 + 3 * 4, 4, 4)
    assert torch.equal(y[:, :8], x)
    assert net.features.transition1(y).shape == (1, 20, 2, 2)


def test_refuses_what_cannot_be_built() -> None:
    with pytest.raises(InputError, match="depth: expected one of"):
        densenet(120)
    with pytest.raises(InputError, match="depth: expected 6n"):
        cifar_densenet(41)
    with pytest.raises(InputError, match="compression: "):
        DenseNet(compression=0.0)
