"""Trees of sums against flat arrays in numpy."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.sum_tree import (
    sum_tree,
    sum_tree_draw,
    sum_tree_prioritise,
    sum_tree_sample,
    sum_tree_update,
    sum_tree_values,
)


def tree_of(values: torch.Tensor) -> torch.Tensor:
    tree = sum_tree(len(values))
    sum_tree_update(tree, torch.arange(len(values)), values)
    return tree


def values_of(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(count, dtype=torch.float64, generator=generator)
    return values * (torch.rand(count, generator=generator) < 0.7)


@pytest.mark.parametrize("count", [1, 8, 9, 64, 65, 512, 513, 1000])
def test_every_entry_is_the_sum_of_a_group(backend, count):
    values = values_of(count)
    tree = tree_of(values)
    held = sum_tree_values(tree)
    assert torch.equal(held[:count], values)
    assert count <= len(held) < count + 8
    for group in range(1, len(tree) // 8):
        assert float(tree[group - 1]) == pytest.approx(float(tree[8 * group : 8 * group + 8].sum()))
    assert float(tree[:8].sum()) == pytest.approx(float(values.sum()))


@pytest.mark.parametrize("count", [1, 5, 130])
def test_updates_leave_what_a_new_tree_has_and_the_last_counts(backend, count):
    values = values_of(count)
    tree = tree_of(values)
    index = torch.randint(0, count, (50,), generator=torch.Generator().manual_seed(2))
    new = values_of(50, seed=3)
    sum_tree_update(tree, index, new)
    expected = values.clone()
    for i, value in zip(index.tolist(), new.tolist(), strict=True):
        expected[i] = value
    assert torch.equal(tree, tree_of(expected))


@pytest.mark.parametrize("count", [1, 6, 100])
def test_samples_share_the_mass(backend, count):
    values = values_of(count, seed=5) + torch.eye(count, dtype=torch.float64)[0]
    tree = tree_of(values)
    mass = (torch.arange(20_000, dtype=torch.float64) + 0.5) * (float(tree[:8].sum()) / 20_000)
    drawn = np.bincount(sum_tree_sample(tree, mass).numpy(), minlength=count) / 20_000
    assert np.allclose(drawn, (values / values.sum()).numpy(), atol=2e-4)


@pytest.mark.parametrize("count", [4, 100, 700])
def test_the_first_whose_sum_exceeds_the_mass(backend, count):
    values = (values_of(count) * 10).floor()  # whole numbers: no rounding
    mass = torch.arange(0, float(values.sum()), 0.5, dtype=torch.float64)
    expected = np.searchsorted(np.cumsum(values.numpy()), mass.numpy(), side="right")
    assert sum_tree_sample(tree_of(values), mass).tolist() == expected.tolist()


def test_an_index_without_value_never_comes(backend):
    values = torch.tensor([0.0, 0.3, 0.0, 0.0, 0.1, 0.0, 0.0], dtype=torch.float64)
    tree = tree_of(values)
    total = float(tree[:8].sum())
    mass = torch.tensor([0.0, np.nextafter(total, 0), total, 2 * total, 0.3], dtype=torch.float64)
    assert set(sum_tree_sample(tree, mass).tolist()) <= {1, 4}


def test_both_backends_give_the_same_bits():
    values, mass = values_of(10_000), torch.rand(5000, dtype=torch.float64) * 3000
    found = []
    for name in ("torch", "native"):
        with dispatch.backend(name):
            tree = tree_of(values)
            found.append((tree, sum_tree_sample(tree, mass)))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_nothing_to_do(backend):
    tree = tree_of(values_of(4))
    none = torch.zeros(0, dtype=torch.int64)
    sum_tree_update(tree, none, none.double())
    assert sum_tree_sample(tree, none.double()).shape == (0,)


@pytest.mark.parametrize(
    ("tree", "index", "value", "message"),
    [
        (torch.zeros(8), [0], [1.0], "tree: expected dtype float64"),
        (torch.zeros(7).double(), [0], [1.0], "what sum_tree returned"),
        (torch.zeros(16).double()[::2], [0], [1.0], "what sum_tree returned"),
        (sum_tree(8), [8], [1.0], "from 8 to 8, expected 0 to 7"),
        (sum_tree(8), [-1, 0], [1.0, 1.0], "from -1 to 0"),
        (sum_tree(8), [0, 1], [1.0], "value: expected 2 values"),
        (sum_tree(8), [0], [-1.0], "not negative"),
        (sum_tree(8), [0], [float("nan")], "not negative"),
        (sum_tree(8), [0], [float("inf")], "finite"),
    ],
)
def test_bad_input_is_refused(backend, tree, index, value, message):
    with pytest.raises(GeometryError, match=message):
        sum_tree_update(tree, torch.tensor(index), torch.tensor(value).double())


def test_priorities_are_powers_and_the_highest_is_told(backend):
    tree = tree_of(values_of(20))
    index, priority = torch.tensor([3, 0, 19]), torch.tensor([2.0, 0.0, 0.5])
    highest = sum_tree_prioritise(tree, index, priority, 0.25, 0.5)
    expected = values_of(20)
    expected[index] = (priority.double() + 0.25).sqrt()
    assert highest.tolist() == [1.5]
    torch.testing.assert_close(tree, tree_of(expected), rtol=1e-15, atol=0)
    none = sum_tree_prioritise(tree, index[:0], priority[:0], 0.25, 0.5)
    assert none.tolist() == [0]


@pytest.mark.parametrize("wrong", [-1e-9, float("nan"), float("inf")])
def test_a_priority_that_is_no_number_changes_nothing(backend, wrong):
    tree = tree_of(values_of(20))
    before = tree.clone()
    told = sum_tree_prioritise(tree, torch.tensor([1, 2]), torch.tensor([1.0, wrong]), 1e-6, 0.6)
    assert bool(told.isnan())
    assert torch.equal(tree, before)


def test_one_index_of_each_part_of_the_mass(backend):
    values = values_of(700, seed=4)
    tree, live = tree_of(values), int((values > 0).sum())
    dice = torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    index, weight = sum_tree_draw(tree, dice, live, 0.4)
    mass = (np.arange(50) + dice.numpy()) * float(values.sum()) / 50
    expected = np.searchsorted(np.cumsum(values.numpy()), mass, side="right")
    assert index.tolist() == expected.tolist()
    chance = values.numpy()[expected] / float(values.sum())
    share = (live * chance) ** -0.4
    assert weight.dtype == torch.float32
    np.testing.assert_allclose(weight.numpy(), share / share.max(), rtol=1e-6)
    assert len(sum_tree_draw(tree, dice[:0], live, 0.4)[0]) == 0


def test_what_cannot_be_drawn_or_set_is_refused(backend):
    dice = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(GeometryError, match="all values are 0"):
        sum_tree_draw(sum_tree(8), dice, 8, 0.4)
    with pytest.raises(GeometryError, match="dice: expected dtype float64"):
        sum_tree_draw(tree_of(values_of(8)), dice.float(), 8, 0.4)
    with pytest.raises(GeometryError, match="from 8 to 8"):
        sum_tree_prioritise(sum_tree(8), torch.tensor([8]), torch.ones(1), 0.0, 1.0)
    with pytest.raises(GeometryError, match="priority: expected 1 values"):
        sum_tree_prioritise(sum_tree(8), torch.tensor([7]), torch.ones(2), 0.0, 1.0)
