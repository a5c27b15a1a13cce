import matplotlib
import numpy as np
import pytest
import torch

from geomdl.render.colormap import RAMPS, of_normals, palette, ramp
from geomdl.structures.srgb import to_srgb


@pytest.mark.parametrize("name", RAMPS)
def test_ramps_follow_matplotlib(name):
    values = torch.linspace(0, 1, 200)
    expected = matplotlib.colormaps[name](values.numpy())[:, :3]
    assert np.abs(to_srgb(ramp(values, 0, 1, name)).numpy() - expected).max() < 0.03


def test_ends_and_nan():
    found = ramp(torch.tensor([-9.0, 2.0, 4.0, 99.0, torch.nan]), 2, 4)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[2], found[3])
    assert to_srgb(found[4]).tolist() == pytest.approx([0.5] * 3, abs=1e-5)


def test_labels_are_far_apart():
    colors = to_srgb(palette(torch.arange(-1, 16)))
    apart = torch.cdist(colors, colors) + torch.eye(17) * 9
    assert apart.min() > 0.1
    assert colors.min() >= 0
    assert colors.max() <= 1


def test_normals():
    assert to_srgb(of_normals(torch.tensor([0.0, 0, 1]))).tolist() == pytest.approx(
        [0.5, 0.5, 1], abs=1e-4
    )
