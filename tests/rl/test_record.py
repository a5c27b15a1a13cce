"""Films: every picture of the episodes, in the environment's speed, and no empty files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from core2d.errors import InputError
from geomdl.render.image import to_bytes
from rl.environments import make_for
from rl.evaluate import Player
from rl.record import linear, record
from rl.runs import agent_for, describe_run, save_agent
from rl.settings import Memory, Settings

COUNT = Settings(env="tests.rl.worlds:Count-v0")


class Zero:
    def act(self, observation: Any, epsilon: float, generator: torch.Generator, /) -> np.ndarray:
        return np.zeros(len(observation), np.int64)


def pictures(path: Path) -> list[np.ndarray]:
    with Image.open(path) as film:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]


def test_a_film_holds_every_picture_of_its_episodes(tmp_path: Path) -> None:
    """`Count` draws a bar that grows by three columns a step, 20 x 30 pixels, enlarged 12 times."""
    film = record(Player(Zero(), COUNT), tmp_path / "count.gif", episodes=2)
    assert [tuple(episode) for episode in film.episodes] == [(10.0, 5), (10.0, 5)]
    frames = pictures(film.path)
    assert (film.frames, film.fps) == (12, 10.0)
    assert frames[0].shape == (240, 360, 3)
    widths = [int((frame[0, :, 0] > 127).sum()) // 36 for frame in frames]
    assert widths == [0, 1, 2, 3, 4, 5] * 2
    with Image.open(film.path) as opened:
        assert opened.info["duration"] == 100
    assert "returns 10, 10" in str(film)


def test_a_film_ends_in_time(tmp_path: Path) -> None:
    film = record(Player(Zero(), COUNT), tmp_path / "count.webp", episodes=9, longest=8, fps=25)
    assert (film.frames, film.fps, len(film.episodes)) == (8, 25, 1)


def test_bytes_survive_linear_light() -> None:
    picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    np.testing.assert_array_equal(to_bytes(linear(picture)), picture)


def test_a_run_as_mp4(tmp_path: Path) -> None:
    settings = Settings(lanes=2, replay=Memory(capacity=100))
    describe_run(tmp_path, "dqn", settings, {})
    save_agent(tmp_path / "model.safetensors", agent_for(settings, make_for(settings)))
    film = record(tmp_path, tmp_path / "out.mp4", longest=4)
    assert film.frames == 4
    assert film.path.read_bytes()[4:8] == b"ftyp"


def test_what_cannot_be_filmed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.gif"):
        record(Player(Zero(), COUNT), tmp_path / "count.txt")
    with pytest.raises(InputError, match="render"):
        record(Player(Zero(), replace(COUNT, env="tests.rl.worlds:Blind-v0")), tmp_path / "a.gif")
    with pytest.raises(InputError, match="epsilon: expected 0 to 1, got 7"):
        record(Player(Zero(), COUNT), tmp_path / "a.gif", epsilon=7.0)
    assert list(tmp_path.iterdir()) == []
    assert record(Player(Zero(), COUNT), tmp_path / "new" / "a.gif").path.exists()


def test_atari_plays_at_the_speed_of_the_console(tmp_path: Path) -> None:
    pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
    film = record(Player(None, Settings(env="ALE/Pong-v5")), tmp_path / "pong.gif", longest=3)
    assert film.fps == 15
    assert pictures(film.path)[0].shape == (420, 320, 3)
