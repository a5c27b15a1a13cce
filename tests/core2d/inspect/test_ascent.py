"""On a linear network the climb is known step by step; so is each regulariser."""

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.inspect.ascent import Climb, ascend
from core2d.inspect.watch import Unit
from core2d.models.cifar_resnet import CifarResNet


class Linear(nn.Module):
    """Logits W x + b of the flattened input."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, *shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.weight.flatten(1).T + 0.5


@pytest.mark.parametrize("shape", [(2, 6), (3, 4, 5), (1, 3, 4, 2)])
def test_a_linear_score_with_l2_climbs_to_its_weights(shape):
    """S = w I - lambda |I|^2 from 0: I_t = w / (2 lambda) (1 - (1 - 2 lambda r)^t)."""
    torch.manual_seed(0)
    model, start = Linear(*shape), torch.zeros(2, *shape)
    climb = Climb(steps=7, rate=0.3, l2=0.4, normalised=False)
    got = ascend(model, Unit(1), start, climb)
    want = model.weight[1].detach() / 0.8 * (1 - (1 - 0.24) ** 7)
    torch.testing.assert_close(got, want.expand(2, *shape))
    far = ascend(model, Unit(1), start, Climb(steps=200, rate=0.3, l2=0.4, normalised=False))
    torch.testing.assert_close(far[0], model.weight[1].detach() / 0.8)  # the sign of E20: finite


def test_without_a_penalty_a_step_is_the_weights_scaled_to_the_rate():
    model = Linear(2, 5)
    got = ascend(model, Unit(0), torch.zeros(1, 2, 5), Climb(steps=3, rate=0.1))
    weight = model.weight[0].detach()
    torch.testing.assert_close(got[0], 0.3 * weight / weight.square().mean().sqrt())


def test_the_score_rises_and_the_penalty_keeps_the_image_small():
    torch.manual_seed(2)
    model, start = CifarResNet(8, width=4), 0.01 * torch.randn(1, 3, 16, 16)
    free = ascend(model, Unit(3), start, Climb(steps=20))
    held = ascend(model, Unit(3), start, Climb(steps=20, l2=0.5))
    model.eval()
    assert Unit(3).of(model, free) > Unit(3).of(model, start) + 0.5
    assert held.norm() < free.norm()


def test_a_feature_map_is_raised_too_on_three_axes():
    torch.manual_seed(3)
    model, start = CifarResNet(8, width=4, space=3), 0.01 * torch.randn(1, 3, 8, 8, 8)
    unit = Unit(2, "layer2", "mean")
    image = ascend(model, unit, start, Climb(steps=5, blur=0.5))
    model.eval()
    assert unit.of(model, image) > unit.of(model, start)


def test_examples_of_a_batch_climb_alone():
    torch.manual_seed(4)
    model, start = CifarResNet(8, width=4), torch.randn(3, 3, 8, 8)
    climb = Climb(steps=5, blur=0.5, small=0.1, weak=0.1, l2=0.01)
    whole = ascend(model, Unit(1), start, climb)
    single = torch.cat([ascend(model, Unit(1), row[None], climb) for row in start])
    torch.testing.assert_close(whole, single, rtol=1e-4, atol=1e-5)


def test_clipping_of_values_and_gradients():
    model = Linear(1, 4)
    model.weight.data[0] = torch.tensor([[3.0, -2, 0.5, -0.1]])
    plain = {"steps": 1, "rate": 1.0, "normalised": False}
    start = torch.zeros(1, 1, 4)
    assert ascend(model, Unit(0), start, Climb(clip=1.0, **plain)).flatten().tolist() == [
        1, -1, 0.5, pytest.approx(-0.1),
    ]  # fmt: skip
    got = ascend(model, Unit(0), start, Climb(clip_gradient=0.25, **plain))
    assert got.flatten().tolist() == [0.25, -0.25, 0.25, pytest.approx(-0.1)]


def test_sites_of_small_norm_and_small_contribution_are_dropped():
    """Contribution is value * weight: it ranks sites otherwise than their norm does."""
    model = Linear(1, 4)
    model.weight.data[0] = torch.tensor([[100.0, 1, 1, 1]])
    start = torch.tensor([[[0.1, 1.0, 2.0, 3.0]]])
    plain = {"steps": 1, "rate": 1e-6, "every": 1, "normalised": False}
    small = ascend(model, Unit(0), start, Climb(small=0.25, **plain))
    weak = ascend(model, Unit(0), start, Climb(weak=0.5, **plain))
    torch.testing.assert_close(small, torch.tensor([[[0.0, 1, 2, 3]]]), rtol=0, atol=1e-3)
    torch.testing.assert_close(weak, torch.tensor([[[0.1, 0, 0, 3]]]), rtol=0, atol=1e-3)


def test_the_same_climb_twice_gives_the_same_bits_and_spares_the_model():
    model, start = CifarResNet(8, width=4), torch.ones(1, 3, 8, 8)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    first, second = (ascend(model, Unit(0), start, Climb(steps=3)) for _ in range(2))
    assert torch.equal(first, second)
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert torch.equal(start, torch.ones(1, 3, 8, 8))
    assert not torch.equal(first, start)


def test_what_cannot_be_climbed_is_refused():
    with pytest.raises(InputError, match="rate"):
        Climb(rate=0)
    with pytest.raises(InputError, match="shares below 1"):
        Climb(small=1.0)

    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.square().flatten(1).sum(1, keepdim=True)

    with pytest.raises(InputError, match="became infinite"):
        ascend(Square(), Unit(0), torch.ones(1, 1, 4), Climb(steps=99, rate=9, normalised=False))


def test_a_start_without_a_gradient_is_no_silent_result():
    with pytest.raises(InputError, match="start from noise"):
        ascend(CifarResNet(8, width=2), Unit(0, "layer1"), torch.zeros(1, 3, 8, 8))
