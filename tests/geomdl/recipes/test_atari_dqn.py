"""The published settings, and the commands that its page gives."""

import re
import shlex
from pathlib import Path

import pytest

from geomdl.commands.rl import parsed
from geomdl.recipes import atari_dqn
from geomdl.recipes.find import runs_of_rl
from rl.atari import GAMES, nature, nips


def test_settings_are_those_of_2015() -> None:
    assert "atari_dqn" in runs_of_rl()
    settings = atari_dqn.SETTINGS
    assert (settings.stack, settings.clip_rewards, settings.protocol) == (4, True, nature())
    assert (settings.learn.batch, settings.learn.discount, settings.learn.every) == (32, 0.99, 4)
    assert (settings.learn.loss, settings.replay.capacity) == ("huber", 1_000_000)
    assert settings.explore.at(125_000) == pytest.approx(0.55)


def test_every_command_of_the_page_is_understood() -> None:
    text = re.sub(r"\n {8}--", " --", str(atari_dqn.__doc__))
    commands = re.findall(r"geomdl rl train (atari_dqn[^\n]*)", text)
    words = [shlex.split(re.sub(r"   .*", "", command)) for command in commands]
    found = [parsed(one)[2] for one in words]
    assert [settings.env for settings in found[:5]] == [f"ALE/{game}-v5" for game in GAMES]
    hour, first = found[5:]
    assert (hour.protocol, hour.network) == (nature(), atari_dqn.SETTINGS.network)
    assert (hour.learn.batch, hour.learn.discount) == (32, 0.99)
    assert (hour.steps, hour.replay.steps, hour.learn.precision) == (800_000, 3, "bf16")
    assert (hour.replay.on_disk, hour.explore.at(80_000)) == (False, 0.01)
    assert first.protocol == nips()
    assert (first.network.body, first.learn.target, first.learn.every) == ("nips", 0, 1)
    assert first.steps == 2_500_000


def test_published_scores_are_those_of_the_page() -> None:
    line = re.search(r"2015 (.*)\(200", str(atari_dqn.__doc__))
    assert line is not None
    told = [float(word.replace(",", "")) for word in line[1].split()]
    assert told == pytest.approx(list(atari_dqn.PUBLISHED.values()), abs=0.5)
    assert [*atari_dqn.PUBLISHED] == [f"ALE/{game}-v5" for game in GAMES]
    reference = atari_dqn.REFERENCE["return"]
    assert reference.value == atari_dqn.PUBLISHED[atari_dqn.SETTINGS.env]


def test_a_short_run_trains_and_is_tested(tmp_path: Path) -> None:
    pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
    from dataclasses import replace

    from rl.settings import Memory
    from rl.train import How, train

    settings = replace(
        atari_dqn.SETTINGS,
        steps=60,
        lanes=2,
        episodes=2,
        replay=Memory(capacity=200),
        learn=replace(atari_dqn.SETTINGS.learn, begins=50),
        protocol=replace(nature(), frames=40),
    )
    outcome = train(settings, tmp_path / "run", how=How(tensorboard=False, progress=False))
    assert -21 <= outcome.metrics["return"] <= 21
    assert outcome.step >= 60
