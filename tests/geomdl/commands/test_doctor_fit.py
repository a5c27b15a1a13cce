import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import core2d.doctor.compare
import core2d.doctor.recipe
import core2d.doctor.simple  # noqa: F401
from core2d.doctor.limits import Limits
from geomdl import cli
from geomdl.commands.doctor_fit import Visit, comparison
from geomdl.errors import GeometryError

RECIPE = '''"""Squares in a corner."""

from dataclasses import dataclass

from core2d.train.settings import Train
from geomdl.recipes.classification import loss as healthy, metrics, predict
from tests.core2d.doctor.squares import DATA as SETS, network

EXPECT, REFERENCE, DATA = {"accuracy": 0.9}, {}, "squares"


@dataclass(frozen=True)
class Config:
    train: Train = Train(epochs=2, batch=32, rate=3e-3)
    soft: bool = False


def data(config):
    return SETS


def model(config):
    net = network()
    return net if not config.soft else net.append(__import__("torch").nn.Softmax(1))


def loss(model, batch, step, generator):
    return healthy(model, batch, step, generator)
'''


FAST = Limits(examples=32, steps=50, ladder=(5,), run_steps=18)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("core2d.doctor.limits.Limits", lambda **given: replace(FAST, **given))
    path = tmp_path / "squares_recipe.py"
    path.write_text(RECIPE)
    return str(path)


def test_a_broken_setting_is_named_and_the_page_is_written(recipe, tmp_path, capsys):
    out = tmp_path / "report"
    call = ["doctor", "fit", recipe, "--soft", "--output", str(out), "--strict"]
    assert cli.run(call) == 1
    shown = capsys.readouterr().out
    assert "a softmax stands before a loss" in " ".join(shown.replace("│", " ").split())
    found = json.loads((out / "doctor.json").read_text())
    assert {f["check"]: f["status"] for f in found["findings"]}["logits"] == "alarm"
    assert list(out.glob("events.*"))
    kept = (out / "doctor.json").read_bytes()
    assert cli.run(["doctor", "fit", recipe, "--output", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (out / "doctor.json").read_bytes() == kept
    assert Visit(output=out, overwrite=True).output == out


def test_a_run_is_examined(recipe, tmp_path, capsys):
    run = tmp_path / "run"
    assert cli.run(["fit", recipe, "--output", str(run)]) == 0
    capsys.readouterr()
    call = ["doctor", "fit", recipe, "--run", str(run), "--against", str(run), "--json"]
    assert cli.run(call) == 0
    found = {f["check"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert found["one change"]["numbers"] == {"changes": 0}
    assert found["start simple"]["status"] == "fine"  # squares take seconds
    assert list(found)[-1] == "next step"
    assert len(found["train loss"]["curves"]["train loss"]) == 2  # the epochs of the run
    assert found["logits"]["status"] == "fine"
    assert cli.run(["doctor", "fit", recipe, "--run", str(run), "--rate", "1"]) == 1
    assert "run: its own settings are examined" in capsys.readouterr().err


def test_quick_looks_at_less(recipe, monkeypatch, capsys):
    seen = []
    module = sys.modules["core2d.doctor.examine"]  # the package gives its function by this name
    monkeypatch.setattr(module, "findings", lambda case, *a, **k: seen.append(case) or ())
    assert cli.run(["doctor", "fit", recipe, "--quick", "--rate", "0.5"]) == 0
    assert (seen[0].limits.ladder, seen[0].rate) == ((5, 10, 100), 0.5)


def test_a_run_of_another_recipe_is_refused(recipe, tmp_path, capsys):
    other = tmp_path / "other.py"
    other.write_text(Path(recipe).read_text())
    run = tmp_path / "run"
    assert cli.run(["fit", str(other), "--output", str(run), "--epochs", "0.2"]) == 0
    assert cli.run(["doctor", "fit", recipe, "--run", str(run)]) == 1
    assert "is a run of other" in capsys.readouterr().err


def test_help_and_wrong_names(capsys):
    assert cli.run(["doctor", "fit", "--help"]) == 0
    assert "usage: geomdl doctor fit RECIPE" in capsys.readouterr().out
    assert cli.run(["doctor", "fit"]) == 2
    capsys.readouterr()
    assert cli.run(["doctor", "fit", "fashion_lenett"]) == 1
    assert "did you mean 'fashion_lenet'" in capsys.readouterr().err
    assert cli.run(["doctor", "--help"]) == 0
    assert "geomdl doctor fit" in capsys.readouterr().out


def config(folder: Path, **changed) -> Path:
    """A run's folder with a config.json of these settings."""
    folder.mkdir()
    content = {"recipe": "squares", "config": {"rate": 1, "width": 2} | changed, "options": {}}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def test_two_runs_are_compared(tmp_path):
    one, two = config(tmp_path / "a"), config(tmp_path / "b", rate=2, width=3)
    ((name, check),) = comparison(Visit(run=two, against=one), FAST)
    found = check(None)
    assert (name, found.check, found.status) == ("one change", "one change", "warning")
    assert "rate 1 -> 2, width 2 -> 3" in found.said
    assert comparison(Visit(run=two), FAST) == ()
    with pytest.raises(GeometryError, match="--run"):
        comparison(Visit(against=one), FAST)
