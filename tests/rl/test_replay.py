"""Replay against lists of episodes: what can be drawn, what comes, priorities, saving."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.priority import Priority
from rl.replay import Replay
from tests.oracles.replay_oracle import ListReplay

SHAPE = (2, 3)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Both:
    """The replay and an oracle per lane, fed with the same random episodes."""

    def __init__(self, capacity, lanes, *, stack, steps, seed=0, **options) -> None:
        self.replay = Replay(
            capacity, lanes, (SHAPE, np.uint8), stack=stack, steps=steps, discount=0.9, **options
        )
        self.lists = [ListReplay(capacity // lanes, stack, steps, 0.9) for _ in range(lanes)]
        self.rng = np.random.default_rng(seed)

    def step(self, ends: float = 0.15) -> None:
        """One transition on some lanes; truncated episodes are closed, of the others some."""
        rng = self.rng
        rows = np.flatnonzero(rng.random(len(self.lists)) < 0.8)
        count = len(rows)
        frames = rng.integers(0, 256, (count, *SHAPE), dtype=np.uint8)
        action, reward = rng.integers(0, 5, count), rng.normal(size=count)
        terminated, truncated = rng.random((2, count)) < ends
        self.replay.add(frames, action, reward, terminated, truncated, rows)
        for i, row in enumerate(rows):
            self.lists[row].add(frames[i], action[i], reward[i], terminated[i], truncated[i])
        cut = rng.random(count) < 0.02
        shut = (truncated & ~terminated) | (terminated & (rng.random(count) < 0.5)) | cut
        last = rng.integers(0, 256, (shut.sum(), *SHAPE), dtype=np.uint8)
        self.replay.close(last, rows[shut])
        for i, row in enumerate(rows[shut]):
            self.lists[row].close(last[i])

    def check(self) -> int:
        """All that can be drawn is drawn, equals the oracle's, and nothing else comes."""
        lanes = len(self.lists)
        known = {
            number * lanes + lane: one
            for lane, listed in enumerate(self.lists)
            for number, one in listed.known().items()
        }
        assert len(self.replay) == len(known)
        if not known:
            return 0
        batch = self.replay.sample(20 * len(known) + 20, seeded())
        assert set(batch.index.tolist()) == set(known)
        for index, i in {index: i for i, index in enumerate(batch.index.tolist())}.items():
            one = known[index]
            assert np.array_equal(batch.observation[i].numpy(), one.before)
            assert np.array_equal(batch.next_observation[i].numpy(), one.after)
            assert int(batch.action[i]) == one.action
            assert float(batch.reward[i]) == pytest.approx(one.reward, abs=1e-5)
            assert float(batch.discount[i]) == pytest.approx(one.discount, abs=1e-6)
        return len(known)


@pytest.mark.parametrize("prioritised", [False, True])
@pytest.mark.parametrize(("stack", "steps"), [(1, 1), (3, 1), (1, 3), (3, 4)])
@pytest.mark.parametrize("lanes", [1, 3])
def test_as_lists_of_episodes(backend, stack, steps, lanes, prioritised):
    priority = Priority() if prioritised else None
    both = Both(7 * lanes, lanes, stack=stack, steps=steps, priority=priority)
    most = 0
    for step in range(120):
        both.step()
        if step < 20 or step % 9 == 0:
            most = max(most, both.check())
    assert most >= 6 * lanes  # the ring was full, so it was tried over its write head


def test_without_ends_the_capacity_is_reached():
    both = Both(20, 2, stack=4, steps=3)
    for _ in range(60):
        both.step(ends=0.0)
    assert len(both.replay) <= 20
    assert both.check() >= 15


def fill(replay: Replay, count: int, lanes: int, start: int = 0) -> None:
    """Steps 0, 1, 2 .. on every lane; the frame of a step is its number, no episode ends."""
    zeros = np.zeros(lanes)
    for number in range(start, start + count):
        frame = np.full((lanes, 1), number, np.float32)
        replay.add(frame, zeros, zeros + number, zeros > 0, zeros > 0)


def plain(capacity=8, lanes=1, **options) -> Replay:
    return Replay(capacity, lanes, ((1,), np.float32), **options)


