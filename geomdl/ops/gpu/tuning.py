"""The shape of a kernel's tiles: measured once per kind of work on a GPU, else a fixed choice."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

_chosen: dict[Hashable, "Shape"] = {}


@dataclass(frozen=True)
class Shape:
    """Rows and columns of a tile, warps that share it, loads under way at a time."""

    rows: int
    columns: int
    warps: int = 4
    stages: int = 4


def magnitude(count: int) -> int:
    """The power of two that a count falls under: works of one magnitude share a shape."""
    return max(count, 1).bit_length()


def may_measure(tensor: Tensor) -> bool:
    """Whether kernels on this tensor may be timed now.

    Not in Triton's interpreter, not while a CUDA graph is recorded, and not where torch is asked
    to be deterministic: another shape may mean other matrix instructions and other last bits.
    """
    return (
        tensor.is_cuda
        and not torch.are_deterministic_algorithms_enabled()
        and not torch.cuda.is_current_stream_capturing()
    )


def best(
    key: Hashable,
    shapes: list[Shape],
    launch: Callable[[Shape], None],
    tensor: Tensor,
) -> Shape:
    """The fastest of `shapes` to launch for work like `key`; the first where none may be timed.

    Shapes that ask for more registers or shared memory than there are count as slow.
    """
    if not may_measure(tensor) or len(shapes) == 1:
        return shapes[0]
    key = (torch.cuda.get_device_name(tensor.device), key)
    if key not in _chosen:
        _chosen[key] = min(shapes, key=lambda shape: seconds(launch, shape))
    return _chosen[key]


def seconds(launch: Callable[[Shape], None], shape: Shape) -> float:
    """Median time of a launch, infinite where the device has not the means for it."""
    from triton.runtime.errors import OutOfResources
    from triton.testing import do_bench

    try:
        return do_bench(lambda: launch(shape), warmup=5, rep=20, return_mode="median") / 1e3
    except OutOfResources:
        return math.inf
