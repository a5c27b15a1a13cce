"""The newest frames of each lane, stacked for an agent that acts."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from core2d.errors import InputError


class Stack:
    """The last `count` frames of L lanes, oldest first: arrays (L, count, *F).

    An episode that has fewer frames repeats its first one, as `Replay` does when it samples. With
    count 1 there is no such axis: (L, *F). Every call returns an array of its own, which later
    calls leave alone.
    """

    def __init__(self, lanes: int, count: int, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        if lanes < 1 or count < 1:
            raise InputError(f"lanes, count: expected at least 1, got {lanes} and {count}")
        self.count = count
        self._held = np.zeros((lanes, count, *shape), dtype)

    def reset(self, lanes: ArrayLike, frames: ArrayLike) -> np.ndarray:
        """First frames (K, *F) of new episodes on the named lanes (K,) -> all stacks."""
        held = self._held.copy()
        held[np.asarray(lanes)] = np.asarray(frames)[:, None]
        return self._keep(held)

    def push(self, frames: ArrayLike) -> np.ndarray:
        """The next frame of every lane (L, *F) -> all stacks. Raises InputError on other shapes."""
        held = self._held
        newest = np.asarray(frames)
        if newest.shape != (held.shape[0], *held.shape[2:]):
            raise InputError(
                f"frames: expected shape {(held.shape[0], *held.shape[2:])}, got {newest.shape}"
            )
        newest = newest.astype(held.dtype, copy=False)
        return self._keep(np.concatenate([held[:, 1:], newest[:, None]], axis=1))

    def _keep(self, held: np.ndarray) -> np.ndarray:
        self._held = held
        return held if self.count > 1 else held[:, 0]


class Stacks:
    """A `Stack` for every part of an observation: parts, name -> (shape, dtype) of a frame."""

    def __init__(
        self, lanes: int, count: int, parts: Mapping[str, tuple[tuple[int, ...], DTypeLike]]
    ) -> None:
        self._each = {name: Stack(lanes, count, *part) for name, part in parts.items()}

    def see(self, frames: Mapping[str, np.ndarray], fresh: np.ndarray) -> dict[str, np.ndarray]:
        """The next frame of every lane, by part (L, *F); those `fresh` (L,) begin an episode."""
        seen = {name: stack.push(frames[name]) for name, stack in self._each.items()}
        if not fresh.any():
            return seen
        lanes = fresh.nonzero()[0]
        return {n: stack.reset(lanes, frames[n][lanes]) for n, stack in self._each.items()}
