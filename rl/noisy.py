"""Noisy layers: weights with learned noise, so that the network explores by itself.

Fortunato et al. 2018, "Noisy networks for exploration", in the factorised form of section 3.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core2d.errors import expect_number

SMALL = 2**18  # weights up to which making the noisy matrix is the faster way (measured, batch 32)


class NoisyLinear(nn.Module):
    """Features (B, inputs) -> (B, outputs): y = (mu + sigma e) x + (mu_b + sigma_b e_b), eq. 9.

    e_ij = f(e_i) f(e_j), e_b = f(e_i) with f(x) = sign(x) sqrt|x| of standard normal numbers, one
    per output i and one per input j (eq. 10, 11), shared by the batch. They stay as they are
    until `sample_noise`; at the start they are 0. In eval mode there is no noise. Starts as the
    paper says: mu uniform within 1 / sqrt(inputs), sigma everywhere sigma0 / sqrt(inputs).
    """

    noise_in: Tensor
    noise_out: Tensor

    def __init__(self, inputs: int, outputs: int, *, sigma: float = 0.5) -> None:
        super().__init__()
        expect_number("sigma", sigma, low=0)
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))
        self.weight_sigma = nn.Parameter(torch.full((outputs, inputs), sigma * bound))
        self.bias_sigma = nn.Parameter(torch.full((outputs,), sigma * bound))
        self.register_buffer("noise_in", torch.zeros(inputs))
        self.register_buffer("noise_out", torch.zeros(outputs))

    def sample_noise(self, generator: Generator) -> None:
        """New noise, drawn on the generator's device."""
        sample_noise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return F.linear(x, self.weight, self.bias)
        bias = torch.addcmul(self.bias, self.bias_sigma, self.noise_out)
        if self.weight.numel() <= SMALL:
            noise = torch.outer(self.noise_out, self.noise_in)
            return F.linear(x, torch.addcmul(self.weight, self.weight_sigma, noise), bias)
        # (sigma e) x = e_out * (sigma (e_in * x)): a second product costs less than large matrices.
        noise = F.linear(x * self.noise_in, self.weight_sigma)
        return torch.addcmul(F.linear(x, self.weight, bias), noise, self.noise_out)


def sample_noise(network: nn.Module, generator: Generator) -> None:
    """New noise in every noisy layer of a network, from one draw, in the order of its modules."""
    layers = [module for module in network.modules() if isinstance(module, NoisyLinear)]
    noises = [noise for layer in layers for noise in (layer.noise_in, layer.noise_out)]
    if noises:
        count = sum(len(noise) for noise in noises)
        e = torch.randn(count, generator=generator, device=generator.device)
        parts = e.abs().sqrt().copysign(e).to(noises[0]).split([len(noise) for noise in noises])
        for noise, part in zip(noises, parts, strict=True):
            noise.copy_(part)
