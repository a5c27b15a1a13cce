"""`geomdl rl sweep`: settings, seeds and grids from the command line to jobs."""

from pathlib import Path
from typing import Any

import pytest

from core2d.errors import InputError
from geomdl.commands import rl
from geomdl.commands.rl_sweep import choices, parsed
from rl import sweep
from rl.sweep import Done


def test_grids_are_read() -> None:
    found = choices(["learn.rate=1e-3,3e-4", "network.hidden=[8],[8,8]", "learn.fall=none,linear"])
    assert found == {
        "learn.rate": [1e-3, 3e-4],
        "network.hidden": [[8], [8, 8]],
        "learn.fall": ["none", "linear"],
    }
    with pytest.raises(InputError, match="SETTING=A,B"):
        choices(["learn.rate"])


def test_members_and_recipes_keep_their_settings() -> None:
    name, settings, spread = parsed(["cartpole_dqn", "--steps", "100", "--seeds", "1", "2"])
    assert (name, settings.env, settings.steps) == ("cartpole_dqn", "CartPole-v1", 100)
    assert settings.learn.soft == 0.01
    assert (spread.seeds, spread.ray) == ((1, 2), "")
    assert parsed(["double", "--ray", "auto"])[1].learn.double


def test_the_command_asks_for_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def swept(jobs: Any, folder: Path, **rest: Any) -> list[Done]:
        asked.append((jobs, folder, rest))
        return [Done(job, {}, "no luck" if job.settings.seed else "") for job in jobs]

    monkeypatch.setattr(sweep, "sweep", swept)
    words = ["sweep", "double", "--grid", "learn.rate=1e-3,1e-4", "--processes", "2"]
    assert rl.run([*words, "--seeds", "0", "--output", str(tmp_path)]) == 0
    (jobs, folder, rest) = asked[0]
    assert [job.settings.learn.rate for job in jobs] == [1e-3, 1e-4]
    assert all(job.settings.learn.double and job.name == "double" for job in jobs)
    assert (folder, rest) == (tmp_path, {"processes": 2, "ray": ""})
    assert rl.run(["sweep", "--seeds", "0", "1", "--output", str(tmp_path)]) == 1
    assert "no luck" in capsys.readouterr().out