def test_truncation_keeps_its_discount_and_termination_has_none():
    replay = plain(lanes=2, steps=2, discount=0.5)
    false = np.zeros(2, bool)
    replay.add(np.zeros((2, 1)), [0, 0], [1.0, 1.0], false, false)
    replay.add(np.ones((2, 1)), [0, 0], [2.0, 2.0], [True, False], [False, True])
    replay.close(np.full((1, 1), 2.0), [1])
    batch = replay.sample(200, seeded())
    lane, first = batch.index % 2, batch.index // 2 == 0
    assert set(batch.discount[lane == 0].tolist()) == {0.0}
    assert set(batch.discount[(lane == 1) & first].tolist()) == {0.25}
    assert set(batch.discount[(lane == 1) & ~first].tolist()) == {0.5}
    assert set(batch.next_observation[lane == 1].reshape(-1).tolist()) == {2.0}
    assert set(batch.reward[first].tolist()) == {2.0}


def test_parts_of_an_observation_by_name():
    parts = {"depth": ((4, 4), np.uint8), "goal": ((2,), np.float32)}
    replay = Replay(10, 2, parts, stack=3)
    for _ in range(3):
        frame = {"depth": np.ones((2, 4, 4), np.uint8), "goal": np.ones((2, 2))}
        replay.add(frame, [0, 1], [0.0, 0.0], [False, False], [False, False])
    batch = replay.sample(5, seeded())
    assert batch.observation["depth"].shape == (5, 3, 4, 4)
    assert batch.observation["depth"].dtype == torch.uint8
    assert batch.next_observation["goal"].shape == (5, 3, 2)
    with pytest.raises(InputError, match=r"observation: expected \['depth', 'goal'\]"):
        replay.add({"depth": frame["depth"]}, [0, 1], [0, 0], [False] * 2, [False] * 2)


def test_same_seed_same_batch_and_every_transition_as_often():
    replay = plain(capacity=40, lanes=4)
    fill(replay, 30, 4)
    batch = replay.sample(40_000, seeded(3))
    assert torch.equal(batch.index, replay.sample(40_000, seeded(3)).index)
    counts = torch.unique(batch.index, return_counts=True)[1].double()
    assert len(counts) == 40
    chi = float(((counts - 1000) ** 2 / 1000).sum())
    assert chi < 80  # 39 degrees of freedom: more has a chance of 1e-4


def test_new_transitions_have_the_highest_priority_and_old_ones_none():
    replay = plain(capacity=6, priority=Priority(exponent=1.0, epsilon=1e-9))
    fill(replay, 5, 1)
    batch = replay.sample(64, seeded())
    replay.update(batch.index, torch.full((64,), 5.0))
    first = replay.sample(64, seeded()).index
    replay.update(first[:1], torch.tensor([0.0]))
    fill(replay, 2, 1, start=5)  # two new ones, at priority 5 like the others
    batch = replay.sample(5000, seeded())
    share = torch.unique(batch.index, return_counts=True)[1].double() / 5000
    assert len(share) == 5
    assert share.allclose(torch.full((5,), 0.2, dtype=torch.double), atol=1e-3)
    fill(replay, 20, 1, start=7)
    batch = replay.sample(5000, seeded())
    assert set(batch.index.tolist()) == set(range(20, 26))


def test_weights_are_those_of_the_paper():
    settings = Priority(exponent=0.5, correction=0.4, correction_steps=2, epsilon=0.25)
    replay = plain(capacity=4, priority=settings)
    fill(replay, 5, 1)
    raw = torch.tensor([0.0, 0.75, 2.0, 3.75])
    replay.update(torch.arange(4), raw)
    chance = (raw.double() + 0.25).sqrt()
    chance = chance / chance.sum()
    for beta in (0.4, 0.7, 1.0, 1.0):
        batch = replay.sample(400, seeded())
        drawn = torch.bincount(batch.index, minlength=4) / 400
        assert drawn.double().allclose(chance, atol=0.01)
        weight = (4 * chance) ** -beta
        assert batch.weight.double().allclose((weight / weight.max())[batch.index], atol=1e-6)


