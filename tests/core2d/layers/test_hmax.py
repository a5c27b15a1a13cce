import math

import pytest
import torch

from core2d.errors import InputError
from core2d.layers.hmax import CLayer, SLayer, gabor, imprint, tuned
from core2d.space import Dense
from tests.core2d.listed_space import ListedSpace, dense, listed


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_simple_cells_are_gaussian_in_the_distance_to_their_pattern(axes, sigma):
    x, patterns = randn(2, 2, *(5,) * axes), randn(3, 2, *(3,) * axes, seed=1)
    y = tuned(Dense(axes), x, patterns, sigma)
    padded = torch.nn.functional.pad(x, (1, 1) * axes)
    for place in torch.ones((5,) * axes).nonzero()[::7].tolist():
        window = padded[(slice(None), slice(None), *(slice(p, p + 3) for p in place))]
        distance = (patterns[None] - window[:, None]).flatten(2).square().sum(2)
        torch.testing.assert_close(y[(..., *place)], torch.exp(-distance / (2 * sigma**2)))
    toy = tuned(ListedSpace(axes), listed(x), patterns, sigma)
    torch.testing.assert_close(dense(toy, (5,) * axes), y)


def test_sigma_is_tolerance_not_size():
    """At distance sigma the response is e^-1/2, whatever the size of the window."""
    for size in (1, 3, 5):
        pattern = randn(1, 1, size)
        x = pattern.clone()
        x[0, 0, size // 2] += 0.7
        response = tuned(Dense(1), x, pattern, 0.7)[0, 0, size // 2]
        assert float(response) == pytest.approx(math.exp(-0.5))


def test_an_imprinted_patch_answers_one_where_it_was_cut():
    x = randn(1, 2, 12, 12).float()
    layer = SLayer(2, imprint(x, [(0, 4, 6)], 3), sigma=0.5)
    y = layer(x)
    assert int(y.argmax()) == 5 * 12 + 7  # the middle of the patch
    assert float(y.max()) == pytest.approx(1, abs=1e-4)
    assert "patterns" in layer.state_dict()
    with pytest.raises(InputError, match=r"places: \(0, 11, 6\) leaves the field"):
        imprint(x, [(0, 11, 6)], 3)


def test_complex_cells_forgive_small_shifts_and_sizes():
    pattern = randn(1, 1, 3, 3).float()
    simple, complex_ = SLayer(2, pattern, sigma=1.0), CLayer(2, 4)
    answers = []
    for row, column in ((4, 4), (5, 6), (6, 5)):  # all inside one window of the pool
        x = torch.zeros(1, 1, 12, 12)
        x[0, 0, row - 1 : row + 2, column - 1 : column + 2] = pattern[0, 0]
        y = simple(x)
        answers.append((y, complex_(y)))
    assert not torch.allclose(answers[0][0], answers[1][0])
    best = [float(c[0, 0, 1, 1]) for _, c in answers]
    assert best == pytest.approx([1, 1, 1], abs=1e-4)
    low, high = torch.zeros(1, 1, 4, 4), torch.arange(16.0).view(1, 1, 4, 4)
    assert complex_(low, high, -high).item() == 15  # the largest over scales and places


def test_gabor_cells_prefer_their_orientation():
    cells = [gabor(11, a, wavelength=5.6, sigma=4.5) for a in (0.0, math.pi / 2)]
    for cell in cells:
        assert float(cell.sum()) == pytest.approx(0, abs=1e-5)
        assert float(cell.norm()) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(cells[0].T, cells[1])
    upright = torch.cos(2 * math.pi * (torch.arange(11.0) - 5) / 5.6).expand(11, 11)
    answers = [float((cell * upright).sum()) for cell in cells]
    assert answers[0] > 10 * abs(answers[1])


def test_patterns_of_other_axes_and_no_sigma_are_refused():
    with pytest.raises(InputError, match=r"patterns: expected \(O C \*K\) with 2 axes"):
        SLayer(2, torch.zeros(3, 2, 3))
    with pytest.raises(InputError, match="sigma: expected more than 0"):
        SLayer(1, torch.zeros(3, 2, 3), sigma=0)
