"""DeepLabV3 against torchvision 0.28: names, shapes, counts and, with equal weights, outputs."""

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.models.deeplabv3 import ASPP, DeepLabV3, Scores, deeplabv3, scores_loss
from core2d.models.resnet import ResNet
from core2d.space import Dense
from tests.oracles.golden import count, digest, fill, picture, uniform, without_gradient

SHAPES = {1: (65,), 2: (40, 49), 3: (24, 16, 17)}


def small(space: int = 2, aux: bool = True) -> DeepLabV3:
    backbone = ResNet((1, 1, 1, 1), width=8, inputs=3, dilate=2, space=space)
    return DeepLabV3(backbone, classes=3, channels=8, rates=(1, 2, 3), aux=aux)


@pytest.mark.parametrize(
    ("depth", "aux", "parameters", "names"),
    [
        (50, False, 39_638_869, "c9ae1f13acba02d5"),
        (50, True, 42_004_074, "52394066aeb32367"),
        (101, False, 58_630_997, "91387bdbe47b0ac2"),
        (101, True, 60_996_202, "7d712749fb30c3c2"),
    ],
)
def test_names_shapes_and_counts_are_the_published_ones(
    depth: int, aux: bool, parameters: int, names: str
) -> None:
    with torch.device("meta"):
        net = deeplabv3(depth, aux=aux)
    assert (count(net), digest(net.state_dict())) == (parameters, names)


def test_equals_torchvision() -> None:
    net = fill(deeplabv3(50))
    x = picture(1, 3, 33, 49)
    with torch.no_grad():
        y = net(x)
        net.training = True  # both heads, with the norms and dropouts still in evaluation
        scores = net(x)
    expected = torch.tensor([-262.43646, 1306.46631, -308.32568])
    torch.testing.assert_close(y[0, :3, 16, 24], expected, rtol=1e-4, atol=1e-2)
    assert y.abs().mean().item() == pytest.approx(1257.107, rel=1e-4)
    aux = torch.tensor([1372.08337, -1756.32349, -2283.53149])
    torch.testing.assert_close(scores.aux[0, :3, 16, 24], aux, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(scores.logits, y)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lives_on_any_number_of_axes(axes: int) -> None:
    net, x = fill(small(axes)), uniform("x", (2, 3, *SHAPES[axes]))
    assert net(x).shape == (2, 3, *SHAPES[axes])
    assert without_gradient(net, x) == []
    scores = net.train()(x)
    assert isinstance(scores, Scores)
    assert scores.aux.shape == scores.logits.shape
    assert isinstance(small(axes, aux=False).train()(x), torch.Tensor)


def test_the_pyramid_sees_at_its_rates_and_everywhere() -> None:
    """One bright cell: the branch of rate r answers at distance r, the mean answers everywhere."""
    aspp = fill(ASPP(Dense(1), 1, 1, (2, 5)))
    x = torch.zeros(1, 1, 15)
    y = x.clone()
    y[..., 7] = 1
    for branch, distances in zip(aspp.convs, ((0,), (0, 2), (0, 5), ()), strict=True):
        with torch.no_grad():
            for part in branch.modules():  # so that nothing is rectified away
                if hasattr(part, "running_mean"):
                    part.bias.fill_(50)
        moved = (branch(y) - branch(x)).abs().view(-1) > 1e-6
        if not distances:
            assert moved.all()
            continue
        assert {abs(at - 7) for at in moved.nonzero().view(-1).tolist()} == set(distances)


def test_loss_skips_what_is_void() -> None:
    label = torch.tensor([[[0, 255], [255, 1]]])
    logits, aux = uniform("a", (1, 2, 2, 2)), uniform("b", (1, 2, 2, 2))
    plain = [-F.log_softmax(v, 1)[0, k, k, k] for v in (logits, aux) for k in (0, 1)]
    expected = (plain[0] + plain[1]) / 2 + 0.5 * (plain[2] + plain[3]) / 2
    torch.testing.assert_close(scores_loss(Scores(logits, aux), label), expected)
    torch.testing.assert_close(scores_loss(logits, label), (plain[0] + plain[1]) / 2)
    void = torch.full_like(label, 255)
    assert float(scores_loss(Scores(logits, aux), void)) == 0  # not 0 / 0


def test_refuses_other_channels() -> None:
    with pytest.raises(InputError, match="channels"):
        small()(torch.zeros(1, 1, 32, 32))
