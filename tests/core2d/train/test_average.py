"""The moving average against a loop in numpy."""

import numpy as np
import torch

from core2d.layers.norm import BatchNorm
from core2d.train.average import Average


def test_follows_as_the_formula_says() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    average, expected = Average(model, 0.9), model.weight.detach().numpy().copy()
    for step in range(1, 200):
        with torch.no_grad():
            model.weight.copy_(torch.tensor([[float(step), 1.0]]))
        average.update(model, step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * np.array([[step, 1.0]])
    np.testing.assert_allclose(average.model.weight.detach().numpy(), expected, rtol=1e-4)


def test_running_statistics_are_averaged_and_counters_copied() -> None:
    model = BatchNorm(1, 3)
    average = Average(model, 0.5)
    for step in range(1, 20):
        model(3 + torch.randn(8, 3, 16))
        average.update(model, step)
    assert int(average.model.num_batches_tracked) == 19  # type: ignore[arg-type]
    assert bool((average.model.running_mean > 1).all())  # type: ignore[operator]
    assert not any(p.requires_grad for p in average.model.parameters())


def test_the_model_itself_is_left_alone() -> None:
    model = torch.nn.Linear(2, 2)
    before = model.weight.clone()
    Average(model, 0.9).update(model, 1)
    assert torch.equal(model.weight, before)
    assert model.weight.requires_grad
