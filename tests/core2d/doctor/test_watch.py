import torch
from torch import nn

from core2d.doctor.watch import watching


def one_weight() -> tuple[nn.Linear, torch.optim.SGD]:
    model = nn.Linear(1, 1, bias=False)
    return model, torch.optim.SGD(model.parameters(), 0.1)


def test_an_ordinary_loop():
    model, optimiser = one_weight()
    with watching(model) as seen:
        for _ in range(3):
            optimiser.zero_grad()
            model(torch.ones(1, 1)).sum().backward()
            optimiser.step()
    assert (seen.backwards, seen.steps, seen.forwards) == (3, 3, [(True, True)] * 3)
    assert (seen.stale, seen.empty, seen.late, seen.strangers) == (set(), 0, 0, 0)
    assert seen.moved == {"weight"}


def test_gradients_of_two_parts_may_be_added_before_a_step():
    model, optimiser = one_weight()
    with watching(model) as seen:
        for _ in range(2):
            for _ in range(2):
                model(torch.ones(1, 1)).sum().backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)
    assert seen.stale == set()
    assert seen.steps == 2


def test_gradients_that_a_step_has_used_may_not_be_added_to():
    model, optimiser = one_weight()
    with watching(model) as seen:
        for _ in range(2):
            model(torch.ones(1, 1)).sum().backward()
            optimiser.step()
    assert seen.stale == {"weight"}


def test_after_the_block_nothing_is_watched():
    model, optimiser = one_weight()
    with watching(model) as seen:
        pass
    model(torch.ones(1, 1)).sum().backward()
    optimiser.step()
    assert (seen.steps, seen.backwards, seen.forwards) == (0, 0, [])


def test_modes_and_recording_are_told():
    model, _ = one_weight()
    with watching(model) as seen, torch.no_grad():
        model.eval()(torch.ones(1, 1))
    assert seen.forwards == [(False, False)]
