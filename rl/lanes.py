"""The numbers of a replay: which frames and transitions stand, and which belong together.

Each lane (one of L parallel environments) is a ring of frames and a ring of transitions, both
numbered from 0 without end. A transition knows its frame and how many frames before it belong to
its episode, so a window of frames is arithmetic on numbers. The transitions that can be drawn are
one range [first, ready) of each lane, so drawing needs neither a mask nor a second try:

* from `ready` on, the frame that follows their n steps is not known yet;
* before `first`, frames of their stacks were overwritten, or there are too many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from geomdl.ops.replay import CLOSED, TERMINATED, TRUNCATED, BatchReader

RECORD = np.dtype(
    [
        ("action", np.int64),
        ("frame", np.int64),
        ("reward", np.float32),
        ("age", np.int16),  # frames of the episode before, at most stack - 1
        ("flag", np.uint8),
        ("nothing", np.uint8),
    ]
)
COUNTERS = ("written", "taken", "first", "ready", "next_age", "waits")
RINGS = ("action", "reward", "flag", "age", "frame")


@dataclass(frozen=True)
class Change:
    """Places in the rings of transitions that can no longer be drawn, and that now can."""

    gone: np.ndarray
    new: np.ndarray


class Lanes:
    """`most` transitions that can be drawn, per lane; `spare` frames beyond what these need.

    stack: frames in an observation. steps, discount: n and gamma of the n-step reward. `record`:
    all transitions as bytes (L * ring, 24), their memory.
    """

    def __init__(
        self, lanes: int, most: int, *, stack: int, steps: int, discount: float, spare: int
    ) -> None:
        self.lanes, self.most, self.stack, self.steps = lanes, most, stack, steps
        self.ring = most + steps  # transitions that wait for their n-th step stay too
        self.live = most + steps + stack  # frames that stand
        self.slots = self.live + spare
        self._every = np.arange(lanes)
        record = np.zeros(lanes * self.ring, RECORD)
        self.action, self.reward, self.flag = record["action"], record["reward"], record["flag"]
        self.age, self.frame = record["age"], record["frame"]
        # Per lane: the range that can be drawn, transitions and frames so far, the age of the next
        # frame, and whether the frame after a truncation is still to come.
        numbers = np.zeros((5, lanes), np.int64)
        self.first, self.ready, self.taken, self.written, self.next_age = numbers
        self.waits = np.zeros(lanes, bool)
        self._count = 0
        self.bytes = record.nbytes
        self.record = torch.from_numpy(record.view(np.uint8).reshape(len(record), -1))
        self._known = (
            self.record,
            torch.from_numpy(numbers),
            torch.tensor([discount**k for k in range(steps + 1)]),
        )

    def __len__(self) -> int:
        """How many transitions can be drawn."""
        return self._count

    def rows(self, lanes: object) -> np.ndarray:
        """Lanes by number (K,), all for None. Raises InputError on lanes that are not there."""
        if lanes is None:
            return self._every
        rows = np.asarray(lanes, dtype=np.int64)
        named = set(rows.reshape(-1).tolist())
        if rows.ndim != 1 or len(named) < len(rows) or not named <= set(range(self.lanes)):
            raise InputError(
                f"lanes: expected different numbers below {self.lanes}, got {rows.tolist()}"
            )
        return rows

    def next_slots(self, rows: np.ndarray) -> np.ndarray:
        """Flat slots (K,) of the frames that these lanes write next."""
        return rows * self.slots + self.written[rows] % self.slots

    def expect_closed(self, rows: np.ndarray) -> None:
        """Raises InputError where an episode was truncated and its last frame did not come."""
        if self.waits[rows].any():
            waiting = rows[self.waits[rows]].tolist()
            raise InputError(
                f"lanes {waiting}: their episodes were truncated; close() them with the frames "
                "after the last actions before the next add()"
            )

    def add(
        self,
        rows: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        terminated: np.ndarray,
        truncated: np.ndarray,
    ) -> Change:
        """One transition per lane of `rows`, whose frame was written."""
        at = rows * self.ring + self.taken[rows] % self.ring
        age = self.next_age[rows]
        self.action[at] = action
        self.reward[at] = reward
        self.flag[at] = np.where(terminated, TERMINATED, truncated * TRUNCATED)
        self.age[at] = age
        self.frame[at] = self.written[rows]
        self.next_age[rows] = np.where(
            terminated | truncated, 0, np.minimum(age + 1, self.stack - 1)
        )
        self.waits[rows] = truncated & ~terminated
        self.written[rows] += 1
        self.taken[rows] += 1
        return self._settle(rows, terminated)

    def close(self, rows: np.ndarray) -> Change:
        """The frame after the last action of an episode was written; one still open ends here."""
        last = rows * self.ring + (self.taken[rows] - 1) % self.ring
        flag = self.flag[last]
        self.flag[last] = np.where(flag == 0, TRUNCATED, flag) | CLOSED
        self.next_age[rows] = 0
        self.waits[rows] = False
        self.written[rows] += 1
        return self._settle(rows, np.ones(len(rows), bool))

    def expect_open(self, rows: np.ndarray) -> None:
        """Raises InputError where a lane has no transition whose next frame may come."""
        last = rows * self.ring + (self.taken[rows] - 1) % self.ring
        shut = (self.taken[rows] == 0) | (self.flag[last] & CLOSED > 0)
        if shut.any():
            raise InputError(
                f"lanes {rows[shut].tolist()}: close() comes once after the last add() of an "
                "episode, and none is open"
            )

    def _settle(self, rows: np.ndarray, ended: np.ndarray) -> Change:
        """Move the range of each lane after one frame was written to it."""
        taken, first, ready = self.taken[rows], self.first[rows], self.ready[rows]
        until = np.where(ended, taken, np.maximum(ready, taken - self.steps))
        since = np.maximum(first, until - self.most)
        # One frame is overwritten, so at most one transition loses a frame of its stack. Close to
        # the start of an episode the stack is shorter, and the transition leaves a little early.
        oldest = self.frame[rows * self.ring + since % self.ring]
        least = self.written[rows] - self.live + self.stack - 1
        since = since + ((since < until) & (oldest < least))
        self.first[rows], self.ready[rows] = since, until
        change = Change(self._span(rows, first, since), self._span(rows, ready, until))
        self._count += len(change.new) - len(change.gone)
        return change

    def _span(self, rows: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Places of the transitions start..stop of each lane."""
        count = stop - start
        if count.max(initial=0) <= 1:
            moved = count > 0
            return rows[moved] * self.ring + start[moved] % self.ring
        lane = np.repeat(rows, count)
        within = np.arange(len(lane)) - np.repeat(np.cumsum(count) - count, count)
        return lane * self.ring + (np.repeat(start, count) + within) % self.ring

    def reader(self, frames: Sequence[np.ndarray]) -> BatchReader:
        """Batches by `pick` and `ranked`, given the parts' frames (L * slots, *F)."""
        parts = [torch.from_numpy(part) for part in frames]
        return BatchReader(*self._known, parts, slots=self.slots, stack=self.stack)

    def standing(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices (B,) of transitions -> their places in the rings, and whether they are there."""
        number, lane = np.divmod(index, self.lanes)
        there = (number >= self.first[lane]) & (number < self.ready[lane])
        return lane * self.ring + number % self.ring, there

    def state(self, rings: bool = True) -> dict[str, Tensor]:
        """Copies of the counters (L,), and of the filled part of each ring (L, R) or none.

        Without rings the flags of the newest transitions (L,) are there: those may change still.
        """
        counters = {name: torch.from_numpy(getattr(self, name).copy()) for name in COUNTERS}
        if not rings:
            return {**counters, "newest": torch.from_numpy(self.flag[self._newest()])}
        filled = min(int(self.taken.max()), self.ring)
        parts = {
            name: torch.from_numpy(getattr(self, name).reshape(self.lanes, -1)[:, :filled].copy())
            for name in RINGS
        }
        return {**counters, **parts}

    def restore(self, state: dict[str, Tensor]) -> None:
        """The opposite of `state`; `record` was filled by others where it has no rings."""
        for name in COUNTERS:
            getattr(self, name)[:] = state[name].numpy()
        self._count = int((self.ready - self.first).sum())
        if "newest" in state:
            self.flag[self._newest()] = state["newest"].numpy()
            return
        for name in RINGS:
            part = state[name].numpy()
            getattr(self, name).reshape(self.lanes, -1)[:, : part.shape[1]] = part

    def _newest(self) -> np.ndarray:
        """Places (L,) of the newest transition of each lane; of a lane without one the last."""
        return self._every * self.ring + (self.taken - 1) % self.ring
