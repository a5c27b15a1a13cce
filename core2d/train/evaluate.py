"""Going through a set of examples without training on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor, nn

from core2d.train.recipe import Batch, Examples

LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


def batches(examples: Examples, size: int = 500) -> Iterator[Batch]:
    """All examples in their order, `size` at a time, without augmentation."""
    for start in range(0, len(examples), size):
        yield examples.batch(torch.arange(start, min(start + size, len(examples))))


@contextmanager
def evaluating(*models: nn.Module) -> Iterator[None]:
    """Inside, the models are in eval mode and no gradients are kept; then all is as before."""
    modes = [(module, module.training) for model in models for module in model.modules()]
    for model in models:
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def place(batch: Batch, device: torch.device, channels_last: bool = False) -> Batch:
    """A batch on a device; images in the order of memory that convolutions like."""
    placed = {}
    for name, value in batch.items():
        if device.type == "cuda" and value.device.type == "cpu":
            value = value.pin_memory()
        value = value.to(device, non_blocking=True)
        if channels_last and value.ndim in LAYOUTS and value.is_floating_point():
            value = value.contiguous(memory_format=LAYOUTS[value.ndim])
        placed[name] = value
    return placed


class Placed:
    """Examples whose batches lie on a device, so that no recipe needs to think of devices."""

    def __init__(
        self, examples: Examples, device: torch.device, channels_last: bool = False
    ) -> None:
        self.examples, self.device, self.channels_last = examples, device, channels_last

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        return place(self.examples.batch(index, generator), self.device, self.channels_last)
