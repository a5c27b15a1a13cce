"""Random numbers for many lanes at once, each lane with a stream of its own.

A number is a hash of (key of the episode, step, index), so it depends neither on the other
lanes nor on what was asked before: a game on one lane and on a thousand plays the same episodes.
The hash is the finaliser of SplitMix64: Steele, Lea, Flood, Fast splittable pseudorandom number
generators, OOPSLA 2014.
"""

import numpy as np
from numpy.typing import NDArray

Lanes = NDArray[np.int64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
PER_STEP = 1024  # indices that a step may use
STRIDES = np.arange(PER_STEP, dtype=np.uint64)[:, None] * GOLDEN
STEP = np.uint64(PER_STEP * int(GOLDEN) % 2**64)


def mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit of `x`; a bijection."""
    x = (x ^ (x >> np.uint64(30))) * FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return x ^ (x >> np.uint64(31))


class Dice:
    """Streams of `lanes` lanes; a key decides all numbers of an episode."""

    def __init__(self, lanes: int) -> None:
        self.base = np.zeros(lanes, np.uint64)
        self.time = np.zeros(lanes, np.uint64)

    def begin(self, lanes: Lanes, keys: NDArray[np.uint64]) -> None:
        """Step 0 of new episodes in these lanes (K,), with keys (K,)."""
        self.base[lanes] = mix(keys)
        self.time[lanes] = 0

    def tick(self) -> None:
        """The next step of all lanes."""
        self.time += np.uint64(1)

    def roll(self, first: int, count: int, lanes: Lanes | None = None) -> NDArray[np.float64]:
        """Numbers `first` .. `first + count` of this step, uniform in 0..1 -> (count, L or K)."""
        base, time = self.base, self.time
        if lanes is not None:
            base, time = base[lanes], time[lanes]
        bits = mix(STRIDES[first : first + count] + (base + time * STEP))
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
