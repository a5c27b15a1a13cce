"""Small networks stay on one thread of the processor; the memory is the settings' one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from core2d.errors import InputError
from rl import start
from rl.agent import Agent
from rl.environments import make_for
from rl.settings import Learn, Memory, Settings, dqn
from rl.start import device_for, replay_for, set_threads

VECTOR, IMAGE = spaces.Box(-1, 1, (4,)), spaces.Box(0, 255, (12, 12), np.uint8)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_vectors_take_one_thread_and_images_all() -> None:
    set_threads(0, Agent(dqn(), IMAGE, spaces.Discrete(2)))
    assert torch.get_num_threads() == 2
    set_threads(0, Agent(dqn(), VECTOR, spaces.Discrete(2)))
    assert torch.get_num_threads() == 1
    set_threads(2, Agent(dqn(), VECTOR, spaces.Discrete(2)))
    assert torch.get_num_threads() == 2


def test_a_gpu_is_for_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_for("auto", dqn(), VECTOR).type == "cpu"
    assert device_for("auto", dqn(), IMAGE).type == "cuda"
    assert device_for("auto", dqn(), spaces.Dict({"a": VECTOR, "b": IMAGE})).type == "cuda"
    assert device_for("cpu", dqn(), IMAGE).type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_for("auto", dqn(), IMAGE).type == "cpu"


def test_the_memory_is_the_settings_one(tmp_path: Path) -> None:
    settings = replace(
        dqn(),
        lanes=2,
        steps=1000,
        checkpoint=100,
        replay=Memory(capacity=60, steps=2, prioritised=True, on_disk=True),
        learn=Learn(begins=200, every=4, updates=2, discount=0.5),
    )
    replay = replay_for(settings, ((3,), np.float32), tmp_path)
    assert (tmp_path / "replay").is_dir()
    assert replay.left is not None
    assert replay.left >= 2 * 100 // 2
    frame = np.zeros((2, 3), np.float32)
    for _ in range(50):
        replay.add(frame, [0, 1], [1.0, 1.0], [False, False], [False, False])
    assert len(replay) == 60
    batch = replay.sample(4, torch.Generator().manual_seed(0))
    assert (batch.reward == 1.5).all()
    assert (batch.discount == 0.25).all()
    assert replay._priorities is not None
    assert replay._priorities.settings.correction_steps == 400


def test_a_checkpoint_that_never_comes_takes_no_room(tmp_path: Path) -> None:
    few = replace(dqn(), lanes=2, steps=100, checkpoint=10**9, replay=Memory(capacity=60))
    replay = replay_for(few, ((3,), np.float32), tmp_path)
    assert 2 * 100 // 2 <= replay.spare <= 4 * 500_002


def test_environments_are_tried_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What others wrote; what comes with Gymnasium is known. Nothing stays open."""
    closed: list[str] = []
    real = make_for

    def watched(settings: Settings) -> Any:
        envs = real(settings)
        monkeypatch.setattr(envs, "close", lambda: closed.append(settings.env))
        return envs

    tried: list[str] = []
    monkeypatch.setattr("rl.start.make_for", watched)
    monkeypatch.setattr("rl.environments.expect_rules", lambda name, env: tried.append(name))
    start.envs_for(replace(dqn(), lanes=1))
    start.envs_for(replace(dqn(), lanes=1, env="tests.rl.worlds:Count-v0"))
    wrapped = ("gymnasium.wrappers:FlattenObservation",)
    start.envs_for(replace(dqn(), lanes=1, wrappers=wrapped))
    assert tried == ["tests.rl.worlds:Count-v0", "CartPole-v1"]
    assert closed == []
    with pytest.raises(InputError, match="actions: expected a Discrete"):
        start.envs_for(replace(dqn(), lanes=1, env="tests.rl.worlds:Odd-v0"))
    monkeypatch.undo()
    monkeypatch.setattr("rl.start.make_for", watched)
    with pytest.raises(InputError, match=r"Short-v0: step: expected .*, got 4 values"):
        start.envs_for(replace(dqn(), lanes=1, env="tests.rl.worlds:Short-v0"))
    assert closed == ["tests.rl.worlds:Odd-v0", "tests.rl.worlds:Short-v0"]


def test_what_a_machine_has_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="device: expected one that is there, got cuda"):
        device_for("cuda", dqn(), IMAGE)
    with pytest.raises(InputError, match="threads: expected at least 0, got -1"):
        set_threads(-1, Agent(dqn(), VECTOR, spaces.Discrete(2)))

    def full(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("rl.start.Replay", full)
    with pytest.raises(InputError, match=r"replay.capacity: 100,000 transitions are more"):
        replay_for(dqn(), ((4,), np.float32), tmp_path)
