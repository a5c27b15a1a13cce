"""Small networks stay on one thread of the processor; the memory is the settings' one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rl.agent import Agent
from rl.settings import Learn, Memory, dqn
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
