"""A run's folder gives back its network and settings."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from core2d.errors import InputError
from core2d.train.fit import fit
from core2d.train.options import Options
from core2d.train.recipe import Recipe
from core2d.train.runs import config_of, data_of, open_run, read_run
from core2d.train.settings import Train
from tests.core2d.train import toy


@dataclass(frozen=True)
class Small:
    width: int = 3


@dataclass(frozen=True)
class Settings:
    train: Train = Train()
    sizes: tuple[int, ...] = (1, 2)
    pairs: tuple[tuple[int, int], ...] = ((1, 2),)
    part: Small | None = None
    kind: Literal["a", "b"] = "a"
    rate: float = 1


def test_settings_go_round_through_json() -> None:
    before = Settings(Train(epochs=2.5, milestones=(0.1,)), (3,), ((4, 5), (6, 7)), Small(9), "b")
    content = json.loads(json.dumps(dataclasses.asdict(before)))
    after = config_of(Settings, content)
    assert after == before
    assert config_of(Settings, dataclasses.asdict(Settings())) == Settings()
    with pytest.raises(InputError, match=r"Settings has no colour"):
        config_of(Settings, {"colour": 1})


def find(name: str) -> Recipe:
    assert name == "toy"
    return toy  # type: ignore[return-value]


def run(folder: Path, **settings: Any) -> Any:
    config = toy.Config(train=Train(epochs=2, batch=30, rate=0.03, **settings))
    options = Options(output=folder, tensorboard=False, progress=False, accelerator="cpu")
    return fit(toy, config, options)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{}, {"ema": 0.9}, {"stop": 1}], ids=str)
def test_opened_network_is_the_one_that_was_tested(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    outcome = run(tmp_path, **settings)
    trained = open_run(tmp_path, find)
    assert not trained.model.training
    assert trained.config == toy.Config(train=Train(epochs=2, batch=30, rate=0.03, **settings))
    assert trained.log == outcome.log
    with torch.no_grad():
        again = toy.metrics(trained.model, toy.data(trained.config).test)
    assert again == outcome.metrics


def test_folders_without_a_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run of geomdl fit lies there"):
        open_run(tmp_path, find)
    run(tmp_path / "seed0")
    with pytest.raises(InputError, match="it holds the runs seed0"):
        read_run(tmp_path)
    (tmp_path / "seed0" / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no weights yet"):
        open_run(tmp_path / "seed0", find)


def test_config_tells_what_a_prediction_needs(tmp_path: Path) -> None:
    run(tmp_path)
    content = read_run(tmp_path)
    assert content["recipe"] == "toy"
    assert content["data"]["classes"] == ["low", "high"]
    assert content["data"]["shapes"] == {"image": [2, 4, 4], "label": []}
    assert content["versions"]["torch"] == torch.__version__


def test_data_is_called_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "plain")
    assert data_of(find("toy"), tmp_path / "plain") == "two classes of noise"
    sets = dataclasses.replace(toy.data(toy.Config()), name="a copy")
    monkeypatch.setattr(toy, "data", lambda config: sets)
    run(tmp_path / "copy")
    assert data_of(find("toy"), tmp_path / "copy") == "a copy"
