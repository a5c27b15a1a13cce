"""Which frames, rewards and discounts make up transitions of a replay of episodes (`rl.replay`)."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, from_numpy

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.ops.dispatch import forced, native, op, threads

TERMINATED, TRUNCATED, CLOSED = 1, 2, 4  # flags of a transition
BYTES = 24  # of a record: action int64, frame int64, reward float32, age int16, flag uint8, nothing


def _check(
    record: Tensor,
    numbers: Tensor,
    powers: Tensor,
    pick: Tensor,
    ranked: bool,
    slots: int,
    stack: int,
) -> None:
    expect_tensor("record", record, f"S {BYTES}", dtypes=(torch.uint8,))
    expect_tensor("numbers", numbers, "R L", dtypes=(torch.int64,), like=record)
    expect_tensor("pick", pick, "B", dtypes=(torch.int64,), like=record)
    expect_tensor("powers", powers, "N", dtypes=(torch.float32,), like=record)
    if len(numbers) < 3 or len(record) % numbers.shape[1]:
        raise GeometryError(f"numbers: expected 3 rows of lanes or more, got {describe(numbers)}")
    if slots < 1 or stack < 1 or len(powers) < 2:
        raise GeometryError("slots, stack, steps: expected at least 1")


def _fake(
    record: Tensor,
    numbers: Tensor,
    powers: Tensor,
    pick: Tensor,
    ranked: bool,
    slots: int,
    stack: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    width = stack + 1 if len(powers) == 2 else 2 * stack
    frames, one = pick.new_empty((len(pick), width)), torch.empty_like(pick)
    real = torch.empty_like(pick, dtype=torch.float32)
    return frames, one, real, torch.empty_like(real), torch.empty_like(one)


@op(fake=_fake, check=_check)
def replay_windows(
    record: Tensor,
    numbers: Tensor,
    powers: Tensor,
    pick: Tensor,
    ranked: bool,
    slots: int,
    stack: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Records (L * ring, 24) uint8 -> frames (B, W), action, reward, discount and index, all (B,).

    numbers (3 or more, L): of each lane the first transition that can be drawn, the first after
    these, and how many there were. powers (n + 1,): gamma^k. pick (B,): where `ranked`, one of all
    that can be drawn, counted lane by lane; else places in the rings.

    frames are flat slots, lane * `slots` + frame % slots: `stack` before the action and `stack`
    after m steps (m <= n, to the end of the episode), or with n = 1 the stack + 1 that these share;
    frames before the episode are its first one, a last one that was not kept is the one before it.
    reward is sum_k gamma^k r_k over the m steps; discount is gamma^m, 0 after termination; index is
    number * L + lane.
    """
    lanes, steps = numbers.shape[1], len(powers) - 1
    ring = len(record) // lanes
    first, ready, taken = numbers[:3]
    if ranked:
        until = (ready - first).cumsum(0)
        lane = torch.searchsorted(until, pick, right=True)
        number = ready[lane] + pick - until[lane]
    else:
        lane = pick // ring
        newest = taken[lane] - 1
        number = newest - (newest - pick) % ring
    action, frame = record.view(torch.int64)[:, :2].unbind(1)
    rewards, ages = record.view(torch.float32)[:, 4], record.view(torch.int16)[:, 10]
    ahead = number[:, None] + torch.arange(steps, device=pick.device)
    ahead = lane[:, None] * ring + ahead % ring  # (B, n)
    flags = record[:, 22][ahead]
    going = (flags == 0).long().cumprod(1)  # the episode goes on after step k
    length = 1 + going[:, :-1].sum(1)  # m
    inside = torch.arange(steps, device=pick.device) < length[:, None]
    reward = (rewards[ahead] * inside * powers[:-1]).sum(1)
    last = flags.gather(1, length[:, None] - 1)[:, 0]

    at = ahead[:, 0]
    before = frame[at]
    after = before + length
    back = torch.arange(stack, -1, -1, device=pick.device)
    if steps == 1:
        wanted = after[:, None] - back
    else:
        pair = torch.stack([before, after], 1)
        wanted = (pair[:, :, None] - back[1:]).flatten(1)
    wanted = torch.maximum(wanted, (before - ages[at])[:, None])
    wanted = torch.minimum(wanted, (after - (last == TERMINATED).long())[:, None])
    discount = torch.where((last & TERMINATED) > 0, powers.new_zeros(()), powers[length])
    frames = lane[:, None] * slots + wanted % slots
    return frames, action[at], reward, discount, number * lanes + lane


