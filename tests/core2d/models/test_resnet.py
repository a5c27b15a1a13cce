"""ResNet against torchvision 0.28: names, shapes, counts and, with equal weights, equal logits."""

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.models.resnet import BasicBlock, Bottleneck, Projection, ResNet, resnet
from core2d.space import Dense
from tests.oracles.golden import count, digest, fill, picture, without_gradient


@pytest.mark.parametrize(
    ("depth", "parameters", "names"),
    [
        (18, 11689512, "5191d63ec3989592"),
        (34, 21797672, "f8de2a1812ef85e4"),
        (50, 25557032, "a87e91cd6bd1f939"),
        (101, 44549160, "dbc3ca74fffafc72"),
        (152, 60192808, "7d486dbdc941506e"),
    ],
)
def test_names_shapes_and_counts_are_the_published_ones(
    depth: int, parameters: int, names: str
) -> None:
    with torch.device("meta"):
        net = resnet(depth)
    assert (count(net), digest(net.state_dict())) == (parameters, names)


@pytest.mark.parametrize(
    ("depth", "dilate", "logits"),
    [
        (18, 0, [81.29094, -107.10587, 35.22482, -33.63792, -2.63901]),
        (50, 0, [9512.84668, 6816.20996, -2395.8584, -10168.15137, -3205.62256]),
        (50, 2, [10219.30469, 7409.84033, -2568.62109, -11107.42871, -3653.24561]),
    ],
)
def test_equals_torchvision(depth: int, dilate: int, logits: list[float]) -> None:
    net = fill(resnet(depth, classes=5, dilate=dilate))
    expected = torch.tensor([logits])
    with torch.no_grad():
        close = 1e-4 * expected.abs().max()
        torch.testing.assert_close(net(picture(1, 3, 80, 96)), expected, atol=close, rtol=0)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("bottleneck", [False, True])
def test_lives_on_any_number_of_axes(axes: int, bottleneck: bool) -> None:
    net = ResNet((1, 1, 1, 2), bottleneck=bottleneck, classes=3, inputs=2, width=4, space=axes)
    x = picture(3, 2, *(64, 32, 32)[:axes])
    assert [y.shape[2] for y in net.stages(x)] == [16, 8, 4, 2]
    assert net(x).shape == (3, 3)
    assert not without_gradient(net, x)


@pytest.mark.parametrize("dilate", [1, 2])
def test_dilated_stages_keep_their_extent(dilate: int) -> None:
    net = ResNet((1, 1, 1, 1), width=4, dilate=dilate)
    strides = [64 // y.shape[2] for y in net.stages(picture(1, 3, 64, 64))]
    assert strides == [4, 8, 16 if dilate == 1 else 8, 16 if dilate == 1 else 8]


def test_blocks_are_the_formula() -> None:
    """relu(norm(conv(...)) + x); norms start as a division by sqrt(1 + eps)."""
    space, x, by = Dense(2), picture(2, 8, 6, 6), (1 + 1e-5) ** -0.5
    basic = BasicBlock(space, 8, 8).eval()
    y = F.relu(F.conv2d(x, basic.conv1.weight, padding=1) * by)
    y = F.conv2d(y, basic.conv2.weight, padding=1) * by
    torch.testing.assert_close(basic(x), F.relu(x + y))
    plain = BasicBlock(space, 8, 8, residual=False).eval()
    plain.load_state_dict(basic.state_dict())
    torch.testing.assert_close(plain(x), F.relu(y))
    shortcut = Projection(space, 8, 12, 2)
    neck = Bottleneck(space, 8, 3, stride=2, shortcut=shortcut).eval()
    y = F.relu(F.conv2d(x, neck.conv1.weight) * by)
    y = F.relu(F.conv2d(y, neck.conv2.weight, stride=2, padding=1) * by)
    y = F.conv2d(y, neck.conv3.weight) * by
    x = F.conv2d(x, shortcut[0].weight, stride=2) * by
    torch.testing.assert_close(neck(picture(2, 8, 6, 6)), F.relu(x + y))


def test_refuses_an_unknown_depth() -> None:
    with pytest.raises(InputError, match="depth: expected one of"):
        resnet(20)