def test_priorities_of_transitions_that_left_are_passed_over():
    replay = plain(capacity=4, priority=Priority(exponent=1.0))
    fill(replay, 5, 1)
    index = torch.arange(4)
    fill(replay, 3, 1, start=5)  # 3, 4, 5 and 6 stand; 7 waits
    replay.update(index, torch.tensor([100.0, 100.0, 100.0, 3.0]))
    drawn = torch.bincount(replay.sample(6000, seeded()).index, minlength=7) / 6000
    assert drawn[3:].allclose(torch.tensor([3, 1, 1, 1]) / 6, atol=0.01)
    with pytest.raises(ValueError, match="not negative"):
        replay.update(torch.tensor([5]), torch.tensor([float("nan")]))


def test_misuse_is_named():
    replay = plain(lanes=2)
    with pytest.raises(InputError, match="nothing can be drawn"):
        replay.sample(1, seeded())
    with pytest.raises(InputError, match="none is open"):
        replay.close(np.zeros((1, 1)), [0])
    replay.add(np.zeros((2, 1)), [0, 0], [0, 0], [False] * 2, [True, False])
    with pytest.raises(InputError, match=r"lanes \[0\]: their episodes were truncated"):
        replay.add(np.zeros((2, 1)), [0, 0], [0, 0], [False] * 2, [False] * 2)
    with pytest.raises(InputError, match=r"observation: expected \(1, 1\), got \(1, 2\)"):
        replay.close(np.zeros((1, 2)), [0])
    replay.close(np.zeros((1, 1)), [0])
    with pytest.raises(InputError, match=r"lanes \[0\]: close"):
        replay.close(np.zeros((1, 1)), [0])
    with pytest.raises(InputError, match=r"reward: expected shape \(2,\)"):
        replay.add(np.zeros((2, 1)), [0, 0], 0.0, [False] * 2, [False] * 2)
    with pytest.raises(InputError, match="different numbers below 2"):
        replay.close(np.zeros((2, 1)), [1, 1])
    for capacity, steps in ((1, 1), (7, 4)):
        with pytest.raises(InputError, match="capacity: expected at least one per lane and step"):
            plain(capacity=capacity, lanes=2, steps=steps)


def same(a, b) -> None:
    for name in ("observation", "action", "reward", "next_observation", "discount", "weight"):
        assert torch.equal(getattr(a, name), getattr(b, name)), name
    assert torch.equal(a.index, b.index)


@pytest.mark.parametrize("prioritised", [False, True])
@pytest.mark.parametrize("where", ["state", "mapped", "kept"])
@pytest.mark.parametrize("steps_before", [4, 60])
def test_a_state_goes_on_exactly(tmp_path, prioritised, where, steps_before):
    options = {"stack": 3, "steps": 2, "spare": 30}
    options |= {"priority": Priority()} if prioritised else {}
    folder = {"folder": tmp_path / "replay"} if where == "mapped" else {}
    kept = tmp_path / "kept" if where == "kept" else None
    both = Both(21, 3, **options, **folder)
    for _ in range(steps_before):
        both.step()
    if prioritised:
        batch = both.replay.sample(8, seeded())
        both.replay.update(batch.index, torch.rand(8, generator=seeded()))
    both.replay.state(kept)
    both.step()
    torch.save(both.replay.state(kept), tmp_path / "state.pt")
    before = both.replay.sample(100, seeded(1))
    for _ in range(8):  # goes on after the state, then dies
        both.step()
    both.replay.state(kept)
    again = Replay(21, 3, (SHAPE, np.uint8), discount=0.9, **options, **folder)
    again.restore(torch.load(tmp_path / "state.pt", weights_only=True), kept)
    same(before, again.sample(100, seeded(1)))


@pytest.mark.parametrize("mapped", [False, True])
def test_an_episode_that_was_closed_after_a_state_is_open_in_it(tmp_path, mapped):
    options = {"folder": tmp_path} if mapped else {}
    kept = None if mapped else tmp_path
    replay = plain(stack=2, **options)
    fill(replay, 3, 1)
    replay.add(np.full((1, 1), 3.0), [0], [3.0], [True], [False])
    state = replay.state(kept)
    before = replay.sample(50, seeded(1))
    replay.close(np.full((1, 1), 4.0), [0])
    after = replay.sample(50, seeded(1))
    assert not torch.equal(before.next_observation, after.next_observation)
    replay.state(kept)
    again = plain(stack=2, **options)
    again.restore(state, kept)
    same(before, again.sample(50, seeded(1)))
    again.close(np.full((1, 1), 4.0), [0])
    same(after, again.sample(50, seeded(1)))


