import pytest
import torch
import torch.nn.functional as F

from core2d.layers.pool import Pool
from core2d.space import Dense


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_a_pooling_module_is_the_pooling_of_its_space(kind):
    x = torch.randn(2, 3, 10, 8)  # where ceil differs from floor
    theirs = F.max_pool2d if kind == "max" else F.avg_pool2d
    torch.testing.assert_close(Pool(2, 2, kind=kind)(x), theirs(x, 2))
    ours = Pool(2, 3, 2, kind=kind, padding=0, ceil=True)(x)
    torch.testing.assert_close(ours, theirs(x, 3, 2, ceil_mode=True))


def test_gradients_of_a_mean_are_shared_and_of_a_maximum_are_not():
    x = torch.arange(4.0).view(1, 1, 4).requires_grad_()
    (mean,) = torch.autograd.grad(Pool(1, 2, kind="mean")(x).sum(), x)
    assert mean.flatten().tolist() == [0.5] * 4
    (largest,) = torch.autograd.grad(Pool(1, 2)(x).sum(), x)
    assert largest.flatten().tolist() == [0, 1, 0, 1]


def test_pooling_over_everything_is_invariant_and_over_windows_nearly_so():
    """Invariant: T(f(u)) = T(u) for a shift f; a window forgives shifts that stay inside it."""
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, 2, 2] = 1
    inside, outside = x.roll((1, 1), (2, 3)), x.roll((2, 0), (2, 3))
    for kind in ("max", "mean"):
        assert torch.equal(Dense(2).reduce(x, kind), Dense(2).reduce(outside, kind))
    assert torch.equal(Pool(2, 2)(x), Pool(2, 2)(inside))
    assert not torch.equal(Pool(2, 2)(x), Pool(2, 2)(outside))