Block = TypeVar("Block", np.ndarray, Tensor)
Parts = list[tuple[Tensor, Tensor]]  # of each part of an observation: before, and after


class BatchReader:
    """`replay_windows` and the frames themselves, with all but the picks known beforehand.

    record, numbers, powers, slots, stack: as there. frames: those of each part of an observation
    (L * slots, *F), of any dtype. What is written to this memory later is read. On the CPU.
    """

    def __init__(
        self,
        record: Tensor,
        numbers: Tensor,
        powers: Tensor,
        frames: Sequence[Tensor],
        *,
        slots: int,
        stack: int,
    ) -> None:
        _check(record, numbers, powers, torch.zeros(0, dtype=torch.int64), True, slots, stack)
        for part in frames:
            if len(part) != numbers.shape[1] * slots:
                raise GeometryError(
                    f"frames: expected {numbers.shape[1]} lanes of {slots}, got {describe(part)}"
                )
        self._known = record, numbers, powers
        self._frames, self._slots, self._stack = frames, slots, stack
        kernel = getattr(native("replay"), "BatchReader", None)
        arrays, parts = [part.numpy() for part in self._known], [part.numpy() for part in frames]
        self._read = kernel and kernel(*arrays, parts, slots, stack).read
        width = stack + 1 if len(powers) == 2 else 2 * stack
        self._shapes = [((width, *part.shape[1:]), part.dtype) for part in parts]

    def __call__(self, pick: Tensor, ranked: bool) -> tuple[Parts, Tensor, Tensor, Tensor, Tensor]:
        """pick (B,) int64 -> parts, action, reward, discount and index.

        A part is the frames before and after (B, stack, *F), without this axis where stack is 1:
        with one step they are views of the same memory.
        """
        if self._read is None or forced():
            return self._by_windows(pick, ranked)
        whole = pick.ndim == 1 and pick.is_cpu and pick.is_contiguous()
        if pick.dtype != torch.int64 or not whole:
            raise GeometryError(f"pick: expected (B,) int64 in one piece, got {describe(pick)}")
        # NumPy's memory: calls into torch cost more here, where frames have filled the caches.
        count = len(pick)
        action, index = from_numpy(np.empty(count, np.int64)), from_numpy(np.empty(count, np.int64))
        reward = from_numpy(np.empty(count, np.float32))
        discount = from_numpy(np.empty(count, np.float32))
        blocks = [np.empty((count, *shape), dtype) for shape, dtype in self._shapes]
        self._read(
            pick.data_ptr(),
            count,
            ranked,
            action.data_ptr(),
            index.data_ptr(),
            reward.data_ptr(),
            discount.data_ptr(),
            [from_numpy(block).data_ptr() for block in blocks],
            threads(),
        )
        parts = [(from_numpy(b), from_numpy(a)) for b, a in map(self._ends, blocks)]
        return parts, action, reward, discount, index

    def _ends(self, seen: Block) -> tuple[Block, Block]:
        """Frames (B, W, *F) -> those before and after."""
        stack = self._stack
        return (seen[:, :stack], seen[:, -stack:]) if stack > 1 else (seen[:, 0], seen[:, -1])

    def _by_windows(
        self, pick: Tensor, ranked: bool
    ) -> tuple[Parts, Tensor, Tensor, Tensor, Tensor]:
        """The same by the op, which says what it is."""
        known = *self._known, pick, ranked, self._slots, self._stack
        at, action, reward, discount, index = replay_windows(*known)
        parts = [self._ends(part[at]) for part in self._frames]
        return parts, action, reward, discount, index


def _check_scaled(frames: Tensor, divisor: float) -> None:
    expect_tensor("frames", frames, "B C H W", dtypes=(torch.uint8,))
    if not divisor > 0:
        raise GeometryError(f"divisor: expected a number above 0, got {divisor}")


@op(
    fake=lambda frames, divisor: frames.new_empty(
        (len(frames), *frames.shape[2:], frames.shape[1]), dtype=torch.float32
    ),
    check=_check_scaled,
)
def scaled_frames(frames: Tensor, divisor: float) -> Tensor:
    """Bytes (B, C, H, W) -> float32 (B, H, W, C), divided.

    That is how convolutions on processors read what replays hold; in two steps the order is changed
    at four bytes a number.
    """
    return frames.permute(0, 2, 3, 1).contiguous().float() / divisor
