"""Draws from a seed: the numbers that make one chair differ from the next."""

import zlib
from collections.abc import Sequence
from typing import TypeVar

import torch

Choice = TypeVar("Choice")


class Draw:
    """A stream of draws; the same words (name and seed, say) give the same stream.

    >>> Draw("chair", 3).between(0, 1) == Draw("chair", 3).between(0, 1)
    True
    """

    def __init__(self, *words: str | int) -> None:
        # torch's CPU generator reads 32 bits of a seed, which is what a CRC has.
        self.generator = torch.Generator().manual_seed(zlib.crc32(repr(words).encode()))

    def between(self, low: float, high: float) -> float:
        """A number, all equally likely."""
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def chance(self, share: float) -> bool:
        """True in that share of draws."""
        return self.between(0, 1) < share

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def choice(self, among: Sequence[Choice]) -> Choice:
        """One of some things."""
        return among[self.whole(0, len(among) - 1)]
