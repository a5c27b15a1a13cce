"""The optimisers asked for, and their rates."""

from typing import Any

import pytest
import torch

from core2d.errors import InputError
from core2d.train.optimise import optimiser, set_rate
from core2d.train.settings import Train


def moved(train: Train) -> float:
    """How far a parameter 1 with gradient 2 goes in one step."""
    parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    parameter.grad = torch.full((1,), 2.0, dtype=torch.float64)
    optimiser(train, [parameter]).step()
    return 1 - float(parameter.detach())


def test_first_steps_as_the_rules_say() -> None:
    assert moved(Train(optimiser="sgd", rate=0.1)) == pytest.approx(0.2)
    assert moved(Train(optimiser="sgd", rate=0.1, nesterov=True)) == pytest.approx(0.1 * 2 * 1.9)
    assert moved(Train(optimiser="sgd", rate=0.1, decay=0.5)) == pytest.approx(0.25)
    assert moved(Train(optimiser="adam", rate=0.1)) == pytest.approx(0.1)
    # Decoupled decay shrinks the weight itself: 0.1 x 0.5 x 1 on top of the step.
    assert moved(Train(optimiser="adamw", rate=0.1, decay=0.5)) == pytest.approx(0.15)
    assert moved(Train(optimiser="adam", rate=0.1, decay=0.5)) == pytest.approx(0.1)
    # Mean square 0.01 x 4: the step is 0.1 x 2 / 0.2.
    assert moved(Train(optimiser="rmsprop", rate=0.1)) == pytest.approx(1.0)


def test_rates_are_factors_of_each_groups_first() -> None:
    a, b = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    one = torch.optim.SGD([{"params": [a], "lr": 0.1}, {"params": [b], "lr": 0.01}])
    assert set_rate([one], 0.5) == pytest.approx(0.05)
    assert set_rate([one], 0.1) == pytest.approx(0.01)
    assert one.param_groups[1]["lr"] == pytest.approx(0.001)


@pytest.mark.parametrize("kind", ["sgd", "rmsprop", "adam", "adamw"])
def test_decay_may_leave_out_biases_and_norms(kind: Any) -> None:
    for decay_all in (True, False):
        model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
        before = {name: value.clone().fill_(1.0) for name, value in model.state_dict().items()}
        model.load_state_dict(before)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        train = Train(optimiser=kind, rate=0.1, decay=0.5, decay_all=decay_all)
        optimiser(train, model.parameters()).step()
        shrunk = {name for name, value in model.state_dict().items() if (value < 1).all()}
        assert shrunk == (before.keys() if decay_all else {"0.weight"})


def test_a_model_without_parameters_is_refused() -> None:
    with pytest.raises(InputError, match="no parameters"):
        optimiser(Train(), torch.nn.ReLU().parameters())
