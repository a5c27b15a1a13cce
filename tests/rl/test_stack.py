"""Stacks of an agent that acts: the newest frames, and the rule at the start of an episode."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.replay import Replay
from rl.stack import Stack, Stacks


def test_frames_move_up_and_a_reset_repeats_the_first():
    stack = Stack(2, 3, (1,), np.uint8)
    first = stack.reset([0, 1], [[1], [10]])
    assert first[:, :, 0].tolist() == [[1, 1, 1], [10, 10, 10]]
    assert stack.push([[2], [11]])[:, :, 0].tolist() == [[1, 1, 2], [10, 10, 11]]
    assert stack.reset([1], [[50]])[:, :, 0].tolist() == [[1, 1, 2], [50, 50, 50]]
    last = stack.push([[3], [51]])
    assert last[:, :, 0].tolist() == [[1, 2, 3], [50, 50, 51]]
    assert last.dtype == np.uint8
    assert first[:, :, 0].tolist() == [[1, 1, 1], [10, 10, 10]]


def test_one_frame_has_no_axis_and_other_shapes_are_refused():
    stack = Stack(2, 1, (3,), np.float32)
    stack.reset([0, 1], np.zeros((2, 3)))
    assert stack.push(np.ones((2, 3))).shape == (2, 3)
    with pytest.raises(InputError, match=r"frames: expected shape \(2, 3\), got \(3,\)"):
        stack.push(np.ones(3))
    with pytest.raises(InputError, match="at least 1"):
        Stack(0, 4, (3,), np.uint8)


def test_the_agent_sees_what_the_replay_gives():
    rng = np.random.default_rng(0)
    replay = Replay(400, 2, ((2, 2), np.uint8), stack=4)
    stack = Stack(2, 4, (2, 2), np.uint8)
    frames = rng.integers(0, 256, (2, 2, 2), dtype=np.uint8)
    seen = stack.reset([0, 1], frames)
    shown = {}
    for step in range(60):
        ends = rng.random(2) < 0.2
        replay.add(frames, [step, step], [0.0, 0.0], ends, np.zeros(2, bool))
        shown[step] = seen
        frames = rng.integers(0, 256, (2, 2, 2), dtype=np.uint8)
        seen = stack.push(frames)
        if ends.any():
            seen = stack.reset(np.flatnonzero(ends), frames[ends])
    batch = replay.sample(300, torch.Generator().manual_seed(0))
    for i, index in enumerate(batch.index.tolist()):
        assert np.array_equal(batch.observation[i], shown[int(batch.action[i])][index % 2])


def test_parts_are_stacked_together() -> None:
    stacks = Stacks(2, 2, {"a": ((1,), np.uint8), "b": ((2,), np.float32)})
    for value, fresh in ((1, [True, True]), (2, [False, True])):
        frames = {"a": np.full((2, 1), value), "b": np.full((2, 2), 10 * value)}
        seen = stacks.see(frames, np.array(fresh))
    assert seen["a"][..., 0].tolist() == [[1, 2], [2, 2]]
    assert seen["b"][..., 1].tolist() == [[10, 20], [20, 20]]
    assert (seen["a"].dtype, seen["b"].dtype) == (np.uint8, np.float32)
