"""The CIFAR residual networks: known counts, shortcuts without parameters, the plain twin."""

import pytest
import torch

from core2d.errors import InputError
from core2d.models.cifar_resnet import CifarResNet, ZeroPad
from core2d.space import Dense
from tests.oracles.golden import count, digest, picture, without_gradient


@pytest.mark.parametrize(
    ("depth", "parameters"),
    [(20, 269722), (32, 464154), (44, 658586), (56, 853018), (110, 1727962)],
)
def test_counts_are_the_known_ones(depth: int, parameters: int) -> None:
    """Table 6 of the paper says 0.27, 0.46, 0.66, 0.85, 1.7 M."""
    with torch.device("meta"):
        assert count(CifarResNet(depth)) == parameters


def test_plain_twin_has_the_same_weights_and_another_output() -> None:
    net, plain = CifarResNet(8, width=4), CifarResNet(8, width=4, residual=False)
    assert digest(net.state_dict()) == digest(plain.state_dict())
    plain.load_state_dict(net.state_dict())
    x = picture(2, 3, 16, 16)
    assert not torch.allclose(net.eval()(x), plain.eval()(x))


def test_shortcut_takes_every_second_cell_and_adds_zero_channels() -> None:
    x = picture(2, 4, 6, 8)
    y = ZeroPad(Dense(2), 4, 8, 2)(x)
    assert torch.equal(y[:, 2:6], x[:, :, ::2, ::2])
    assert not y[:, :2].any()
    assert not y[:, 6:].any()


def test_blocks_silenced_leave_the_shortcuts() -> None:
    """With every second norm at zero the stages pass the stem through unchanged."""
    net = CifarResNet(14, width=4).eval()
    for stage in (net.layer1, net.layer2, net.layer3):
        for block in stage:
            torch.nn.init.zeros_(block.bn2.weight)
    x = picture(1, 3, 16, 16)
    stem = torch.relu(net.bn1(net.conv1(x)))
    last = net.layer3(net.layer2(net.layer1(stem)))
    assert torch.equal(last[:, 6:10], stem[:, :, ::4, ::4])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lives_on_any_number_of_axes(axes: int) -> None:
    net = CifarResNet(8, classes=3, inputs=2, width=4, space=axes)
    x = picture(3, 2, *(16, 12, 8)[:axes])
    assert net(x).shape == (3, 3)
    assert not without_gradient(net, x)


def test_refuses_a_depth_that_is_not_6n_and_2() -> None:
    with pytest.raises(InputError, match="depth: expected 6n"):
        CifarResNet(18)
