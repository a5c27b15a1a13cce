"""Every check twice: broken in exactly this way it is caught, healthy it is silent."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core2d.doctor import structure
from core2d.doctor.case import right
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.lenet import LeNet
from tests.core2d.doctor.squares import case, network, plain
from tests.core2d.train import clouds


class Hidden(nn.Module):
    """Layers in a plain list: their weights are unknown to the network."""

    def __init__(self, hide: bool, skip: bool = False) -> None:
        super().__init__()
        layers = [nn.Linear(144, 16), nn.Linear(16, 4)]
        self.layers = layers if hide else nn.ModuleList(layers)
        self.skip = nn.Linear(4, 4) if skip else None

    def forward(self, x):
        return self.layers[1](F.relu(self.layers[0](x.flatten(1))))


def test_parameters():
    assert structure.parameters(case(Hidden(hide=False))).status == "fine"
    assert structure.parameters(case()).numbers["parameters"] == 892
    hidden = structure.parameters(case(Hidden(hide=True)))
    assert hidden.status == "alarm"
    assert "(4, 16)" in hidden.said
    idle = structure.parameters(case(Hidden(hide=False, skip=True)))
    assert idle.status == "warning"
    assert "skip.weight" in idle.said


def test_a_loss_without_graph():
    cut = case(loss=lambda m, b: F.cross_entropy(m(b["image"]).detach(), b["label"]))
    assert structure.parameters(cut).status == "alarm"


class Probabilities(nn.Module):
    """A softmax at the end, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = plain()

    def forward(self, x):
        e = self.inner(x).exp()
        return e / e.sum(1, keepdim=True)


def probabilities(m, b):
    """The healthy way with a network that gives probabilities."""
    return F.nll_loss(m(b["image"]).log(), b["label"])


def raw(m, b):
    return F.nll_loss(m(b["image"]), b["label"])


def sure(m, b):
    hot = F.one_hot(b["label"], 4).float()
    return F.binary_cross_entropy_with_logits(m(b["image"]), hot)


@pytest.mark.parametrize(
    ("model", "loss", "status"),
    [
        (plain(), None, "fine"),
        (plain(), sure, "fine"),
        (nn.Sequential(plain(), nn.LogSoftmax(1)), raw, "fine"),
        (nn.Sequential(plain(), nn.Softmax(1)), probabilities, "fine"),
        (nn.Sequential(plain(), nn.LogSoftmax(1)), None, "fine"),  # twice is the same as once
        (nn.Sequential(plain(), nn.Softmax(1)), None, "alarm"),
        (nn.Sequential(plain(), nn.ReLU()), None, "alarm"),
        (nn.Sequential(plain(), nn.Sigmoid()), sure, "alarm"),
        (nn.Sequential(plain(), nn.Softmax(1)), raw, "alarm"),
        (plain(), raw, "alarm"),
        (Probabilities(), probabilities, "fine"),
        (Probabilities(), None, "alarm"),
    ],
)
def test_logits(model, loss, status):
    ours = case(model) if loss is None else case(model, loss)
    assert structure.logits(ours).status == status


def test_logits_of_our_networks_are_right():
    for model in (
        LeNet((4, 4, 8, 8), classes=4, padding="same"),
        CifarResNet(8, width=4, inputs=1),
    ):
        assert structure.logits(case(model)).status == "fine"


def convolutions(bias: bool, norm: bool, last: bool = True) -> nn.Sequential:
    middle = nn.BatchNorm2d(4) if norm else nn.Identity()
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=bias),
        middle,
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(400, 4, bias=last),
    )


def test_biases():
    assert structure.biases(case(convolutions(bias=False, norm=True))).status == "fine"
    assert structure.biases(case(convolutions(bias=True, norm=False))).status == "fine"
    useless = structure.biases(case(convolutions(bias=True, norm=True)))
    assert useless.status == "warning"
    assert useless.said.endswith(": 0")
    bare = structure.biases(case(convolutions(bias=False, norm=False)))
    assert (bare.status, bare.numbers["missing"]) == ("warning", 1)
    last = structure.biases(case(convolutions(bias=True, norm=False, last=False)))
    assert "4 (the last layer)" in last.said
    assert structure.biases(case(CifarResNet(8, width=4, inputs=1))).status == "fine"


def test_a_bias_before_batch_norm_gets_no_gradient():
    """What the check claims, by hand."""
    model = convolutions(bias=True, norm=True)
    F.cross_entropy(model(torch.randn(8, 1, 12, 12)), torch.arange(8) % 4).backward()
    assert float(model[0].bias.grad.abs().max()) < 1e-6 < float(model[0].weight.grad.abs().max())


class Mixed(nn.Module):
    """Flattens with the wrong order of axes, so that examples are mixed."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(144, 4)

    def forward(self, x):
        return self.last(x.permute(1, 2, 3, 0).reshape(len(x), -1))


def test_mixing():
    assert structure.mixing(case()).status == "fine"  # batch norm is in eval mode
    assert structure.mixing(case(Mixed())).status == "alarm"
    frozen = network()
    frozen[1].track_running_stats, frozen[1].running_mean, frozen[1].running_var = False, None, None
    assert structure.mixing(case(frozen)).status == "alarm"


def test_start():
    assert structure.start(case()).status == "fine"
    loud = plain()
    with torch.no_grad():
        loud[-1].weight.mul_(100)
    assert structure.start(case(loud)).status == "warning"
    broken = case(loss=lambda m, b: m(b["image"]).sum() * float("nan"))
    assert structure.start(broken).status == "alarm"


def test_right_is_what_the_oracle_counts():
    scores, label = torch.randn(20, 4), torch.randint(4, (20,))
    hits = sum(int(s.argmax()) == int(y) for s, y in zip(scores, label, strict=True))
    assert right(scores, label) == pytest.approx(hits / 20)


@pytest.mark.parametrize("inside", [False, True])
def test_mixing_of_packed_examples(inside):
    data = clouds.data(clouds.Config(inside=inside))

    def loss(model, batch):
        return clouds.loss(model, batch, 0, torch.Generator())

    healthy = case(clouds.Net(inside), loss=loss, data=data)
    assert structure.mixing(healthy).status == "fine"
    ill = case(clouds.Net(inside, leaking=True), loss=loss, data=data)
    assert structure.mixing(ill).status == "alarm"
