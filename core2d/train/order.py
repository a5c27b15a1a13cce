"""A step's number determines its examples and its random numbers; so a run resumes exactly.

The training set is a stream of shuffled passes, one after the other, cut into batches: every
example comes once per epoch, and a batch may reach over the border of two epochs.
"""

import hashlib
import math

import torch
from torch import Generator, Tensor

from core2d.errors import InputError


def seed_of(*numbers: int | str) -> int:
    """Any numbers and words -> a seed that looks like no other's, the same on every machine."""
    text = "/".join(str(n) for n in numbers).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def seeded(device: torch.device, seed: int) -> Generator:
    """Seed torch's own random numbers on the processor and on `device` -> a generator there.

    What torch.manual_seed does on top, for devices that are not used, takes longer than this.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
    return Generator(device).manual_seed(seed)


class Order:
    """Batches of `batch` out of `count` examples (all of them where there are fewer).

    `parts` is into how many equal pieces a batch is cut: devices x accumulated pieces. What one
    device does in two pieces, two devices do in one each.
    """

    def __init__(self, count: int, batch: int, *, seed: int, parts: int = 1) -> None:
        if count < 1:
            raise InputError("data: the training set is empty")
        self.count, self.batch, self.seed, self.parts = count, min(batch, count), seed, parts
        if self.batch % parts:
            raise InputError(
                f"batch: expected a multiple of devices x accumulate = {parts}, got {self.batch}"
                + (f" (the training set has {count} examples)" if count < batch else "")
            )
        self._passes: dict[int, Tensor] = {}

    def steps(self, epochs: float) -> int:
        """Steps until that many epochs are done."""
        return max(1, math.ceil(epochs * self.count / self.batch - 1e-9))

    def epoch(self, step: int) -> float:
        """Epochs done after `step` steps."""
        return step * self.batch / self.count

    def ends_epoch(self, step: int) -> bool:
        """Whether an epoch is completed by the `step`-th step (counted from 1)."""
        return math.floor(self.epoch(step) + 1e-9) > math.floor(self.epoch(step - 1) + 1e-9)

    def indices(self, step: int, part: int = 0) -> Tensor:
        """The examples (batch/parts,) of one part of a step."""
        size = self.batch // self.parts
        start = step * self.batch + part * size
        first, last = start // self.count, (start + size - 1) // self.count
        stream = torch.cat([self._pass(epoch) for epoch in range(first, last + 1)])
        begin = start - first * self.count
        return stream[begin : begin + size]

    def seed_at(self, step: int, part: int, purpose: str) -> int:
        """The seed of the random numbers of one part of a step."""
        return seed_of(self.seed, purpose, step, part)

    def _pass(self, epoch: int) -> Tensor:
        if epoch not in self._passes:
            for old in [e for e in self._passes if e < epoch - 1]:
                self._passes.pop(old, None)
            generator = Generator().manual_seed(seed_of(self.seed, "order", epoch))
            self._passes[epoch] = torch.randperm(self.count, generator=generator)
        return self._passes[epoch]
