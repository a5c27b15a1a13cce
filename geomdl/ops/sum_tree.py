"""A tree of sums: draw indices in proportion to their values, and change values, in log N."""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.ops.dispatch import op

WIDE = 8  # children of a node: their sums fill one line of the cache


def sum_tree(capacity: int) -> Tensor:
    """A tree (M,) float64 of zeros for `capacity` values or a few more, for the functions here.

    It is groups of eight sums. Group 0 is the top; entry k of group j is the sum of group
    8 j + k + 1; the last groups hold the values, in order (`sum_tree_values`).
    """
    above = 0
    while WIDE * (7 * above + 1) < capacity:
        above = WIDE * above + 1
    return torch.zeros(WIDE * (above + -(-capacity // WIDE)), dtype=torch.float64)


def _above(tree: Tensor) -> int:
    """Groups that stand above those of the values."""
    above = 0
    while WIDE * (WIDE * above + 1) < len(tree):
        above = WIDE * above + 1
    return above


def sum_tree_values(tree: Tensor) -> Tensor:
    """The values of a tree (C,), a view; C is a multiple of eight."""
    return tree[WIDE * _above(tree) :]


def _check_tree(tree: Tensor) -> None:
    expect_tensor("tree", tree, "M", dtypes=(torch.float64,))
    if len(tree) == 0 or len(tree) % WIDE or not tree.is_contiguous():
        raise GeometryError(f"tree: expected what sum_tree returned, got {describe(tree)}")


def _check_update(tree: Tensor, index: Tensor, value: Tensor) -> None:
    _check_places(tree, index)
    expect_tensor("value", value, "K", dtypes=(torch.float64,), like=tree)
    if index.shape != value.shape:
        raise GeometryError(f"value: expected {index.shape[0]} values, got {describe(value)}")
    if index.numel() and not 0 <= float(value.min()) <= float(value.max()) < float("inf"):
        raise GeometryError("value: expected finite numbers that are not negative")


def _check_places(tree: Tensor, index: Tensor) -> None:
    _check_tree(tree)
    expect_tensor("index", index, "K", dtypes=(torch.int64,), like=tree)
    if index.numel() == 0:
        return
    low, high = int(index.min()), int(index.max())
    most = len(sum_tree_values(tree)) - 1
    if low < 0 or high > most:
        raise GeometryError(f"index: values run from {low} to {high}, expected 0 to {most}")


@op(
    fake=lambda tree, index, value: None,
    check=_check_update,
    dtypes=(torch.float64,),
    mutates=("tree",),
)
def sum_tree_update(tree: Tensor, index: Tensor, value: Tensor) -> None:
    """Set the values (K,) float64 >= 0 of indices (K,) int64 in a tree of `sum_tree`, in place.

    Sums are computed again on the way up, so no error gathers. Of equal indices the last value
    stays.
    """
    distinct, place = torch.unique(index, return_inverse=True)
    order = torch.arange(len(index), device=tree.device)
    last = torch.zeros_like(distinct).scatter_reduce_(0, place, order, "amax")
    sum_tree_values(tree)[distinct] = value[last]
    group = torch.unique(distinct // WIDE) + _above(tree)
    while len(group) and int(group[-1]) > 0:
        sums = tree.view(-1, WIDE)[group]
        while sums.shape[1] > 1:  # in pairs, like the kernel
            sums = sums[:, ::2] + sums[:, 1::2]
        tree[group - 1] = sums[:, 0]
        group = torch.unique((group - 1) // WIDE)


def _check_sample(tree: Tensor, mass: Tensor) -> None:
    _check_tree(tree)
    expect_tensor("mass", mass, "B", dtypes=(torch.float64,), like=tree)


@op(
    fake=lambda tree, mass: torch.empty_like(mass, dtype=torch.int64),
    check=_check_sample,
    dtypes=(torch.float64,),
)
def sum_tree_sample(tree: Tensor, mass: Tensor) -> Tensor:
    """Tree and masses (B,) float64 from 0 to the sum of all, tree[:8].sum() -> indices (B,) int64.

    The index is the first at which the sum of all values up to it exceeds the mass, so that index i
    comes for a part of the masses as large as its value. An index of value 0 never comes while
    another value stands, whatever the rounding. Source: Schaul et al. 2016, appendix B.2.1.
    """
    above, group = _above(tree), torch.zeros_like(mass, dtype=torch.int64)
    while True:
        sums = tree.view(-1, WIDE)[group]  # (B, 8)
        child = torch.full_like(group, -1)
        for k in range(WIDE):
            child = torch.where((child < 0) & (mass < sums[:, k]), k, child)
            mass = torch.where(child < 0, mass - sums[:, k], mass)
        # Rounding may leave more mass than there is: then the last value of all.
        last = torch.where(sums > 0, torch.arange(WIDE, device=tree.device), 0).amax(1)
        lost = child < 0
        child = torch.where(lost, last, child)
        mass = torch.where(lost, sums.gather(1, last[:, None])[:, 0], mass)
        down = WIDE * group + child
        if len(group) == 0 or int(group[0]) >= above:
            return down - WIDE * above
        group = down + 1


def _check_prioritise(
    tree: Tensor, index: Tensor, priority: Tensor, epsilon: float, exponent: float
) -> None:
    _check_places(tree, index)
    expect_tensor("priority", priority, "K", dtypes=(torch.float32,), like=tree)
    if index.shape != priority.shape:
        raise GeometryError(f"priority: expected {len(index)} values, got {describe(priority)}")


@op(
    fake=lambda tree, index, priority, epsilon, exponent: tree.new_empty(1),
    check=_check_prioritise,
    dtypes=(torch.float64, torch.float32),
    mutates=("tree",),
)
def sum_tree_prioritise(
    tree: Tensor, index: Tensor, priority: Tensor, epsilon: float, exponent: float
) -> Tensor:
    """Set the values of indices (K,) int64 to (priority (K,) float32 + epsilon)^exponent, in place.

    Gives the highest of these values (1,) float64, 0 for none. Where a priority is negative, NaN or
    infinite it gives NaN and sets nothing. Source: Schaul et al. 2016, section 3.3.
    """
    value = (priority.double() + epsilon) ** exponent
    if not bool(((priority >= 0) & (value < float("inf"))).all()):
        return tree.new_full((1,), float("nan"))
    sum_tree_update(tree, index, value)
    return value.amax(0, keepdim=True) if len(value) else tree.new_zeros(1)


def _check_draw(tree: Tensor, dice: Tensor, live: int, correction: float) -> None:
    _check_tree(tree)
    expect_tensor("dice", dice, "B", dtypes=(torch.float64,), like=tree)
    if not float(tree[:WIDE].sum()) > 0:
        raise GeometryError("tree: nothing can be drawn, as all values are 0")


@op(
    fake=lambda tree, dice, live, correction: (
        torch.empty_like(dice, dtype=torch.int64),
        torch.empty_like(dice, dtype=torch.float32),
    ),
    check=_check_draw,
    dtypes=(torch.float64,),
)
def sum_tree_draw(
    tree: Tensor, dice: Tensor, live: int, correction: float
) -> tuple[Tensor, Tensor]:
    """Dice (B,) float64 in [0, 1) -> one index of each of B equal parts of all mass, and weights.

    indices (B,) int64: die b falls into part b. weights (B,) float32: (live * value / sum of all
    values)^-correction, of which the largest becomes 1; `live` is how many values stand.
    Source: Schaul et al. 2016, section 3.4 and appendix B.2.1.
    """
    total = float(tree[:WIDE].sum())
    place = torch.arange(len(dice), dtype=torch.float64, device=dice.device)
    index = sum_tree_sample(tree, (place + dice) * (total / max(len(dice), 1)))
    weight = (sum_tree_values(tree)[index] * (live / total)) ** -correction
    return index, (weight / weight.amax() if len(weight) else weight).float()
