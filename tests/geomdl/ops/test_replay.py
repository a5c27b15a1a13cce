"""Windows of transitions, on both backends (their sense is tested in tests/rl/test_replay.py)."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.dispatch import bound
from geomdl.ops.replay import (
    CLOSED,
    TERMINATED,
    TRUNCATED,
    BatchReader,
    replay_windows,
    scaled_frames,
)

RECORD = np.dtype("i8, i8, f4, i2, u1, u1")


def lanes(flags: list[int], first: list[int], ready: list[int], taken: list[int]) -> tuple:
    """Records of a ring per lane: frames 0, 1, .., action 10 i, reward i + 1, one frame before."""
    record = np.zeros(len(flags), RECORD)
    ring = len(flags) // len(first)
    at = np.arange(len(flags)) % ring
    record["f0"], record["f1"], record["f2"] = 10 * at, at, at + 1
    record["f3"], record["f4"] = np.minimum(at, 1), flags
    numbers = torch.tensor([first, ready, taken])
    return torch.from_numpy(record.view(np.uint8).reshape(-1, 24)), numbers


def test_one_step_shares_its_frames(backend):
    record, numbers = lanes([0, TERMINATED, 0, 0], [0], [3], [4])
    powers, pick = torch.tensor([1.0, 0.5]), torch.tensor([0, 1, 2])
    frames, action, reward, discount, index = replay_windows(
        record, numbers, powers, pick, True, 100, 2
    )
    assert frames.tolist() == [[0, 0, 1], [0, 1, 1], [1, 2, 3]]
    assert action.tolist() == [0, 10, 20]
    assert reward.tolist() == [1.0, 2.0, 3.0]
    assert discount.tolist() == [0.5, 0.0, 0.5]
    assert index.tolist() == [0, 1, 2]


def test_steps_stop_at_the_end_of_an_episode(backend):
    ends = [0, 0, 0, 0, 0, TRUNCATED | CLOSED, 0, 0, TERMINATED | CLOSED, 0, 0, 0]
    record, numbers = lanes(ends, [3, 1], [6, 3], [6, 6])
    powers = torch.tensor([1.0, 0.5, 0.25, 0.125])
    pick = torch.tensor([0, 1, 2, 3, 4])
    frames, _, reward, discount, index = replay_windows(record, numbers, powers, pick, True, 100, 1)
    assert index.tolist() == [6, 8, 10, 3, 5]
    assert reward.tolist() == [4 + 2.5 + 1.5, 5 + 3, 6, 2 + 1.5, 3]
    assert discount.tolist() == [0.125, 0.25, 0.5, 0.0, 0.0]
    assert frames.tolist() == [[3, 6], [4, 6], [5, 6], [101, 103], [102, 103]]


def test_ranks_and_places_name_the_same(backend):
    record, numbers = lanes([0] * 14, [9, 3], [12, 8], [13, 9])
    powers = torch.tensor([1.0, 0.9])
    ranked = replay_windows(record, numbers, powers, torch.arange(8), True, 9, 3)
    index = ranked[4]
    places = index % 2 * 7 + (index // 2) % 7
    for a, b in zip(
        ranked, replay_windows(record, numbers, powers, places, False, 9, 3), strict=True
    ):
        assert torch.equal(a, b)
    assert index.tolist() == [18, 20, 22, 7, 9, 11, 13, 15]


def test_both_backends_agree_on_long_rings():
    rng = np.random.default_rng(0)
    flags = rng.choice([0, 0, 0, 0, 1, 2, 5, 6], 3000).tolist()
    record, numbers = lanes(flags, [2000] * 3, [2900] * 3, [2905] * 3)
    powers = 0.9 ** torch.arange(6)
    found = []
    for name in ("torch", "native"):
        with dispatch.backend(name):
            pick = torch.arange(0, 2700, 7)
            found.append(replay_windows(record, numbers, powers, pick, True, 1100, 4))
    for body, kernel in zip(*found, strict=True):
        torch.testing.assert_close(body, kernel)


def test_bound_ops_see_the_memory_that_they_were_given(backend):
    record, numbers = lanes([0] * 4, [0], [2], [3])
    find = bound("replay_windows", record, numbers, torch.tensor([1.0, 0.5]))
    assert find(torch.tensor([1]), True, 9, 1)[3].tolist() == [0.5]
    record[1, 22] = TERMINATED
    assert find(torch.tensor([1]), True, 9, 1)[3].tolist() == [0.0]


def test_bad_input_is_refused(backend):
    record, numbers = lanes([0] * 4, [0], [2], [3])
    powers, pick = torch.tensor([1.0, 0.5]), torch.tensor([0])
    with pytest.raises(GeometryError, match=r"record: expected shape \(S 24\)"):
        replay_windows(record[:, :20], numbers, powers, pick, True, 9, 1)
    with pytest.raises(GeometryError, match="numbers: expected 3 rows"):
        replay_windows(record, numbers[:2], powers, pick, True, 9, 1)
    with pytest.raises(GeometryError, match="slots, stack, steps"):
        replay_windows(record, numbers, powers[:1], pick, True, 9, 1)
    with pytest.raises(IndexError):
        replay_windows(record, numbers, powers, torch.tensor([2]), True, 9, 1)


KINDS = [((), torch.float32), ((3,), torch.bool), ((0,), torch.uint8), ((2, 5), torch.int64)]


@pytest.mark.parametrize(("stack", "steps"), [(4, 1), (4, 3), (1, 1), (1, 3)])
def test_a_batch_is_its_windows_with_their_frames(backend, stack, steps):
    flags = np.random.default_rng(1).choice([0, 0, 0, 1, 2, 5, 6], 60).tolist()
    record, numbers = lanes(flags, [3, 1], [26, 27], [29, 29])
    parts = [
        torch.randint(0, 2, (70, *shape), generator=torch.Generator().manual_seed(0)).to(kind)
        for shape, kind in KINDS
    ]
    powers, pick = 0.9 ** torch.arange(steps + 1), torch.arange(49).flip(0).contiguous()
    read = BatchReader(record, numbers, powers, parts, slots=35, stack=stack)
    seen, *rest = read(pick, True)
    at, *others = replay_windows(record, numbers, powers, pick, True, 35, stack)
    assert all(torch.equal(a, b) for a, b in zip(rest, others, strict=True))
    for part, (before, after) in zip(parts, seen, strict=True):
        wanted = part[at[:, :stack]], part[at[:, -stack:]]
        wanted = wanted if stack > 1 else (wanted[0][:, 0], wanted[1][:, 0])
        for ours, theirs in zip((before, after), wanted, strict=True):
            assert ours.dtype == theirs.dtype
            assert torch.equal(ours, theirs)
    before, after = seen[3]
    apart = (1 if steps == 1 else stack) * 10 * 8  # so a frame of both is copied once
    assert after.data_ptr() - before.data_ptr() == apart


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", [127, 128, 9000, 30_000])
def test_frames_of_all_sizes_are_whole(threads, size):
    """From the parts of a line of the cache to more than one thread copies."""
    record, numbers = lanes([0] * 60, [3, 1], [26, 27], [29, 29])
    source = (torch.arange(70 * size) % 251).byte().view(70, size)
    pick = torch.tensor([0, 22, 23, 48, 7, 8, 9, 30] * 4)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        read = BatchReader(record, numbers, torch.ones(2), [source], slots=35, stack=4)
        [(first, then)], *_ = read(pick, True)
    finally:
        torch.set_num_threads(before)
    at = replay_windows(record, numbers, torch.ones(2), pick, True, 35, 4)[0]
    assert torch.equal(first, source[at[:, :4]])
    assert torch.equal(then, source[at[:, 1:]])


def test_a_reader_sees_the_memory_that_it_was_given(backend):
    record, numbers = lanes([0] * 4, [0], [2], [3])
    source, pick = torch.arange(9.0), torch.tensor([1])
    read = BatchReader(record, numbers, torch.tensor([1.0, 0.5]), [source], slots=9, stack=1)
    [(first, then)], _, _, discount, _ = read(pick, True)
    assert (first.tolist(), then.tolist(), discount.tolist()) == ([1.0], [2.0], [0.5])
    record[1, 22] = TERMINATED | CLOSED
    source[1] = 7.0
    [(first, _)], _, _, discount, _ = read(pick, True)
    assert (first.tolist(), discount.tolist()) == ([7.0], [0.0])


def test_a_reader_refuses_what_does_not_fit(backend):
    record, numbers = lanes([0] * 4, [0], [2], [3])
    powers, source = torch.tensor([1.0, 0.5]), torch.arange(9.0)
    with pytest.raises(GeometryError, match="frames: expected 1 lanes of 8"):
        BatchReader(record, numbers, powers, [source], slots=8, stack=1)
    read = BatchReader(record, numbers, powers, [source], slots=9, stack=1)
    with pytest.raises(IndexError):
        read(torch.tensor([2]), True)


def test_a_reader_takes_picks_in_one_piece_only():
    record, numbers = lanes([0] * 4, [0], [2], [3])
    read = BatchReader(record, numbers, torch.ones(2), [torch.arange(9.0)], slots=9, stack=1)
    for pick in (torch.zeros(4).long()[::2], torch.zeros(2), torch.zeros(2, 2).long()):
        with pytest.raises(GeometryError, match=r"pick: expected \(B,\) int64 in one piece"):
            read(pick, True)
    with pytest.raises(IndexError):
        read(torch.tensor([-1]), True)


def test_batches_that_are_held_keep_their_memory():
    """The memory of a batch is used again once it was dropped, and not before."""
    record, numbers = lanes([0] * 40, [0], [38], [39])
    source = torch.arange(40).byte()[:, None].expand(40, 9000).contiguous()
    read = BatchReader(record, numbers, torch.tensor([1.0, 0.5]), [source], slots=40, stack=1)
    held = []
    for turn in range(12):  # 270 kB each
        [(batch, then)], *_ = read(torch.arange(turn, turn + 15), True)
        assert torch.equal(batch[:, 5], torch.arange(turn, turn + 15).byte())
        if turn % 3 == 0:
            held.append((turn, then[3:].numpy()))  # a view keeps it too
    for turn, rows in held:
        assert np.array_equal(rows[:, 8999], np.arange(turn + 4, turn + 16))


@pytest.mark.parametrize(
    "shape", [(2, 4, 9, 7), (3, 4, 4, 4), (2, 3, 5, 5), (1, 1, 1, 1), (0, 4, 4, 4)]
)
def test_scaled_frames_have_their_channels_last(backend, shape):
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    expected = (frames.float() / 255).permute(0, 2, 3, 1)
    assert torch.equal(scaled_frames(frames, 255.0), expected)


def test_scaled_frames_of_other_things_are_refused(backend):
    with pytest.raises(GeometryError, match="frames: expected dtype uint8"):
        scaled_frames(torch.zeros(1, 4, 2, 2), 255.0)
    with pytest.raises(GeometryError, match="divisor"):
        scaled_frames(torch.zeros(1, 4, 2, 2, dtype=torch.uint8), 0.0)
