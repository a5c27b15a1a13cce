"""t-SNE part by part against loops in numpy and autograd, then as a whole."""

import math

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.inspect.features import nearest
from core2d.inspect.tsne import Layout, conditional, descent, divergence, joint, student, tsne


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def points(count: int, size: int = 4) -> torch.Tensor:
    return torch.randn(count, size, generator=seeded(), dtype=torch.float64)


@pytest.mark.parametrize("perplexity", [2.0, 5.0, 12.0])
def test_every_row_has_the_perplexity_that_was_asked(perplexity):
    p = conditional(points(40) * 100, perplexity)
    entropy = -torch.special.xlogy(p, p).sum(1)
    torch.testing.assert_close(entropy.exp(), torch.full((40,), perplexity, dtype=p.dtype))
    torch.testing.assert_close(p.sum(1), torch.ones(40, dtype=p.dtype))
    assert not p.diagonal().any()


def test_rows_are_gaussians_of_the_distance():
    """-log p(j | i) is linear in the squared distance, with one slope per row."""
    x = points(15)
    p = conditional(x, 5.0).numpy()
    for i in range(15):
        others = [j for j in range(15) if j != i]
        square = [float(((x[i] - x[j]) ** 2).sum()) for j in others]
        slope, _ = np.polyfit(square, np.log(p[i, others]), 1)
        assert slope < 0
        np.testing.assert_allclose(
            np.diff(np.log(p[i, others])), slope * np.diff(square), rtol=1e-8, atol=1e-10
        )


def test_points_that_coincide_and_outliers_are_no_trouble():
    x = torch.cat([torch.zeros(6, 3), torch.tensor([[1e6, 0, 0]])])
    p = conditional(x, 2.0)
    assert torch.isfinite(p).all()
    torch.testing.assert_close(p[0, 1:6], torch.full((5,), 0.2, dtype=torch.float64))


def test_the_gradient_is_that_of_the_divergence():
    p, y = joint(points(12), 3.0), points(12, 2).requires_grad_()
    (want,) = torch.autograd.grad(divergence(p, y), y)
    torch.testing.assert_close(descent(p, y.detach()), want)


def test_divergence_and_gradient_are_the_sums_of_the_paper():
    p, y = joint(points(7), 2.0), points(7, 2)
    n, weight = range(7), np.zeros((7, 7))
    for i in n:
        for j in n:
            if i != j:
                weight[i, j] = 1 / (1 + float(((y[i] - y[j]) ** 2).sum()))
    q = weight / weight.sum()
    np.testing.assert_allclose(student(y)[1].numpy(), q)
    kl = sum(float(p[i, j]) * math.log(float(p[i, j]) / q[i, j]) for i in n for j in n if i != j)
    assert float(divergence(p, y)) == pytest.approx(kl)
    for i in n:
        slope = sum(4 * float(p[i, j] - q[i, j]) * (y[i] - y[j]).numpy() * weight[i, j] for j in n)
        np.testing.assert_allclose(descent(p, y)[i].numpy(), slope)
    torch.testing.assert_close(p, p.T)
    assert float(p.sum()) == pytest.approx(1)


def test_clusters_of_many_dimensions_stay_together_on_the_plane():
    centres = 10 * torch.randn(4, 20, generator=seeded())
    label = torch.arange(4).repeat_interleave(40)
    x = centres[label] + torch.randn(160, 20, generator=seeded())
    layout = Layout(perplexity=15, steps=300, early=100)
    y = tsne(x, layout, generator=seeded())
    assert y.shape == (160, 2)
    torch.testing.assert_close(y.mean(0), torch.zeros(2), atol=1e-3, rtol=0)
    _, rows = nearest(y, y, 6)
    assert (label[rows[:, 1:]] == label[:, None]).float().mean() > 0.99
    p = joint(x, 15).float()
    assert divergence(p, y) < 0.5 * divergence(p, 1e-4 * torch.randn(160, 2, generator=seeded()))


def test_the_same_seed_gives_the_same_bits():
    x = points(30).float()
    layout = Layout(perplexity=5, steps=20, early=10)
    assert torch.equal(tsne(x, layout, generator=seeded()), tsne(x, layout, generator=seeded()))


def test_a_perplexity_that_the_points_cannot_give_is_refused():
    with pytest.raises(InputError, match=r"perplexity: expected at most .* = 9\.67, got 30"):
        tsne(points(30), generator=seeded())
    with pytest.raises(InputError, match="perplexity"):
        Layout(perplexity=1)
