"""Episodes stay apart whichever way environments reset themselves; lives, stacks, clipping."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from rl.collect import Collector, parts_of, stacked
from rl.replay import Replay
from rl.transitions import Transitions

MODES = list(AutoresetMode)


class Counting(gymnasium.Env):
    """Tells (episode, step of it) and ends after `length` steps; the reward is 10 + step."""

    observation_space = spaces.Box(0, 1000, (2,), np.float32)
    action_space = spaces.Discrete(3)

    def __init__(self, length: int, cut: bool, first: int = 0) -> None:
        self.length, self.cut, self.episode, self.count = length, cut, first - 1, 0

    def _told(self) -> np.ndarray:
        return np.array([self.episode, self.count], np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.episode, self.count = self.episode + 1, 0
        return self._told(), {}

    def step(self, action: int) -> Any:
        self.count += 1
        over = self.count == self.length
        return self._told(), 10.0 + self.count, over and not self.cut, over and self.cut, {}


class Pictures(Counting):
    """The same as a dict of a byte frame and the count."""

    observation_space = spaces.Dict(  # type: ignore[assignment]
        {
            "image": spaces.Box(0, 255, (1, 2), np.uint8),
            "count": spaces.Box(0, 1000, (), np.float64),
        }
    )

    def _told(self) -> Any:
        image = np.array([[self.episode, self.count]], np.uint8)
        return {"image": image, "count": np.float64(self.count)}


class Cycling:
    """Actions 0, 1, 2, 0 ... on all lanes; keeps what it saw."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def act(self, observation: Any, epsilon: float, generator: torch.Generator) -> np.ndarray:
        self.seen.append(observation)
        lanes = len(observation["count"] if isinstance(observation, dict) else observation)
        return np.full(lanes, (len(self.seen) - 1) % 3)


def counting(mode: AutoresetMode) -> VectorEnv:
    """Three lanes: one ends by termination after 3 steps, the others are cut after 2 and 4."""
    makes = [
        lambda: Counting(3, False, 0),
        lambda: Counting(2, True, 100),
        lambda: Counting(4, True, 200),
    ]
    return SyncVectorEnv(makes, autoreset_mode=mode)


def collected(
    envs: VectorEnv, turns: int, *, stack: int = 1, steps: int = 1, clip: bool = False
) -> tuple[Replay, list[Any], Cycling, Collector]:
    replay = Replay(
        3000,
        envs.num_envs,
        parts_of(envs.single_observation_space),
        stack=stack,
        steps=steps,
        discount=0.5,
    )
    actor = Cycling()
    collector = Collector(envs, actor, replay, stack=stack, clip_rewards=clip)
    collector.start(envs.reset(seed=0)[0])
    generator = torch.Generator()
    told = [collector.step(0.0, generator) for _ in range(turns)]
    return replay, told, actor, collector


