"""sRGB and linear light: known values, inverse of each other, and every byte survives."""

import pytest
import torch

from geomdl.structures.srgb import from_srgb, to_srgb


def test_known_values() -> None:
    # IEC 61966-2-1: middle grey of 0.5 sRGB is 21.4 % of the light
    assert to_srgb(torch.tensor(0.214041)).item() == pytest.approx(0.5, abs=1e-4)
    assert from_srgb(torch.tensor(0.04)).item() == pytest.approx(0.04 / 12.92)
    assert to_srgb(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([0.0, 1.0])


def test_every_byte_survives_the_round_trip() -> None:
    levels = torch.arange(256, dtype=torch.float32)
    assert torch.equal((to_srgb(from_srgb(levels / 255)) * 255).round(), levels)


def test_out_of_range_is_cut_and_gradients_are_finite() -> None:
    assert from_srgb(torch.tensor([-1.0, 2.0])).tolist() == [0.0, 1.0]
    x = torch.tensor([0.0, 0.001, 0.5, 1.0], requires_grad=True)
    to_srgb(x).sum().backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())
