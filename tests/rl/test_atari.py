"""Atari protocols: the traps of the names that lie, and two ways to play that agree."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from core2d.errors import InputError
from rl.atari import (
    GAMES,
    Protocol,
    described,
    machado,
    nature,
    nips,
    resolved,
    rom_of,
    shares,
    words,
)
from rl.environments import make, make_one, reset

pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
PLAIN = Protocol(sticky=0.0, noops=0)


def play(name: str, steps: int, protocol: Protocol, lanes: int = 2) -> list[tuple[Any, ...]]:
    """Random play, every lane the same actions."""
    envs, generator = make(name, lanes, protocol=protocol), np.random.default_rng(0)
    reset(envs, 0)
    count = envs.single_action_space.n  # type: ignore[attr-defined]
    return [envs.step(np.full(lanes, generator.integers(count))) for _ in range(steps)]


def test_ids_that_are_atari_games() -> None:
    assert rom_of("ALE/SpaceInvaders-v5") == "space_invaders"
    assert rom_of("PongNoFrameskip-v4") == "pong"
    assert rom_of("CartPole-v1") is None
    assert [rom_of(f"ALE/{game}-v5") is not None for game in GAMES] == [True] * 5


def test_id_gives_the_stickiness_unless_told() -> None:
    assert resolved("ALE/Pong-v5", Protocol()).sticky == 0.25
    assert resolved("PongNoFrameskip-v4", Protocol()).sticky == 0.0
    assert resolved("ALE/Pong-v5", nature()).sticky == 0.0
    told = described("ALE/Pong-v5", machado())
    assert (told["sticky"], told["skip"], told["frames"], told["full_actions"]) == (
        0.25,
        4,
        108_000,
        True,
    )
    assert described("CartPole-v1") == {}


def test_a_protocol_in_words() -> None:
    assert words(described("ALE/Pong-v5", nature())) == (
        "sticky actions 0, 4 frames a step, fewer than 30 frames without action first, "
        "minimal actions, cut after 108,000 frames"
    )
    assert words(described("ALE/Pong-v5", machado())) == (
        "sticky actions 0.25, 4 frames a step, 18 actions, cut after 108,000 frames"
    )
    assert words({}) == ""


def test_sticky_lanes_part_and_others_do_not() -> None:
    for sticky, same in ((0.0, True), (0.25, False)):
        steps = play("ALE/Pong-v5", 50, replace(PLAIN, sticky=sticky))
        assert all(np.array_equal(*frames) for frames, *_ in steps) is same


def test_noops_make_lanes_differ_at_the_start() -> None:
    waits = reset(make("ALE/Breakout-v5", 3, protocol=nature()), 1)[1]["frame_number"]
    assert len(set(waits.tolist())) == 3
    assert waits.max() < 30
    assert set(reset(make("ALE/Breakout-v5", 2, protocol=PLAIN), 1)[1]["frame_number"]) == {0}


def test_native_and_single_games_are_the_same() -> None:
    """Frames to one grey level, rewards, ends and lives of 150 steps."""
    envs, one = (
        make("ALE/Breakout-v5", 1, protocol=PLAIN),
        make_one("ALE/Breakout-v5", protocol=PLAIN),
    )
    generator = np.random.default_rng(0)
    frames, (frame, info) = reset(envs, 0)[0], one.reset(seed=0)
    assert frames.shape == (1, 84, 84)
    assert frames.dtype == frame.dtype == np.uint8
    lost = 0
    for _ in range(150):
        np.testing.assert_allclose(frames[0].astype(int), frame.astype(int), atol=1)
        action = int(generator.integers(4))
        frames, reward, terminated, truncated, infos = envs.step(np.array([action]))
        frame, *expected, info = one.step(action)
        assert [reward[0], terminated[0], truncated[0]] == expected
        assert infos["life_lost"][0] == info["life_lost"]
        lost += info["life_lost"]
    assert lost >= 2


def test_a_lost_life_is_told_and_the_game_goes_on() -> None:
    """ale-py's episodic_life would begin the whole game anew, so that lives never fell below 4."""
    steps = play("ALE/Breakout-v5", 400, PLAIN, lanes=1)
    lives = [int(infos["lives"][0]) for *_, infos in steps]
    told = [bool(infos["life_lost"][0]) for *_, infos in steps]
    fell = [now < before for before, now in zip([5, *lives], lives, strict=False)]
    assert told == fell
    assert min(lives) == 0
    ended = [bool(step[2][0]) for step in steps]
    assert sum(ended) == sum(life == 0 and f for life, f in zip(lives, fell, strict=True))
    silent = play("ALE/Breakout-v5", 3, replace(PLAIN, life_loss=False), lanes=1)
    assert "life_lost" not in silent[0][4]


