"""Agents beside chance, rules and an oracle: the same test episodes for all."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
import torch

from geomdl.recipes import worlds_dqn as w
from rl.runs import open_run
from rl.train import How, train
from scenes.envs.world import WorldVectorEnv


class Echo:
    """An agent that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def act(self, observation, epsilon, generator, /):
        assert epsilon == 0
        self.shown.append(np.array(observation))
        return np.zeros(len(observation), np.int64)


class Frames(gymnasium.vector.VectorEnv):
    """Two lanes of single numbers."""

    num_envs = 2
    single_observation_space = gymnasium.spaces.Box(0, 255, (1,), np.uint8)


def test_a_learned_player_stacks_the_frames_of_its_episode() -> None:
    echo = Echo()
    run = SimpleNamespace(agent=echo, settings=SimpleNamespace(stack=3))
    player = w.Learned(run, Frames())  # type: ignore[arg-type]
    for value, fresh in ((1, [True, True]), (2, [False, False]), (3, [False, True])):
        player(np.full((2, 1), value, np.uint8), np.array(fresh))
    assert [shown[..., 0].tolist() for shown in echo.shown] == [
        [[1, 1, 1], [1, 1, 1]],
        [[1, 1, 2], [1, 1, 2]],
        [[1, 2, 3], [3, 3, 3]],
    ]


@pytest.mark.parametrize("name", w.WORLDS)
def test_the_settings_fit_their_world(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(w, "LANES", 2)
    monkeypatch.setattr(w, "EPISODES", 2)
    settings, others = w.WORLDS[name]
    given = {"NextBestView": "objects=2", "ObjectGoal": "rooms=1", "VoxelMaze": "mazes=2"}[name]
    settings = replace(
        settings,
        arguments=(*settings.arguments, given),
        steps=40,
        lanes=2,
        limit=5,
        episodes=0,
        learn=replace(settings.learn, begins=20, batch=4),
    )
    outcome = train(settings, tmp_path, how=How(threads=1, tensorboard=False, progress=False))
    envs = w.world_of_tests(settings)
    assert isinstance(envs, WorldVectorEnv)
    with torch.inference_mode():
        found = w.told(w.play(envs, w.Learned(open_run(outcome.folder), envs), 2))
    envs = w.world_of_tests(settings, parts=False)
    assert set(envs.single_observation_space) != {"voxels"}  # rules see what is shown unasked
    assert set(found) == {
        "return",
        *(("coverage",) if name == "NextBestView" else ("success", "spl")),
    }
    for player in (others.scripted(envs), others.oracle(envs)):
        assert set(w.told(w.play(envs, player, 2))) == set(found)


def test_the_lead_is_over_the_better_of_chance_and_rules(monkeypatch) -> None:
    marks = {who: {"return": value} for who, value in
             (("random", 0.3), ("scripted", 0.1), ("oracle", 0.9))}  # fmt: skip
    monkeypatch.setattr(w, "marks", lambda name: marks)
    more = w.conclude({f"return_{name}": [0.5, 0.2] for name in w.WORLDS})
    assert more["lead_ObjectGoal"] == pytest.approx([0.2, -0.1])
    assert more["return_VoxelMaze_oracle"] == [0.9, 0.9]
