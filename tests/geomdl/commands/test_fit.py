"""`geomdl fit` from the command line."""

import json
from pathlib import Path

import pytest

from core2d.train.options import Options
from geomdl.cli import run
from geomdl.commands.fit import Recording, seeded
from tests.core2d.train import toy

TOY = str(Path(toy.__file__))
QUIET = ["--accelerator", "cpu", "--no-tensorboard"]


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit"]) == 2
    assert run(["fit", "--help"]) == 0
    text = capsys.readouterr().out
    assert "torchrun" in text
    assert "--resume" in text
    assert run(["fit", TOY, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Points in two classes" in text
    assert "passes over the training set" in text
    assert "of the augmentation and in the loss" in text
    assert "--output" in text


def test_unknown_recipes_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fit", "fashion_lenett"]) == 1
    assert "did you mean 'fashion_lenet'?" in capsys.readouterr().err
    assert run(["fit", TOY, "--epoch", "3"]) == 2
    assert run(["fit", TOY, "--epochs", "0"]) == 2
    assert "epochs: expected more than 0" in capsys.readouterr().err


def test_trains_resumes_with_its_own_settings_and_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["fit", TOY, "--seeds", "0", "1", "--record"]
    assert run([*words, *QUIET, "--epochs", "2", "--noise", "0", "--steps", "4"]) == 0
    assert not (tmp_path / "results").exists()  # nothing is finished
    assert run([*words, *QUIET, "--resume"]) == 0  # --epochs and --noise are remembered
    assert "recorded in results/toy.json" in capsys.readouterr().out
    content = json.loads((tmp_path / "results" / "toy.json").read_text())
    assert content["seeds"] == [0, 1]
    assert content["command"].startswith("geomdl fit ")
    assert content["expect"] == {"accuracy": 0.9}
    assert len(content["metrics"]["accuracy"]["values"]) == 2
    assert [[line["step"] for line in curve] for curve in content["curves"]] == [[5, 9], [5, 9]]
    settings = json.loads((tmp_path / "runs" / "toy" / "seed1" / "config.json").read_text())
    assert settings["config"]["noise"] == 0
    assert settings["options"]["seed"] == 1


@pytest.mark.parametrize("words", [["-o", "here"], ["--output=here"]])
def test_a_resumed_run_elsewhere_keeps_its_settings(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begun = [*QUIET, "--epochs", "1", "--noise", "0", "--steps", "1"]
    assert run(["fit", TOY, "--output", "here", *begun]) == 0
    assert run(["fit", TOY, "--resume", *words, *QUIET]) == 0
    assert (tmp_path / "here" / "outcome.json").exists()


def test_a_taken_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["fit", TOY, *QUIET, "--epochs", "1"]) == 0
    assert run(["fit", TOY, *QUIET, "--epochs", "1"]) == 1
    assert "--resume, or --overwrite" in capsys.readouterr().err


def test_one_folder_per_seed() -> None:
    options = Options(output=Path("out"), seed=5)
    assert seeded(options, Recording()) == [options]
    runs = seeded(options, Recording(seeds=(3, 4)))
    assert [(r.seed, str(r.output)) for r in runs] == [(3, "out/seed3"), (4, "out/seed4")]
