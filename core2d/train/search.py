"""A small search for good settings: a grid, random draws, or both; judged on validation alone."""

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from core2d.errors import InputError
from core2d.files import save_json
from core2d.train.fit import fit
from core2d.train.log import Line
from core2d.train.options import Options
from core2d.train.recipe import Recipe
from core2d.train.validate import FALLING

Values = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """One choice of settings and its best validation metric; NaN where the loss was no number."""

    values: Values
    score: float
    folder: Path


def grid(choices: Mapping[str, Sequence[Any]]) -> list[Values]:
    """Every combination; one of nothing where there are no choices."""
    return [dict(zip(choices, row, strict=True)) for row in itertools.product(*choices.values())]


def drawn(ranges: Mapping[str, tuple[float, float]], count: int, seed: int) -> list[Values]:
    """`count` draws between the two ends: even in the logarithm where both are positive.

    Random draws try more values of each setting than a grid of equal cost (Bergstra and Bengio
    2012). Ends that are both whole numbers give whole numbers.
    """
    generator, rows = Generator().manual_seed(seed), []
    for _ in range(count):
        row: Values = {}
        for name, (low, high) in ranges.items():
            share = float(torch.rand((), generator=generator, dtype=torch.float64))
            if low > 0 and high > 0:
                value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
            else:
                value = low + share * (high - low)
            whole = isinstance(low, int) and isinstance(high, int)
            row[name] = round(value) if whole else float(f"{value:.4g}")
        rows.append(row)
    return rows


def with_values(config: Any, values: Mapping[str, Any]) -> Any:
    """A config with some fields changed, of its own or of its `train`. Raises InputError."""
    own = {field.name for field in dataclasses.fields(config)} - {"train"}
    shared = {field.name for field in dataclasses.fields(config.train)}
    if unknown := sorted(set(values) - own - shared):
        known = ", ".join(sorted(own | shared))
        raise InputError(f"search: there is no setting {unknown[0]!r}; there are {known}")
    train = {
        name: like(getattr(config.train, name), v)
        for name, v in values.items()
        if name in shared - own
    }
    rest = {name: like(getattr(config, name), v) for name, v in values.items() if name in own}
    return dataclasses.replace(config, train=dataclasses.replace(config.train, **train), **rest)


def search(recipe: Recipe, config: Any, options: Options, rows: Sequence[Values]) -> list[Trial]:
    """Train with each row of values -> trials, the best first; also in output/search.json.

    Each has its own folder under `options.output`. A search that was stopped goes on where it was.
    The test set is left alone: the metric is the first of the recipe's EXPECT, on validation.
    """
    metric, trials = next(iter(recipe.EXPECT), "loss"), []
    for values in rows:
        folder = options.output / (folder_of(values) or "as-it-is")
        one = dataclasses.replace(options, output=folder, resume=True, overwrite=False)
        try:
            log = fit(recipe, with_values(config, values), one).log
            score = best(log, metric)
        except InputError as error:
            if not str(error).startswith("loss:"):
                raise
            score = math.nan
        trials.append(Trial(values, score, folder))
    sign = -1 if metric in FALLING else 1
    trials.sort(key=lambda t: -math.inf if math.isnan(t.score) else sign * t.score, reverse=True)
    content = [{**dataclasses.asdict(t), "folder": t.folder.name} for t in trials]
    save_json(options.output / "search.json", {"metric": metric, "trials": content})
    return trials


def folder_of(values: Values) -> str:
    """What a folder of a run with these values is called; nothing where there are none."""
    return ",".join(f"{key}={value}" for key, value in values.items()).replace("/", "_")


def best(log: Sequence[Line], metric: str) -> float:
    """The best value of a validation metric in a log; NaN where it never was told."""
    values = [line[f"validation/{metric}"] for line in log if f"validation/{metric}" in line]
    pick = min if metric in FALLING else max
    return pick(values) if values else math.nan


def read_value(text: str) -> Any:
    """A word of the command line -> number, bool, tuple, or the word itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return float(text) if text.lower() in ("inf", "-inf") else text


def like(before: Any, value: Any) -> Any:
    """A value in the type of the one it replaces."""
    if isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(before, str) and isinstance(value, int):  # precision=32
        return str(value)
    return tuple(value) if isinstance(value, list) else value
