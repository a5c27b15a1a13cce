"""`geomdl rl` from the command line."""

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core2d.errors import InputError
from geomdl.cli import run
from geomdl.commands import rl
from geomdl.recipes import find
from rl.runs import describe_run, read_settings
from rl.settings import Learn, member
from rl.sweep import Done, Job
from rl.train import Outcome

SHORT = ["--steps", "200", "--lanes", "4", "--episodes", "4", "--learn.begins", "20"]
SHORT += ["--device", "cpu", "--no-tensorboard"]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rl"]) == 2
    assert run(["rl", "--help"]) == 0
    assert "--seeds 0 1 2 3 4 --record" in capsys.readouterr().out
    assert run(["rl", "train", "rainbow", "--help"]) == 0
    text = said(capsys)
    assert "All six together" in text
    for words in ("--learn.rate", "learning rate of Adam", "any Gymnasium id", "--explore.start"):
        assert words in text, words
    assert run(["rl", "evaluate", "--help"]) == 0
    assert "seeds that training never has" in said(capsys)


def test_what_is_wrong_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["rl", "trian"]) == 1
    assert "did you mean 'train'?" in capsys.readouterr().err
    assert run(["rl", "train", "rainbw"]) == 1
    assert "did you mean 'rainbow'?" in capsys.readouterr().err
    assert run(["rl", "train", "dqn", "--learn.rat", "1"]) == 2
    capsys.readouterr()
    assert run(["rl", "train", "dqn", "--learn.discount", "2"]) == 2
    assert "learn.discount: expected 0 to 1" in capsys.readouterr().err
    assert run(["rl", "train", "--config", "nowhere"]) == 1
    assert "nowhere: no run" in capsys.readouterr().err
    assert run(["rl", "evaluate", "nowhere"]) == 1
    capsys.readouterr()
    assert run(["rl", "evaluate"]) == 1
    assert "runs: expected at least one folder" in capsys.readouterr().err
    assert run(["fit", "cartpole_dqn"]) == 1
    assert "geomdl rl train cartpole_dqn" in capsys.readouterr().err


def test_trains_resumes_takes_over_settings_and_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["rl", "train", "double", *SHORT, "--seeds", "3", "4", "--record"]
    assert run([*words, "--network.hidden", "8"]) == 0
    assert "recorded in results/double.json" in capsys.readouterr().out
    content = json.loads((tmp_path / "results" / "double.json").read_text())
    assert content["seeds"] == [3, 4]
    assert content["data"] == "CartPole-v1"
    assert len(content["metrics"]["return"]["values"]) == 2
    assert len(content["curves"]) == 2
    one = read_settings("runs/double/seed4")
    assert (one.seed, one.network.hidden, one.learn.double) == (4, (8,), True)
    assert run([*words, "--resume"]) == 0  # --network.hidden is remembered
    assert run(words) == 1
    assert "a run is there already" in capsys.readouterr().err
    again = ["rl", "train", "--config", "runs/double/seed3", "--seed", "5", "--episodes", "0"]
    assert run([*again, "-o", "again", "--no-tensorboard"]) == 0
    taken = read_settings("again")
    assert (taken.seed, taken.steps, taken.network.hidden) == (5, 200, (8,))
    assert run(["rl", "train", "--output=again", "--resume", "--no-tensorboard"]) == 0
    assert json.loads(Path("again/config.json").read_text())["name"] == "double"
    assert run(["rl", "train", "dqn", "--output", "again", "--resume"]) == 1
    assert "again: a run of double lies there, got dqn" in capsys.readouterr().err
    capsys.readouterr()
    assert run(["rl", "evaluate", "runs/double/seed3", "again", "--episodes", "4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [len(row["returns"]) for row in told] == [4, 4]
    words = ["rl", "compare", "runs/double", "again", "-o", "curves.png", "--json", "curves.json"]
    assert run(words) == 0
    assert "95 % over seeds" in capsys.readouterr().out
    assert Path("curves.png").stat().st_size > 1000
    assert len(json.loads(Path("curves.json").read_text())["groups"]) == 2


def test_a_saved_run_is_a_config_file(tmp_path: Path) -> None:
    """By its folder or by its file, with a space or "="; it is called what it was called."""
    content = {"name": "rainbow", "settings": dataclasses.asdict(member("rainbow"))}
    (tmp_path / "config.json").write_text(json.dumps(content))
    for words in (
        ["--config", str(tmp_path)],
        [f"--config={tmp_path}"],
        ["--config", str(tmp_path / "config.json")],
    ):
        name, recipe, settings, _, _ = rl.parsed([*words, "--learn.rate", "0.5"])
        assert (name, recipe) == ("rainbow", None)
        assert settings == replace(member("rainbow"), learn=Learn(double=True, rate=0.5))
    assert rl.parsed(["cartpole_dqn", "--config", str(tmp_path)])[0] == "cartpole_dqn"
    with pytest.raises(InputError, match="config: expected the folder of a run"):
        rl.parsed(["--config"])


def test_many_runs_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[list[str], int, str]] = []

    def sweep(jobs: list[Job], folder: Path, *, processes: int, ray: str) -> list[Done]:
        asked.append(([job.folder for job in jobs], processes, ray))
        return [Done(job, {}, "it fell over" if ray else "") for job in jobs]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rl.sweep.sweep", sweep)
    words = ["rl", "train", "dqn", "--seeds", "0", "1"]
    vary = ["--vary", "learn.rate=1e-3,3e-4"]
    assert run([*words, *vary, "--processes", "2"]) == 0
    assert run([*words, *vary, "--ray", "auto"]) == 1
    rates = [f"learn.rate={rate}/seed{seed}" for seed in (0, 1) for rate in (0.001, 0.0003)]
    assert asked == [(rates, 2, ""), (rates, 1, "auto")]
    assert run([*words, *vary, "--record"]) == 1
    assert run([*words, "--vary", "learn.rate"]) == 1
    assert "vary: expected NAME=A,B" in capsys.readouterr().err


def test_seeds_and_processes_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        (["--seeds", "0", "0"], "seeds: expected different numbers >= 0"),
        (["--seeds", "-1"], "seeds: "),
        (["--processes", "0"], "processes: expected at least 1"),
    ):
        assert run(["rl", "train", "dqn", *words]) != 0
        assert told in capsys.readouterr().err