def test_rewards_are_raw() -> None:
    """ale-py clips unless told otherwise; an invader is worth 5 to 30."""
    steps = play("ALE/SpaceInvaders-v5", 200, PLAIN, lanes=1)
    rewards = np.array([step[1][0] for step in steps])
    assert rewards.dtype == np.float32
    assert rewards.max() >= 5


def test_time_limit_counts_frames_and_not_steps() -> None:
    told = replace(PLAIN, frames=200)
    steps = play("ALE/Pong-v5", 51, told, lanes=1)
    truncated = [bool(step[3].all()) for step in steps]
    assert truncated.index(True) == 49
    assert not any(step[2].any() for step in steps)
    one = make_one("ALE/Pong-v5", protocol=told)
    one.reset(seed=0)
    ends = [one.step(0)[2:4] for _ in range(50)]
    assert ends[48:] == [(False, False), (False, True)]


def test_frames_stay_as_they_were_given() -> None:
    """ale-py may reuse its memory; what a step gave must not change with the next ones."""
    envs, generator = make("ALE/Pong-v5", 2, protocol=PLAIN), np.random.default_rng(0)
    kept = [reset(envs, 0)[0]]
    copies = [kept[0].copy()]
    for _ in range(60):
        kept.append(envs.step(generator.integers(0, 6, 2))[0])
        copies.append(kept[-1].copy())
    for frame, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(frame, copy)


def test_pooling_and_actions_and_size() -> None:
    pooled, single = (
        np.stack([step[0][0] for step in play("ALE/SpaceInvaders-v5", 40, p, lanes=1)])
        for p in (PLAIN, replace(PLAIN, pool=False))
    )
    assert (pooled >= single).mean() > 0.99
    assert (pooled > single).any()
    assert make("ALE/Pong-v5", 1, protocol=machado()).single_action_space.n == 18  # type: ignore[attr-defined]
    assert make("ALE/Pong-v5", 1).single_action_space.n == 6  # type: ignore[attr-defined]
    small = make("ALE/Pong-v5", 2, protocol=replace(PLAIN, size=42))
    assert reset(small, 0)[0].shape == (2, 42, 42)
    assert small.observation_space.shape == (2, 42, 42)


def test_fire_starts_breakout() -> None:
    fired = replace(PLAIN, fire=True)
    assert reset(make("ALE/Breakout-v5", 1, protocol=fired), 0)[1]["frame_number"][0] == 1
    one = make_one("ALE/Breakout-v5", protocol=fired)
    assert one.reset(seed=0)[1]["frame_number"] == 1


def test_same_seed_same_game() -> None:
    runs = []
    for _ in range(2):
        envs = make("ALE/Breakout-v5", 2, protocol=machado())
        reset(envs, 4)
        runs.append([envs.step(np.full(2, step % 4)) for step in range(40)])
    for one, other in zip(*runs, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_shares_keep_means_and_halve_exactly() -> None:
    weights = shares(84, 210)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(weights.sum(0), 84 / 210, atol=1e-6)
    np.testing.assert_array_equal(shares(2, 4), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])


def test_published_protocols_and_impossible_ones() -> None:
    assert (nips().pool, nips().noops, nature().noops, machado().noops) == (False, 0, 30, 0)
    for wrong in ({"sticky": 1.5}, {"skip": 0}, {"noops": -1}, {"frames": 0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            Protocol(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"protocol\.frames"):
        make("ALE/Pong-v5", 2, limit=100)


def test_sync_and_rendering() -> None:
    envs = make("ALE/Pong-v5", 2, vectorise="sync", protocol=nature())
    assert reset(envs, 0)[0].shape == (2, 84, 84)
    assert envs.step(np.zeros(2, np.int64))[4]["life_lost"].tolist() == [False, False]
    one = make_one("ALE/Pong-v5", protocol=PLAIN, render=True)
    one.reset(seed=0)
    picture = one.render()
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (210, 160, 3)
    assert isinstance(one, gymnasium.Env)
