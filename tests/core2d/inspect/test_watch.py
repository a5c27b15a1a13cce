"""Layers by name, units as numbers, models left as they were."""

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.inspect.watch import Unit, frozen, layer_of, outputs, run_to, space_of, summary, trace
from core2d.models.cifar_resnet import CifarResNet
from core2d.space import Dense


class Counting(nn.Module):
    """Two layers; the second must not run when only the first is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.unused = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(1, 1)
        self.runs = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        self.runs += 1
        return self.second(x)


def test_a_layer_gives_what_it_computed_and_the_rest_does_not_run():
    model, x = Counting(), torch.randn(5, 3)
    assert torch.equal(run_to(model, x, "first"), model.first(x))
    assert model.runs == 0
    assert torch.equal(run_to(model, x), model(x))
    assert not model.first._forward_hooks  # nothing stays behind
    assert not model._forward_hooks


def test_wrong_layers_are_named():
    model = CifarResNet(8)
    with pytest.raises(InputError, match=r"no 'layer1\.0\.conv3'.*layer1\.0\.conv"):
        layer_of(model, "layer1.0.conv3")
    with pytest.raises(InputError, match="does not run"):
        run_to(Counting(), torch.randn(5, 3), "unused")


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_unit_is_one_number_per_example(axes):
    model = CifarResNet(8, width=4, space=axes).eval()
    x = torch.randn(2, 3, *(8,) * axes)
    field = run_to(model, x, "layer2")
    assert field.ndim == axes + 2
    assert torch.equal(Unit(5, "layer2", "max").of(model, x), field.flatten(2).amax(2)[:, 5])
    torch.testing.assert_close(Unit(5, "layer2").of(model, x), field.flatten(2).mean(2)[:, 5])
    assert torch.equal(Unit(7).of(model, x), model(x)[:, 7])
    with pytest.raises(InputError, match="index: layer2 has 8 channels, got 8"):
        Unit(8, "layer2").of(model, x)


def test_tokens_are_summed_up_over_their_length_and_tuples_refused():
    tokens = torch.randn(2, 7, 5)  # (B, L, C)
    assert torch.equal(summary(Dense(2), tokens, "max"), tokens.amax(1))
    assert torch.equal(summary(Dense(1), tokens, "max"), tokens.amax(2))  # a field (B, C, S)
    with pytest.raises(InputError, match="one field or tensor"):
        summary(Dense(2), (tokens, tokens))


def test_frozen_gives_the_model_back_as_it_was():
    model = CifarResNet(8)
    model.layer1.eval()
    model.conv1.weight.requires_grad_(False)
    modes = [part.training for part in model.modules()]
    with frozen(model):
        assert not any(part.training for part in model.modules())
        assert not any(weight.requires_grad for weight in model.parameters())
    assert [part.training for part in model.modules()] == modes
    assert [n for n, w in model.named_parameters() if not w.requires_grad] == ["conv1.weight"]


def test_outputs_do_not_touch_running_statistics():
    model = CifarResNet(8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    outputs(model, torch.randn(2, 3, 8, 8) + 3, "layer3")
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_space_comes_from_the_layers_or_the_input():
    assert space_of(CifarResNet(8, space=3), None) == Dense(3)
    assert space_of(nn.Linear(3, 3), torch.zeros(1, 2, 3, 4)) == Dense(2)
    with pytest.raises(InputError, match="has a space"):
        space_of(nn.Linear(3, 3), torch.zeros(1, 2))


def test_the_trace_tells_what_ran_in_which_order():
    ran = trace(Counting(), torch.randn(5, 3))
    assert [(r.name, r.kind, r.shape) for r in ran] == [
        ("first", "Linear", (5, 4)),
        ("second", "Linear", (5, 2)),
        ("", "Counting", (5, 2)),
    ]