def test_another_environment_is_recorded_as_such(tmp_path: Path) -> None:
    """A recipe's expectation is that of its own environment."""
    recipe = find.run_of_rl("cartpole_dqn")
    for env, name in (("CartPole-v1", "cartpole_dqn"), ("Acrobot-v1", "cartpole_dqn_acrobot_v1")):
        settings = replace(recipe.SETTINGS, env=env)
        describe_run(tmp_path, "cartpole_dqn", settings, {})
        done = Outcome(tmp_path, {"return": -90.0}, [], 10, 1.0)
        path = rl.write("cartpole_dqn", recipe, "geomdl ...", [0], [done], tmp_path / "results")
        content = json.loads(path.read_text())
        assert (path.stem, content["recipe"]) == (name, name)
        own = env == "CartPole-v1"
        assert (content["expect"], content["data"]) == (
            (recipe.EXPECT, recipe.DATA) if own else ({}, env)
        )


def test_another_atari_game_is_recorded_with_its_protocol(tmp_path: Path) -> None:
    pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
    recipe = find.run_of_rl("atari_dqn")
    describe_run(tmp_path, "atari_dqn", replace(recipe.SETTINGS, env="ALE/Breakout-v5"), {})
    done = Outcome(tmp_path, {"return": 3.0}, [], 10, 1.0)
    path = rl.write("atari_dqn", recipe, "geomdl ...", [0], [done], tmp_path / "results")
    assert path.stem == "atari_dqn_breakout_v5"
    told = "ALE/Breakout-v5, raw rewards, sticky actions 0, 4 frames a step, fewer than 30 frames"
    assert json.loads(path.read_text())["data"].startswith(told)


def test_an_environment_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rl", "check", "CartPole-v1"]) == 0
    assert "Discrete(2)" in capsys.readouterr().out
    assert run(["rl", "check", "CartPol-v1"]) == 1


@pytest.mark.parametrize("name", find.runs_of_rl())
def test_recipes_of_runs_are_whole(name: str) -> None:
    recipe, settings, about = rl.found(name)
    assert settings == recipe.SETTINGS
    assert f"geomdl rl train {name}" in about
    assert recipe.DATA
