"""A tree of sums: draw indices in proportion to their values, and change values, in log N."""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.ops.dispatch import op


def _check_tree(tree: Tensor) -> None:
    expect_tensor("tree", tree, "2C", dtypes=(torch.float64,))
    if tree.shape[0] < 2 or tree.shape[0] % 2 or not tree.is_contiguous():
        raise GeometryError(
            f"tree: expected a contiguous tensor of twice the capacity, got {describe(tree)}"
        )


def _check_update(tree: Tensor, index: Tensor, value: Tensor) -> None:
    _check_tree(tree)
    expect_tensor("index", index, "K", dtypes=(torch.int64,), like=tree)
    expect_tensor("value", value, "K", dtypes=(torch.float64,), like=tree)
    if index.shape != value.shape:
        raise GeometryError(f"value: expected {index.shape[0]} values, got {describe(value)}")
    if index.numel() == 0:
        return
    low, high = int(index.min()), int(index.max())
    if low < 0 or high >= tree.shape[0] // 2:
        raise GeometryError(
            f"index: values run from {low} to {high}, expected 0 to {tree.shape[0] // 2 - 1}"
        )
    if not float(value.min()) >= 0 or float(value.max()) == float("inf"):
        raise GeometryError("value: expected finite numbers that are not negative")


@op(
    fake=lambda tree, index, value: None,
    check=_check_update,
    dtypes=(torch.float64,),
    mutates=("tree",),
)
def sum_tree_update(tree: Tensor, index: Tensor, value: Tensor) -> None:
    """Set the values (K,) float64 >= 0 of indices (K,) int64 in a tree (2 C,) float64, in place.

    tree[C + i] is the value of index i, tree[j] = tree[2 j] + tree[2 j + 1], so tree[1] is the sum
    of all; tree[0] is not used; C is any number from 1. A new tree is all zeros. Sums are computed
    again on the way up, so no error gathers. Of equal indices the last value stays.
    """
    distinct, place = torch.unique(index, return_inverse=True)
    order = torch.arange(len(index), device=tree.device)
    last = torch.zeros_like(distinct).scatter_reduce_(0, place, order, "amax")
    node = distinct + tree.shape[0] // 2
    tree[node] = value[last]
    while len(node) and int(node.max()) > 1:
        node = torch.unique(node[node > 1] >> 1)
        tree[node] = tree[2 * node] + tree[2 * node + 1]


def _check_sample(tree: Tensor, mass: Tensor) -> None:
    _check_tree(tree)
    expect_tensor("mass", mass, "B", dtypes=(torch.float64,), like=tree)


@op(
    fake=lambda tree, mass: torch.empty_like(mass, dtype=torch.int64),
    check=_check_sample,
    dtypes=(torch.float64,),
)
def sum_tree_sample(tree: Tensor, mass: Tensor) -> Tensor:
    """Tree of `sum_tree_update` and masses (B,) float64 in [0, tree[1]) -> indices (B,) int64.

    Index i comes for a part of these masses as large as its value. An index of value 0 never comes
    while another value stands, whatever the rounding. Source: Schaul et al. 2016, appendix B.2.1.
    """
    capacity = tree.shape[0] // 2
    node = torch.ones_like(mass, dtype=torch.int64)
    mass = mass.clone()
    while bool((inside := node < capacity).any()):
        left = torch.where(inside, 2 * node, node)
        right = torch.where(inside, 2 * node + 1, node)
        goes_left = (mass < tree[left]) | (tree[right] <= 0)
        mass = torch.where(goes_left, mass, mass - tree[left])
        node = torch.where(goes_left, left, right)
    return node - capacity
