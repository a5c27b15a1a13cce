"""Every example once per epoch, the same for every cut of the batch."""

import pytest
import torch

from core2d.errors import InputError
from core2d.train.order import Order, seed_of, seeded


@pytest.mark.parametrize(("count", "batch"), [(10, 4), (7, 7), (23, 5), (64, 1)])
def test_every_example_comes_once_per_epoch(count: int, batch: int) -> None:
    order = Order(count, batch, seed=3)
    epochs = batch  # after which steps and epochs end together
    stream = torch.cat([order.indices(step) for step in range(order.steps(epochs))])
    assert len(stream) == epochs * count
    for epoch in stream.view(epochs, count):
        assert torch.equal(epoch.sort().values, torch.arange(count))
    if count > 7 and epochs > 1:
        assert not torch.equal(stream[:count], stream[count : 2 * count])


def test_any_step_is_known_without_those_before() -> None:
    order, again = Order(50, 8, seed=1), Order(50, 8, seed=1)
    forwards = [order.indices(step) for step in range(40)]
    for step in (39, 0, 20, 7):
        assert torch.equal(again.indices(step), forwards[step])
    assert not torch.equal(Order(50, 8, seed=2).indices(0), forwards[0])


def test_parts_make_up_the_batch() -> None:
    whole, cut = Order(30, 12, seed=0), Order(30, 12, seed=0, parts=4)
    for step in range(6):
        parts = torch.cat([cut.indices(step, part) for part in range(4)])
        assert torch.equal(parts, whole.indices(step))
    assert cut.seed_at(3, 0, "batch") == whole.seed_at(3, 0, "batch")


def test_epochs_end_where_the_last_example_was_seen() -> None:
    order = Order(10, 4, seed=0)
    assert [step for step in range(1, 11) if order.ends_epoch(step)] == [3, 5, 8, 10]
    assert order.steps(2) == 5
    assert order.steps(0.5) == 2
    assert order.steps(1e-9) == 1
    assert order.epoch(5) == 2


def test_batches_larger_than_the_set_are_the_set() -> None:
    order = Order(3, 128, seed=0)
    assert order.indices(5).sort().values.tolist() == [0, 1, 2]
    assert order.steps(7) == 7


def test_refusals() -> None:
    with pytest.raises(InputError, match="multiple of devices x accumulate = 3, got 8"):
        Order(100, 8, seed=0, parts=3)
    with pytest.raises(InputError, match="the training set has 5 examples"):
        Order(5, 8, seed=0, parts=2)
    with pytest.raises(InputError, match="empty"):
        Order(0, 8, seed=0)


def test_seeds_are_fixed_forever_and_differ() -> None:
    assert seed_of(0, "batch", 1, 2) == 7396946786952980262
    seeds = {seed_of(seed, step, part) for seed in range(9) for step in range(9) for part in (0, 1)}
    assert len(seeds) == 162
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seeding_is_that_of_torch() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    own = seeded(torch.device("cpu"), 7)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(torch.rand(3, generator=own), expected)
