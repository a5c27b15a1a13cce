"""Which settings are tried, and that the best come first."""

import json
import math
from pathlib import Path

import pytest

from core2d.errors import InputError
from core2d.train.options import Options
from core2d.train.search import best, drawn, grid, read_value, search, with_values
from core2d.train.settings import Train
from tests.core2d.train import toy


def test_grid_is_every_combination() -> None:
    rows = grid({"rate": [1, 2], "norm": ["a", "b", "c"]})
    assert len(rows) == 6
    assert {"rate": 2, "norm": "b"} in rows
    assert grid({}) == [{}]


def test_draws_are_even_in_the_logarithm_and_within_the_ends() -> None:
    rows = drawn({"rate": (1e-4, 1e-2), "width": (2, 64), "shift": (-1.0, 1.0)}, 400, seed=0)
    below = sum(row["rate"] < 1e-3 for row in rows)
    assert abs(below - 200) < 40  # four standard deviations
    assert all(1e-4 <= row["rate"] <= 1e-2 for row in rows)
    assert all(isinstance(row["width"], int) and 2 <= row["width"] <= 64 for row in rows)
    assert abs(sum(row["shift"] for row in rows)) < 50
    assert rows[:5] == drawn({"rate": (1e-4, 1e-2), "width": (2, 64), "shift": (-1.0, 1.0)}, 5, 0)


def test_values_reach_the_config_or_its_train() -> None:
    config = with_values(toy.Config(), {"rate": 1, "noise": 0, "milestones": [0.5]})
    assert config.train.rate == 1.0
    assert isinstance(config.train.rate, float)
    assert config.train.milestones == (0.5,)
    assert config.noise == 0.0
    assert with_values(toy.Config(), {"precision": 32}).train.precision == "32"
    with pytest.raises(InputError, match="did you mean 'cosine'"):
        with_values(toy.Config(), {"schedule": "cosin"})
    with pytest.raises(InputError, match="no setting 'colour'; there are accumulate, batch"):
        with_values(toy.Config(), {"colour": 1})


def test_words_of_the_command_line() -> None:
    words = ["1e-3", "64", "sgd", "true", "[1, 2]"]
    assert [read_value(word) for word in words] == [1e-3, 64, "sgd", True, [1, 2]]


def test_best_of_a_log() -> None:
    log = [{"validation/accuracy": 0.5, "validation/loss": 2.0}, {"validation/accuracy": 0.25}]
    assert best(log, "accuracy") == 0.5
    assert best([*log, {"validation/loss": 3.0}], "loss") == 2.0
    assert math.isnan(best(log, "miou"))


def test_the_best_settings_come_first_and_a_stopped_search_goes_on(tmp_path: Path) -> None:
    options = Options(tmp_path, tensorboard=False, progress=False, accelerator="cpu")
    config = toy.Config(train=Train(epochs=3, batch=30))
    rows = [*grid({"rate": [1e-9, 0.03], "poison": [-1]}), {"rate": 0.03, "poison": 2}]
    trials = search(toy, config, options, rows[:1])  # type: ignore[arg-type]
    first = (trials[0].folder / "log.jsonl").stat().st_mtime_ns
    trials = search(toy, config, options, rows)  # type: ignore[arg-type]
    assert [trial.values["rate"] for trial in trials] == [0.03, 1e-9, 0.03]
    assert trials[0].score > 0.9 > trials[1].score
    assert math.isnan(trials[2].score)  # the loss was no number; the search went on
    assert (trials[1].folder / "log.jsonl").stat().st_mtime_ns == first
    content = json.loads((tmp_path / "search.json").read_text())
    assert content["metric"] == "accuracy"
    assert content["trials"][0]["folder"] == "rate=0.03,poison=-1"
