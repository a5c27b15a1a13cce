"""The self-check compares, and its scenes reach every registered op; those pass opcheck."""

import functools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from geomdl import doctor
from geomdl.ops import dispatch
from tools import selfcheck


class Recorder(TorchDispatchMode):
    """Keeps the arguments of the first call of every geomdl op."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, tuple[Any, tuple[Any, ...]]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func.namespace == "geomdl":
            self.calls.setdefault(func._opname, (func, args))
        return func(*args, **(kwargs or {}))


@functools.cache
def recorded() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Every geomdl op that the scenes call, with arguments of one call."""
    with Recorder() as recorder:
        for check in selfcheck.CHECKS.values():
            check(selfcheck.scene())
    return recorder.calls


def registered() -> list[str]:
    """The ops of geomdl.ops itself (tests register ops of their own)."""
    doctor.load_ops()
    own = {
        name: op for name, op in dispatch.OPS.items() if op.body.__module__.startswith("geomdl.")
    }
    return sorted(own)


@pytest.mark.parametrize("name", selfcheck.CHECKS)
def test_kernels_and_bodies_agree(name: str) -> None:
    assert selfcheck.compare(name) == []


def test_the_scenes_reach_every_registered_op() -> None:
    assert set(registered()) <= set(recorded()), "call what is missing in tools/selfcheck.py"


@pytest.mark.parametrize("name", registered())
def test_opcheck(name: str) -> None:
    """Schema, fakes, autograd registration and AOT dispatch of every registered op."""
    op, args = recorded()[name]
    torch.library.opcheck(op, args)


@pytest.mark.parametrize("name", registered())
def test_one_and_two_threads_give_the_same_bits(name: str) -> None:
    op, args = recorded()[name]
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            results.append(op(*args))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert same_bits(results[0], other), name


def same_bits(a: Any, b: Any) -> bool:
    if a is None:  # an op that works in place
        return b is None
    if isinstance(a, Tensor):
        return a.shape == b.shape and torch.equal(
            torch.nan_to_num(a) if a.is_floating_point() else a,
            torch.nan_to_num(b) if b.is_floating_point() else b,
        )
    return len(a) == len(b) and all(map(same_bits, a, b))


@pytest.mark.parametrize(
    ("ours", "truth", "message"),
    [
        (torch.ones(3), torch.ones(4), "against"),
        (torch.ones(3), torch.ones(3).double(), "against"),
        (torch.ones(3), torch.zeros(3), "only 0.0% of 3"),
        (torch.arange(3), torch.arange(3).flip(0), "only 33.3% of 3"),
        (torch.ones(3), torch.full((3,), float("nan")), "only 0.0%"),
    ],
)
def test_differences_are_found(ours: Tensor, truth: Tensor, message: str) -> None:
    assert message in str(selfcheck.difference(ours, truth))


@pytest.mark.parametrize("value", [torch.ones(3), torch.zeros(0), torch.tensor(float("nan"))])
def test_equal_results_agree(value: Tensor) -> None:
    assert selfcheck.difference(value, value.clone()) is None
