"""FCN against its figure, written out; its upsampling against interpolation; its classifier."""

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.models.fcn import FCN, ScoreUp
from core2d.models.vgg import DEPTHS, VGG
from core2d.space import Dense
from tests.oracles import segmentation_oracle as oracle
from tests.oracles.golden import count, fill, uniform, without_gradient

SHAPES = {1: (64,), 2: (64, 96), 3: (32, 32, 64)}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@pytest.mark.parametrize(
    ("stride", "numbers"), [(32, 136_152_917), (16, 134_815_994), (8, 134_489_759)]
)
def test_published_size(stride: int, numbers: int) -> None:
    """VGG-16 without its last layer (134,260,544), scores, and kernels of 4 and twice the stride"""
    with torch.device("meta"):
        net = FCN(classes=21, stride=stride)
    ups = 21 * 21 * (16 * {32: 0, 16: 1, 8: 2}[stride] + (2 * stride) ** 2)
    scores = 21 * (4097 + {32: 0, 16: 513, 8: 513 + 257}[stride])
    assert count(net) == numbers == 134_260_544 + scores + ups


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("stride", [32, 16, 8])
def test_equals_the_figure(axes: int, stride: int) -> None:
    net = FCN(classes=3, inputs=2, stride=stride, width=2, hidden=6, space=axes)
    last = net.last.weight.detach().clone()
    net = fill(net).double()
    x = uniform("x", (1, 2, *SHAPES[axes])).double()
    torch.testing.assert_close(net(x), oracle.fcn(net.state_dict(), x, stride=stride))
    assert not net.last.weight.requires_grad  # stays bilinear
    assert last.sum().item() == pytest.approx(3 * stride**axes)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("scale", [2, 4, 8])
def test_starts_as_linear_interpolation(axes: int, scale: int) -> None:
    x = uniform("x", (2, 3, *(5, 4, 6)[:axes]))
    like = torch.zeros(1, 1, *(scale * n for n in x.shape[2:]))
    inner = tuple([slice(None)] * 2 + [slice(scale, -scale)] * axes)  # beyond, zeros flow in
    y = ScoreUp(Dense(axes), 3, scale)(x, like)
    expected = F.interpolate(x, scale_factor=scale, mode=LINEAR[axes], align_corners=False)
    torch.testing.assert_close(y[inner], expected[inner])


def test_slides_the_classifier() -> None:
    """On 7x7 sites the middle one sees them all, as the fully connected layers did."""
    vgg = fill(VGG(DEPTHS[16], width=2, hidden=12, classes=5))
    net = FCN(classes=5, width=2, hidden=12).eval()
    net.adopt(vgg)
    x = uniform("x", (2, 3, 224, 224))
    hidden = vgg.classifier[:6](vgg.stages(x)[-1].flatten(1))
    torch.testing.assert_close(net.features(net.encoder.stages(x)[-1])[..., 3, 3], hidden)


def test_adopt_refuses_other_sizes_and_changes_nothing() -> None:
    net = FCN(classes=5, width=2, hidden=12)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    for other in (VGG(DEPTHS[16], width=2, hidden=8), VGG(DEPTHS[16], width=2, hidden=0)):
        with pytest.raises(InputError, match=r"classifier\.0"):
            net.adopt(other)
    assert all(bool((v == before[k]).all()) for k, v in net.state_dict().items())


def test_scores_start_at_zero_and_every_weight_learns() -> None:
    net = FCN(classes=2, width=4, hidden=8, norm=True, dropout=0.0)
    x = uniform("x", (2, 3, 70, 91))
    assert net(x).shape == (2, 2, 70, 91)
    assert not net(x).any()
    assert without_gradient(fill(net), x) == ["last.weight"]


def test_dropout_only_while_training() -> None:
    net, x = fill(FCN(classes=2, width=2, hidden=16)), uniform("x", (1, 3, 64, 64))
    torch.testing.assert_close(net(x), net(x), rtol=0, atol=0)
    net.train()
    assert (net(x) - net(x)).abs().max() > 0


def test_refuses_another_stride() -> None:
    with pytest.raises(InputError, match="32, 16 or 8"):
        FCN(classes=2, stride=4)
