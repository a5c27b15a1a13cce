"""Gradients against closed forms; DeconvNet against Zeiler's procedure written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core2d.errors import InputError
from core2d.inspect.gradient import deconvnet, gradient, saliency
from core2d.inspect.watch import Unit
from core2d.layers.conv import Conv
from core2d.models.cifar_resnet import CifarResNet
from core2d.space import Dense


class Tower(nn.Module):
    """conv - relu - max pool - conv - relu: what Zeiler and Fergus take apart."""

    def __init__(self) -> None:
        super().__init__()
        self.space = Dense(2)
        self.conv1 = Conv(2, 3, 6)
        self.conv2 = Conv(2, 6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.space.map(F.relu, self.conv1(x))
        x = self.space.pool(x, 2)
        return self.space.map(torch.relu, self.conv2(x))


class Linear(nn.Module):
    """Logits W x of the flattened input."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.weight.T


def by_the_paper(model: Tower, x: torch.Tensor, channel: int) -> torch.Tensor:
    """Keep the one strongest activation; rectify, transpose, unpool by switches, and again."""
    first = F.relu(F.conv2d(x, model.conv1.weight, model.conv1.bias, padding=1))
    pooled, switches = F.max_pool2d(first, 2, return_indices=True)
    second = F.relu(F.conv2d(pooled, model.conv2.weight, model.conv2.bias, padding=1))
    alone = torch.zeros_like(second)
    place = second[0, channel].argmax()
    alone[0, channel].view(-1)[place] = 1
    back = F.conv_transpose2d(F.relu(alone), model.conv2.weight, padding=1)
    back = F.max_unpool2d(back, switches, 2)
    return F.conv_transpose2d(F.relu(back), model.conv1.weight, padding=1)


@pytest.mark.parametrize("channel", range(4))
def test_deconvnet_is_the_procedure_of_the_paper(channel):
    torch.manual_seed(channel)
    model, x = Tower(), torch.randn(1, 3, 12, 12)
    with torch.no_grad():
        want = by_the_paper(model, x, channel)
    got = deconvnet(model, x, channel, "")
    torch.testing.assert_close(got, want)
    assert got.abs().sum() > 0
    plain = gradient(model, x, Unit(channel, "", "max"))
    assert not torch.allclose(got, plain)  # the rectifiers make a difference


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_deconvnet_of_one_linear_filter_is_its_transpose(axes):
    torch.manual_seed(0)
    model, x = Conv(axes, 2, 3, 3), torch.randn(1, 2, *(9,) * axes)
    response = model(x)[0, 1]
    place = [int(p) for p in torch.unravel_index(response.argmax(), response.shape)]
    want = torch.zeros(1, 2, *(11,) * axes)  # one cell of border, cut off below
    want[(0, slice(None), *(slice(p, p + 3) for p in place))] = model.weight[1].detach()
    inner = (slice(None), slice(None), *(slice(1, 10),) * axes)
    torch.testing.assert_close(deconvnet(model, x, 1, ""), want[inner])


def test_guided_passes_where_both_signs_are_positive():
    """x -> relu(x) * w: the gradient is w where x > 0, DeconvNet max(w, 0), guided both."""

    class Weighted(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (F.relu(x) * torch.tensor([2.0, -3, 5, -7])).flatten(1).sum(1, keepdim=True)

    x = torch.tensor([[[1.0, 1, -1, -1]]])
    answers = {"gradient": [2, -3, 0, 0], "deconvnet": [2, 0, 5, 0], "guided": [2, 0, 0, 0]}
    for rule, want in answers.items():
        assert gradient(Weighted(), x, Unit(0), rule).flatten().tolist() == want, rule


@pytest.mark.parametrize("relu", [nn.ReLU(), nn.ReLU(inplace=True)])
def test_every_rectifier_of_torch_follows_the_rule(relu):
    model = nn.Sequential(nn.Identity(), relu, nn.Flatten(1), nn.Linear(4, 1, bias=False))
    model[3].weight.data = torch.tensor([[2.0, -3, 5, -7]])
    x = torch.tensor([[[1.0, 1, -1, -1]]])
    assert gradient(model, x, Unit(0), "deconvnet").flatten().tolist() == [2, 0, 5, 0]
    assert torch.equal(x, torch.tensor([[[1.0, 1, -1, -1]]]))


def test_saliency_of_a_linear_network_is_its_weights():
    weight = torch.randn(3, 2 * 4 * 5)
    x = torch.randn(2, 2, 4, 5)
    want = weight[1].view(2, 4, 5).abs().amax(0)
    got = saliency(Linear(weight), x, 1)
    assert got.shape == (2, 1, 4, 5)
    torch.testing.assert_close(got, want.expand(2, 1, 4, 5))


def test_examples_of_a_batch_do_not_mix_and_the_model_stays_as_it_was():
    torch.manual_seed(1)
    model, x = CifarResNet(8, width=4), torch.randn(3, 3, 8, 8)
    whole = deconvnet(model, x, 2, "layer2")
    single = torch.cat([deconvnet(model, row[None], 2, "layer2") for row in x])
    torch.testing.assert_close(whole, single)
    assert model.training
    assert all(w.requires_grad and w.grad is None for w in model.parameters())


def test_an_unknown_rule_is_refused():
    with pytest.raises(InputError, match="did you mean 'guided'"):
        gradient(Tower(), torch.zeros(1, 3, 8, 8), Unit(0), "guidet")