def everything(replay: Replay) -> Transitions:
    """So many draws that each transition is among them."""
    return replay.sample(200 * len(replay), torch.Generator().manual_seed(0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("steps", [1, 3])
def test_no_transition_crosses_the_end_of_an_episode(mode: AutoresetMode, steps: int) -> None:
    replay, *_ = collected(counting(mode), 40, steps=steps)
    batch = everything(replay)
    before, after = batch.observation, batch.next_observation
    assert isinstance(before, torch.Tensor)
    assert isinstance(after, torch.Tensor)
    assert (before[:, 0] == after[:, 0]).all()
    taken = (after[:, 1] - before[:, 1]).long()
    assert taken.min() >= 1
    assert taken.max() == steps
    lengths = torch.tensor([3, 2, 4])[(before[:, 0] // 100).long()]
    # Fewer steps than n only at an end, and no transition starts at the last frame.
    assert ((taken == steps) | (after[:, 1] == lengths)).all()
    assert (before[:, 1] < lengths).all()
    # r = sum of gamma^k (10 + count) by loops; gamma^m after truncation, 0 after termination.
    for row in range(0, len(batch), 97):
        count, m = int(before[row, 1]), int(taken[row])
        reward = sum(0.5**k * (10 + count + k + 1) for k in range(m))
        assert batch.reward[row] == pytest.approx(reward)
        ends = before[row, 0] < 100 and after[row, 1] == 3
        assert batch.discount[row] == (0.0 if ends else 0.5**m)


@pytest.mark.parametrize("mode", MODES)
def test_every_transition_is_there_once_and_every_episode_is_told(mode: AutoresetMode) -> None:
    replay, told, *_ = collected(counting(mode), 40)
    dead = mode == AutoresetMode.NEXT_STEP  # each end costs a turn
    acted, rows = 0, []
    for first, length in ((0, 3), (100, 2), (200, 4)):
        period = length + dead
        ends = [turn for turn in range(1, 41) if turn % period == length % period]
        acted += 40 - (len([end for end in ends if end < 40]) if dead else 0)
        total = sum(10.0 + k for k in range(1, length + 1))
        rows += [(total, length)] * len(ends)
        del first
    assert sum(turn.steps for turn in told) == acted
    assert sorted(e for turn in told for e in turn.episodes) == sorted(rows)
    found = everything(replay)
    assert isinstance(found.observation, torch.Tensor)
    # The last one of a lane whose episode still runs waits for its next frame.
    assert acted - 3 <= len(torch.unique(found.observation, dim=0)) <= acted


@pytest.mark.parametrize("mode", MODES)
def test_the_agent_sees_stacks_of_one_episode(mode: AutoresetMode) -> None:
    replay, _, actor, _ = collected(counting(mode), 20, stack=3)
    for seen in actor.seen:
        assert seen.shape == (3, 3, 2)
        assert (seen[:, :, 0] == seen[:, -1:, 0]).all()
        assert (seen[:, :, 1] == np.maximum(seen[:, -1:, 1] - [[2, 1, 0]], 0)).all()
    batch = everything(replay)
    assert isinstance(batch.observation, torch.Tensor)
    known = {seen[lane].tobytes() for seen in actor.seen for lane in range(3)}
    assert {row.numpy().tobytes() for row in torch.unique(batch.observation, dim=0)} <= known


@pytest.mark.parametrize("mode", MODES)
def test_observations_may_be_dicts(mode: AutoresetMode) -> None:
    envs = SyncVectorEnv([lambda: Pictures(3, True)] * 2, autoreset_mode=mode)
    replay, *_ = collected(envs, 12, stack=2)
    batch = everything(replay)
    assert isinstance(batch.observation, dict)
    assert isinstance(batch.next_observation, dict)
    assert batch.observation["image"].shape[1:] == (2, 1, 2)
    assert batch.observation["image"].dtype == torch.uint8
    assert batch.observation["count"].dtype == torch.float32
    same = batch.observation["image"][..., 0] == batch.next_observation["image"][..., 0]
    assert same.all()
    assert (batch.next_observation["count"][:, 1] - batch.observation["count"][:, 1] == 1).all()


def test_the_replay_learns_signs_and_episodes_tell_raw_rewards() -> None:
    replay, told, *_ = collected(counting(AutoresetMode.SAME_STEP), 12, clip=True)
    assert (everything(replay).reward == 1).all()
    assert told[1].episodes == [(23.0, 2)]


class Lives(VectorEnv):
    """One lane of 6 steps that loses a life at step 3."""

    metadata: ClassVar = {"autoreset_mode": AutoresetMode.NEXT_STEP}
    num_envs = 1
    single_observation_space = spaces.Box(0, 1000, (), np.float32)
    single_action_space = spaces.Discrete(3)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, actions: Any) -> Any:
        self.count += 1
        over, none = np.array([self.count == 6]), np.array([False])
        frame = np.full(1, self.count, np.float32)
        return frame, np.ones(1), over, none, {"life_lost": np.array([self.count in (3, 6)])}


def test_a_lost_life_ends_the_episode_of_the_replay_alone() -> None:
    replay, told, actor, _ = collected(Lives(), 6, stack=2)
    batch = everything(replay)
    assert isinstance(batch.observation, torch.Tensor)
    newest = batch.observation[:, 1]
    assert set(newest[batch.discount == 0].tolist()) == {2.0, 5.0}
    assert set(newest.tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    assert [e for turn in told for e in turn.episodes] == [(6.0, 6)]
    # What comes after the life is not stacked upon what was before, in both alike.
    assert actor.seen[3].tolist() == [[3.0, 3.0]]
    assert (batch.observation[newest == 3] == 3).all()


def test_cutting_keeps_what_ran_as_truncated_episodes() -> None:
    replay, _, _, collector = collected(counting(AutoresetMode.NEXT_STEP), 5)
    # The first lane runs its second episode, the second is dead, the third was reset just now.
    collector.cut()
    batch = everything(replay)
    assert isinstance(batch.observation, torch.Tensor)
    assert isinstance(batch.next_observation, torch.Tensor)
    assert len(torch.unique(batch.observation, dim=0)) == 4 + 4 + 4
    last = (batch.observation == torch.tensor([1.0, 0.0])).all(1)
    assert (batch.discount[last] == 0.5).all()
    assert (batch.next_observation[last] == torch.tensor([1.0, 1.0])).all()
    collector.start(collector.envs.reset(seed=1)[0])
    for _ in range(5):
        collector.step(0.0, torch.Generator())
    after = everything(replay)
    assert isinstance(after.observation, torch.Tensor)
    assert isinstance(after.next_observation, torch.Tensor)
    assert (after.observation[:, 0] == after.next_observation[:, 0]).all()


def test_spaces_are_stored_and_stacked_as_they_are() -> None:
    image = spaces.Box(0, 255, (84, 84), np.uint8)
    assert parts_of(image) == ((84, 84), np.dtype(np.uint8))
    assert parts_of(spaces.Box(-1, 1, (3,), np.float64)) == ((3,), np.dtype(np.float32))
    assert parts_of(spaces.Discrete(5)) == ((), np.dtype(np.int64))
    assert stacked(image, 1) is image
    assert stacked(image, 4) == spaces.Box(0, 255, (4, 84, 84), np.uint8)
    both = spaces.Dict({"image": image})
    assert stacked(both, 2)["image"].shape == (2, 84, 84)  # type: ignore[index]
    with pytest.raises(ValueError, match=r"stack: .*Box"):
        stacked(spaces.Discrete(3), 2)
