"""GoogLeNet against torchvision 0.28; that its heads matter, and that it learns."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core2d.errors import InputError
from core2d.models.googlenet import GoogLeNet, Heads, heads_loss
from tests.oracles.golden import count, digest, fill, picture, uniform, without_gradient

LOGITS = [6.41661, -5.97686, 4.33065, 14.69494, -3.34511]
HEADS = [
    [0.49707, 0.21393, 0.18061],
    [0.71803, 0.02257, -0.71381],
    [-1.22742, -0.50475, -0.31361],
]


def without_dropout(net: nn.Module) -> nn.Module:
    for part in net.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return net


def small(axes: int = 2, *, aux: bool = True, ceil: bool = True) -> GoogLeNet:
    return GoogLeNet(classes=4, width=8, small=True, aux=aux, ceil=ceil, space=axes)


def test_names_shapes_and_counts_are_the_published_ones() -> None:
    with torch.device("meta"):
        net, bare = GoogLeNet(), GoogLeNet(aux=False)
    assert (count(net), digest(net.state_dict())) == (13004888, "de3745733576b3b1")
    assert count(bare) == 6624904


def test_equals_torchvision() -> None:
    net = fill(GoogLeNet(classes=5))
    with torch.no_grad():
        torch.testing.assert_close(
            net(picture(1, 3, 80, 96)), torch.tensor([LOGITS]), atol=1e-3, rtol=0
        )


def test_heads_equal_torchvision_in_training() -> None:
    net = without_dropout(fill(GoogLeNet(classes=3)).train())
    with torch.no_grad():
        heads = net(picture(2, 3, 80, 96))
    assert isinstance(heads, Heads)
    for head, expected in zip(heads, HEADS, strict=True):
        torch.testing.assert_close(head[0], torch.tensor(expected), atol=1e-3, rtol=0)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lives_on_any_number_of_axes(axes: int) -> None:
    x = picture(4, 3, *(16,) * axes)
    net = without_dropout(small(axes, ceil=False))
    assert not without_gradient(net, x)
    assert net.eval()(x).shape == (4, 4)


def test_pooling_windows_differ_with_ceil_but_not_the_extents() -> None:
    x = picture(1, 3, 64, 64)
    hanging, centred = fill(small()), fill(small(ceil=False))
    assert not torch.allclose(hanging(x), centred(x))
    wide = fill(GoogLeNet(classes=4, width=8, aux=False))
    assert wide._pooled(x, 3).shape == fill(small(ceil=False))._pooled(x, 3).shape


def test_loss_weighs_the_auxiliary_heads_by_0_3() -> None:
    heads = Heads(*(uniform(n, (5, 4)) for n in "abc"))
    label = torch.tensor([0, 3, 1, 1, 2])
    one, two, three = (
        -(h.exp() / h.exp().sum(1, keepdim=True)).log()[range(5), label].mean() for h in heads
    )
    torch.testing.assert_close(heads_loss(heads, label), one + 0.3 * two + 0.3 * three)
    torch.testing.assert_close(heads_loss(heads.logits, label), one)


def test_auxiliary_heads_bring_gradient_to_early_layers() -> None:
    """With the last classifier silenced, what reaches the stem came through the heads."""
    x, label = picture(4, 3, 16, 16), torch.arange(4)
    for aux, reaches in ((True, True), (False, False)):
        net = small(aux=aux).train()
        nn.init.zeros_(net.fc.weight)
        heads_loss(net(x), label).backward()
        assert bool(net.conv1.conv.weight.grad.abs().sum() > 0) is reaches


def test_gradient_agrees_with_finite_differences() -> None:
    net = without_dropout(fill(small()).double().train())
    x, label = picture(3, 3, 16, 16).double(), torch.tensor([0, 1, 3])
    direction = {
        n: uniform("d" + n, tuple(p.shape)).double() - 0.5 for n, p in net.named_parameters()
    }

    def loss_at(step: float) -> torch.Tensor:
        moved = {n: p + step * direction[n] for n, p in net.named_parameters()}
        return heads_loss(torch.func.functional_call(net, moved, (x,)), label)

    heads_loss(net(x), label).backward()
    slope = sum((p.grad * direction[n]).sum() for n, p in net.named_parameters())
    with torch.no_grad():
        measured = (loss_at(1e-7) - loss_at(-1e-7)) / 2e-7
    torch.testing.assert_close(measured, slope.detach(), rtol=1e-4, atol=0)


def test_overfits_a_handful() -> None:
    torch.manual_seed(0)
    net = without_dropout(small())
    x, label = torch.randn(8, 3, 16, 16), torch.arange(8) % 4
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(25):
        optimiser.zero_grad()
        loss = heads_loss(net(x), label)
        loss.backward()
        optimiser.step()
    net.train()
    assert F.cross_entropy(net(x).logits, label) < 0.05


def test_auxiliary_heads_need_enough_input_axes() -> None:
    with pytest.raises(InputError, match="expected a tensor"):
        small(3)(picture(1, 3, 16, 16))
