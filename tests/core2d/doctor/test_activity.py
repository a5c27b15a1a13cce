import torch
from torch import nn
from torch.nn import functional as F

from core2d.doctor import activity
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.lenet import LeNet
from tests.core2d.doctor.squares import case, loss, network, plain


def test_dead_units_are_counted_as_a_loop_counts_them():
    model = network()
    with torch.no_grad():
        model[1].bias[:3] = -100.0
    found = activity.dead(case(model), model)
    assert found.numbers["0"] == 3 / 8
    assert found.status == "fine"
    with torch.no_grad():
        model[1].bias[:6] = -100.0
    assert activity.dead(case(model), model).status == "alarm"
    assert activity.dead(case(), network()).status == "fine"


def test_dead_units_behind_functions_and_in_token_layers():
    class Tokens(nn.Module):
        """Units are the last axis here: rows of a picture are tokens."""

        def __init__(self) -> None:
            super().__init__()
            self.inner, self.last = nn.Linear(12, 6), nn.Linear(6, 4)

        def forward(self, x):
            return self.last(F.relu(self.inner(x.flatten(1, 2)))).mean(1)

    model = Tokens()
    with torch.no_grad():
        model.inner.bias.copy_(torch.tensor([-100.0] * 4 + [1.0] * 2))
    found = activity.dead(case(model), model)
    assert found.status == "alarm"
    assert abs(found.numbers["inner"] - 4 / 6) < 1e-6


def test_saturation():
    healthy = plain(nn.Tanh())
    assert activity.saturated(case(healthy), healthy).status == "fine"
    flat = plain(nn.Tanh())
    with torch.no_grad():
        flat[1].weight.mul_(200)
    found = activity.saturated(case(flat), flat)
    assert found.status == "alarm"
    ending = nn.Sequential(plain(), nn.Sigmoid())  # a sigmoid as output may be sure
    with torch.no_grad():
        ending[0][-1].bias.fill_(50)
    assert activity.saturated(case(ending), ending).status == "fine"


def deep(activation: type[nn.Module], layers: int = 12, gain: float = 1.0) -> nn.Sequential:
    middle = [m for _ in range(layers) for m in (activation(), nn.Linear(32, 32))]
    model = plain(*middle, activation())
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim > 1:
                nn.init.kaiming_normal_(p)
                p.mul_(gain)
    return model


def test_vanishing_gradients():
    assert activity.gradients(case(deep(nn.Sigmoid))).status == "alarm"
    assert "vanish" in activity.gradients(case(deep(nn.Sigmoid))).said
    assert "vanish" in activity.gradients(case(deep(nn.ReLU, gain=0.1))).said
    assert activity.gradients(case(deep(nn.ReLU))).status == "fine"


def test_exploding_gradients():
    found = activity.gradients(case(deep(nn.ReLU, gain=4.0)))
    assert found.status == "alarm"
    assert "explode" in found.said
    nan = activity.gradients(case(plain(), lambda m, b: (m(b["image"]) * float("nan")).sum()))
    assert nan.status == "alarm"


def test_a_last_layer_that_starts_at_zero_does_not_explode():
    """The head of ViT does; the doctor's first trials found this one falsely accused."""
    model = plain()
    nn.init.zeros_(model[-1].weight)
    assert activity.gradients(case(model)).status == "fine"
    with torch.no_grad():
        model[1].weight.mul_(1e-3)  # small, not zero: still told
    assert activity.gradients(case(model)).numbers.keys() == {"1.weight"}


def test_networks_of_ours_raise_no_alarm():
    for model in (
        CifarResNet(20, width=4, inputs=1),
        LeNet((4, 8, 16, 16), padding="same"),
        network(),
    ):
        ours = case(model)
        assert activity.gradients(ours).status == "fine"
        assert activity.dead(ours, model).status == "fine"


def test_a_network_without_rectifier():
    assert activity.dead(case(plain(nn.Tanh())), plain(nn.Tanh())).status == "fine"


def test_rectifiers_are_those_of_the_graph():
    model = network()
    x = torch.randn(3, 1, 12, 12)
    value = loss(model, {"image": x, "label": torch.tensor([0, 1, 2])})
    ((name, units),) = activity.rectifiers(model, value)
    assert name == "0"
    assert units.shape == (3 * 10 * 10, 8)
