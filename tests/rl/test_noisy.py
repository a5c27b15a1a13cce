"""Noisy layers are the paper's formula, start as it says, and share noise over the batch."""

import numpy as np
import pytest
import torch
from torch import Generator, nn

from core2d.errors import InputError
from rl.noisy import NoisyLinear, sample_noise
from tests.oracles import values_oracle


@pytest.mark.parametrize("small", [0, 2**18])
def test_it_is_equation_9_with_factorised_noise(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.noisy.SMALL", small)
    layer = NoisyLinear(5, 3).double()
    for parameter in layer.parameters():  # no two alike, so that no index can be mistaken
        nn.init.normal_(parameter, generator=Generator().manual_seed(parameter.numel()))
    layer.sample_noise(Generator().manual_seed(4))
    normal = torch.randn(8, generator=Generator().manual_seed(4)).tolist()
    normal_in, normal_out = normal[:5], normal[5:]
    x = torch.randn(4, 5, generator=Generator().manual_seed(5), dtype=torch.float64)
    names = ("weight", "bias", "weight_sigma", "bias_sigma")
    numbers = [getattr(layer, name).detach().numpy() for name in names]
    for row, y in zip(x, layer(x), strict=True):  # the same noise for all rows
        expected = values_oracle.noisy_linear(row.tolist(), *numbers, normal_in, normal_out)
        assert np.allclose(y.detach().numpy(), expected, atol=1e-6)


def test_it_starts_as_published() -> None:
    torch.manual_seed(0)
    layer = NoisyLinear(100, 400)
    assert layer.weight_sigma.unique().tolist() == pytest.approx([0.05])
    assert layer.bias_sigma.unique().tolist() == pytest.approx([0.05])
    assert 0.0999 < float(layer.weight.detach().max()) <= 0.1
    assert float(layer.weight.detach().std()) == pytest.approx(0.1 / 3**0.5, rel=0.02)
    assert NoisyLinear(4, 4, sigma=0.1).weight_sigma.detach()[0, 0].item() == pytest.approx(0.05)


def test_noise_has_the_variance_of_the_formula() -> None:
    """E f(e)^2 = E|e| = sqrt(2 / pi), so var y = sigma^2 (E|e|^2 |x|^2 + E|e|)."""
    layer, dice, x = NoisyLinear(3, 2000, sigma=0.5), Generator().manual_seed(0), torch.ones(1, 3)
    noise = []
    for _ in range(200):
        layer.sample_noise(dice)
        noise.append((layer(x) - nn.functional.linear(x, layer.weight, layer.bias)).detach())
    size = (2 / torch.pi) ** 0.5
    expected = 0.25 / 3 * (size**2 * 3 + size)
    assert float(torch.cat(noise).var()) == pytest.approx(expected, rel=0.1)


def test_noise_stays_until_it_is_drawn_again_and_evaluation_has_none() -> None:
    layer, x = NoisyLinear(4, 2), torch.ones(1, 4)
    layer.sample_noise(Generator().manual_seed(0))
    once = layer(x)
    assert torch.equal(layer(x), once)
    layer.sample_noise(Generator().manual_seed(1))
    assert not torch.equal(layer(x), once)
    layer.eval()
    assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize("small", [0, 2**18])
def test_gradients_reach_all_four_and_are_right(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.noisy.SMALL", small)
    layer = NoisyLinear(3, 2).double()
    layer.sample_noise(Generator().manual_seed(0))
    x = torch.randn(2, 3, generator=Generator().manual_seed(1), dtype=torch.float64)
    names = [name for name, _ in layer.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in layer.parameters()]

    def run(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *values))


def test_sample_noise_fills_all_layers_from_one_generator() -> None:
    net = nn.Sequential(NoisyLinear(3, 3), nn.ReLU(), NoisyLinear(3, 3))
    sample_noise(net, Generator().manual_seed(0))
    noise = [b.clone() for b in net.buffers()]
    assert len({tuple(n.tolist()) for n in noise}) == 4
    sample_noise(net, Generator().manual_seed(0))
    assert all(torch.equal(a, b) for a, b in zip(noise, net.buffers(), strict=True))


def test_wrong_noise_is_named() -> None:
    with pytest.raises(InputError, match="sigma: expected at least 0"):
        NoisyLinear(2, 2, sigma=-0.5)