@pytest.mark.parametrize("mapped", [False, True])
def test_with_files_a_state_is_as_small_as_its_counters(tmp_path, mapped):
    folder = tmp_path if mapped else None
    replay = plain(500, 2, folder=folder, priority=Priority())
    fill(replay, 300, 2)
    state = replay.state(tmp_path)
    assert set(state["priorities"]) == {"top", "drawn"}
    assert not state["frames"]
    assert sum(part.numel() for part in state["lanes"].values()) == 7 * 2
    seen = sum(path.stat().st_size for path in tmp_path.glob("priorities_*"))
    fill(replay, 3, 2, start=300)
    replay.state(tmp_path)
    more = sum(path.stat().st_size for path in tmp_path.glob("priorities_*")) - seen
    assert more == 16 * 2 * 2  # a lane's newest and oldest: between them places were taken again


def test_a_state_whose_files_are_of_an_older_kind_is_refused(tmp_path):
    replay = plain()
    fill(replay, 3, 1)
    state = replay.state(tmp_path)
    del state["files"]
    with pytest.raises(InputError, match="the frames of this state are in files"):
        plain().restore(state, tmp_path)
    with pytest.raises(InputError, match="the frames of this state are in files"):
        plain().restore(replay.state(tmp_path))


def test_frames_in_files_outlive_what_is_spared_and_no_more(tmp_path):
    replay = plain(folder=tmp_path, spare=5)
    fill(replay, 20, 1)
    state = replay.state()
    assert replay.left == 5
    fill(replay, 5, 1, start=20)
    assert replay.left == 0
    plain(folder=tmp_path, spare=5).restore(state)
    fill(replay, 1, 1, start=25)
    with pytest.raises(InputError, match="6 frames of a lane came after this state and 5 are"):
        plain(folder=tmp_path, spare=5).restore(state)


def test_frames_of_another_run_are_not_taken(tmp_path):
    replay = plain(folder=tmp_path)
    fill(replay, 5, 1)
    state = replay.state()
    fill(plain(folder=tmp_path), 5, 1)
    with pytest.raises(InputError, match="holds no frames of this state"):
        plain(folder=tmp_path).restore(state)
    with pytest.raises(InputError, match=r"steps: the state has 1, expected 2"):
        plain(folder=tmp_path, steps=2).restore(state)
    assert plain().left is None


@pytest.mark.parametrize("mapped", [False, True])
def test_a_restored_replay_goes_on_like_the_unbroken_one(tmp_path, mapped):
    options = {"capacity": 12, "lanes": 2, "priority": Priority()}
    options |= {"folder": tmp_path} if mapped else {}
    kept = None if mapped else tmp_path
    whole = plain(**(options | {"folder": None}))
    fill(whole, 10, 2)
    broken = plain(**options)
    fill(broken, 10, 2)
    state = broken.state(kept)
    fill(broken, 7, 2, start=50)  # lost with the process
    again = plain(**options)
    again.restore(state, kept)
    for replay in (whole, again):
        fill(replay, 6, 2, start=10)
        batch = replay.sample(4, seeded(1))
        replay.update(batch.index, batch.reward)
    same(whole.sample(64, seeded(2)), again.sample(64, seeded(2)))


def test_a_million_atari_transitions_take_less_than_8_gb():
    def held(capacity):
        replay = Replay(capacity, 8, ((84, 84), np.uint8), stack=4, steps=3, priority=Priority())
        return replay.bytes

    each = (held(3000) - held(2000)) / 1000
    assert held(2000) - 2000 * each < 8 * 8 * 84 * 84 + 1000  # a few frames more per lane
    assert 84 * 84 < each < 84 * 84 + 60
    assert each * 1e6 < 7.2e9
