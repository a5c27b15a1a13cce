"""Weights that depend on nothing but their names, so that two libraries can hold the same ones.

The golden numbers of tests/core2d/models were computed with `fill` and `picture` on the published
implementations named there, and are compared with ours, filled in the same way.
"""

import hashlib
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn


def uniform(name: str, shape: tuple[int, ...]) -> Tensor:
    """Float32 in 0..1, from a hash of the name."""
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    return torch.from_numpy(generator.random(shape, dtype=np.float32))


@torch.no_grad()
def fill(module: nn.Module) -> nn.Module:
    """Every parameter and statistic by its name; deep signals keep about their size."""
    for name, value in module.state_dict().items():
        if not value.is_floating_point():
            continue
        noise = uniform(name, tuple(value.shape))
        if value.ndim > 1:  # variance 2 / fan in
            value.copy_((noise - 0.5) * (24 / value[0].numel()) ** 0.5)
        elif name.endswith(("running_var", "weight")):
            value.copy_(noise + 0.5)
        else:
            value.copy_((noise - 0.5) * 0.2)
    return module.eval()


def picture(*shape: int) -> Tensor:
    """An image batch in -1..1."""
    return uniform("picture", shape) * 2 - 1


def digest(state: Mapping[str, Tensor]) -> str:
    """A short hash of all names and shapes of a state dict, in order of the names."""
    lines = [f"{name} {tuple(state[name].shape)}" for name in sorted(state)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def count(module: nn.Module) -> int:
    """Numbers that are learned."""
    return sum(p.numel() for p in module.parameters())


def without_gradient(module: nn.Module, *inputs: Tensor) -> list[str]:
    """Names of the parameters that one training step would not move."""
    module.train().zero_grad()
    outputs = module(*inputs)
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    sum(((o - uniform("target", tuple(o.shape))) ** 2).mean() for o in outputs).backward()
    missing = [n for n, p in module.named_parameters() if p.grad is None or not p.grad.any()]
    return [n for n in missing if not n.endswith("bias")] or [
        n for n, p in module.named_parameters() if p.grad is None or not p.grad.isfinite().all()
    ]
