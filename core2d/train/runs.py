"""A run's folder: config.json, model.safetensors, checkpoint.pt, log.jsonl, tensorboard/.

config.json tells which recipe ran with which settings, so that `open_run` can make the network
again and fill it with the weights that were evaluated.
"""

import dataclasses
import json
import platform
import shutil
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core2d.errors import InputError
from core2d.files import save_json
from core2d.train.files import load_weights_of_run
from core2d.train.log import Line, read_log
from core2d.train.options import Options
from core2d.train.recipe import Data, Pictures, Recipe


@dataclass(frozen=True)
class Trained:
    """A finished or interrupted run; the model in eval mode, as it was evaluated last."""

    recipe: Recipe
    config: Any
    model: nn.Module
    folder: Path
    log: list[Line]


def name_of(recipe: Recipe) -> str:
    """What a user calls a recipe: its module's own name, or the path of its file."""
    if "." in recipe.__name__ or not getattr(recipe, "__file__", None):
        return recipe.__name__.rpartition(".")[2]
    return str(recipe.__file__)  # type: ignore[attr-defined]


def prepared(recipe: Recipe, config: Any, options: Options) -> None:
    """Make room for a run, or see that it can go on. Raises InputError."""
    folder = options.output
    told = (folder / "config.json").exists()
    taken = told or (folder / "checkpoint.pt").exists()
    if taken and options.overwrite:
        shutil.rmtree(folder)
    elif taken and not options.resume:
        raise InputError(f"{folder}: a run is there already; go on with --resume, or --overwrite")
    elif taken and not told:
        lost = "a checkpoint without config.json, so its settings are unknown"
        raise InputError(f"{folder}: holds {lost}; give --output, or --overwrite")
    elif taken:
        before = read_run(folder)
        resumable(config, config_of(recipe.Config, before["config"]))
        if before["options"]["seed"] != options.seed:
            raise InputError(f"seed: the run has {before['options']['seed']}, got {options.seed}")
        if config.train.epochs != before["config"]["train"]["epochs"]:
            (folder / "outcome.json").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def resumable(config: Any, before: Any) -> None:
    """Refuse to go on with other settings, but for the number of epochs. Raises InputError."""
    ours, theirs = dataclasses.asdict(config), dataclasses.asdict(before)
    ours["train"] |= {"epochs": theirs["train"]["epochs"]}
    for name in (n for n in ours if ours[n] != theirs[n]):
        raise InputError(f"{name}: the run has {theirs[name]}, got {ours[name]}; give --output")


def describe_run(folder: Path, recipe: Recipe, config: Any, options: Options, data: Data) -> None:
    """Write config.json."""
    content = {
        "recipe": name_of(recipe),
        "config": dataclasses.asdict(config),
        "options": dataclasses.asdict(options),
        "data": described(data),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    save_json(folder / "config.json", content)


def described(data: Data) -> dict[str, Any]:
    """What a prediction needs to know of the data: classes, shapes, how pictures are normalised."""
    batch = data.test.batch(torch.arange(1))
    content: dict[str, Any] = {
        "classes": list(data.classes),
        "shapes": {name: list(value.shape[1:]) for name, value in batch.items()},
    }
    if data.name:
        content["name"] = data.name
    if isinstance(data.test, Pictures):
        channels = data.test.channels
        content |= {"mean": list(channels.mean), "std": list(channels.std)}
    return content


def data_of(recipe: Recipe, folder: Path) -> str:
    """The name of the data that a run learned from."""
    return read_run(folder).get("data", {}).get("name") or recipe.DATA


def read_run(folder: Path, command: str = "geomdl fit") -> dict[str, Any]:
    """config.json of a run of `command`. Raises InputError where the folder holds none."""
    path = folder / "config.json"
    if not path.exists():
        inside = sorted(p.parent.name for p in folder.glob("*/config.json"))
        hint = f"; it holds the runs {', '.join(inside)}" if inside else ""
        raise InputError(f"{folder}: no run of {command} lies there (no config.json){hint}")
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON: {error}") from error


def config_of(kind: type[Any], content: dict[str, Any]) -> Any:
    """A dataclass from what `dataclasses.asdict` and JSON made of it. Raises InputError."""
    hints = typing.get_type_hints(kind)
    names = {field.name for field in dataclasses.fields(kind) if field.init}
    if unknown := sorted(content.keys() - names):
        raise InputError(f"config: {kind.__module__}.{kind.__name__} has no {', '.join(unknown)}")
    return kind(**{name: _restored(hints[name], value) for name, value in content.items()})


def _restored(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        choices = [a for a in typing.get_args(hint) if a is not type(None)]
        fitting = [a for a in choices if dataclasses.is_dataclass(a) == isinstance(value, dict)]
        return value if value is None or not fitting else _restored(fitting[0], value)
    if isinstance(value, dict) and dataclasses.is_dataclass(hint):
        return config_of(hint, value)  # type: ignore[arg-type]
    if isinstance(value, list) and (typing.get_origin(hint) or hint) is tuple:
        item = (typing.get_args(hint) or (Any,))[0]
        return tuple(_restored(item, v) for v in value)
    return hint(value) if hint in (float, Path) and value is not None else value


def open_run(folder: Path | str, find: Callable[[str], Recipe]) -> Trained:
    """The network of a run. `find` gives the recipe of a name. Raises InputError."""
    folder = Path(folder)
    content = read_run(folder)
    if not (folder / "model.safetensors").exists():
        raise InputError(f"{folder}: the run has no weights yet (no model.safetensors)")
    recipe = find(content["recipe"])
    config = config_of(recipe.Config, content["config"])
    model = recipe.model(config)
    load_weights_of_run(folder / "model.safetensors", model)
    return Trained(recipe, config, model.eval(), folder, read_log(folder / "log.jsonl"))
