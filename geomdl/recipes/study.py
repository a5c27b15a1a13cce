"""Variants of one recipe side by side: each trained over several seeds, recorded as one result.

A study is stopped and started again at will: runs that are finished are read, one that was
stopped goes on.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from core2d.train.fit import Outcome, fit
from core2d.train.options import Options
from core2d.train.record import Result, write_result
from core2d.train.runs import data_of, name_of

Figures = dict[str, list[float]]  # name -> one value per seed


class Ended(Protocol):
    """What a run left, whoever trained it: its log, its metrics on the test, and its seconds."""

    @property
    def folder(self) -> Path: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def log(self) -> Sequence[Mapping[str, float]]: ...
    @property
    def seconds(self) -> float: ...


@dataclass(frozen=True)
class Telling:
    """Where a result goes, None for nowhere, and what it says of how it came about."""

    folder: Path | None
    given: Sequence[str]
    seeds: Sequence[int]
    data: str


@dataclass(frozen=True)
class Study:
    """Variants of one recipe, or of one agent.

    recipe: a module with EXPECT and REFERENCE; its docstring is the help. variants: name ->
    settings. figures: what an outcome is reduced to. conclude: further figures from those of all
    variants, which are named figure_variant. brief: what is recorded are the conclusions alone.
    curves: what is recorded of the logs beside them, None for all.
    """

    recipe: Any
    variants: Mapping[str, Any]
    figures: Callable[[Any], Mapping[str, float]]
    conclude: Callable[[Figures], Figures] = lambda found: {}
    brief: bool = False
    curves: Sequence[str] | None = None


def run(study: Study, seeds: Sequence[int], folder: Path) -> list[dict[str, Outcome]]:
    """Train every variant with every seed under `folder` -> per seed, the variants' outcomes.

    A whole set of variants comes before the next seed.
    """
    outcomes: list[dict[str, Outcome]] = []
    for seed in seeds:
        outcomes.append({})
        for name, config in study.variants.items():
            options = Options(folder / name / f"seed{seed}", seed=seed, resume=True)
            outcomes[-1][name] = fit(study.recipe, config, options)
    return outcomes


def reduced(study: Study, outcomes: Sequence[Mapping[str, Ended]]) -> Figures:
    """Outcomes per seed -> figure_variant and the study's conclusions, one value per seed."""
    found: Figures = {}
    for variants in outcomes:
        for name, outcome in variants.items():
            for figure, value in study.figures(outcome).items():
                found.setdefault(f"{figure}_{name}", []).append(value)
    told = study.conclude(found)
    return told if study.brief else {**found, **told}


def curve(
    variants: Mapping[str, Ended], names: Sequence[str] | None = None
) -> list[dict[str, float]]:
    """The logs of one seed's variants, epoch by epoch, every key (of these) as variant/key."""
    if names is not None and not names:
        return []
    epochs = max(len(outcome.log) for outcome in variants.values())
    return [
        {
            f"{name}/{key}": value
            for name, outcome in variants.items()
            for line in outcome.log[epoch : epoch + 1]
            for key, value in line.items()
            if names is None or key in names
        }
        for epoch in range(epochs)
    ]


def shortened(study: Study, epochs: float | None) -> Study:
    """The study with other numbers of epochs, for a trial."""
    if epochs is None:
        return study
    return replace(
        study,
        variants={
            name: replace(config, train=replace(config.train, epochs=epochs))
            for name, config in study.variants.items()
        },
    )


def parser_for(recipe: Any) -> argparse.ArgumentParser:
    """The command line that every study has."""
    name = name_of(recipe)
    parser = argparse.ArgumentParser(
        prog=f"python -m geomdl.recipes.{name}",
        description=recipe.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    runs = Path("runs") / name
    parser.add_argument("-o", "--output", type=Path, default=runs, help="folder of runs")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    return parser


def tell(study: Study, outcomes: Sequence[Mapping[str, Ended]], told: Telling) -> None:
    """Print the figures, and write them where `told.folder` is given."""
    found = reduced(study, outcomes)
    for figure, values in found.items():
        print(f"{figure:<28} " + "  ".join(f"{value:.4f}" for value in values))
    if told.folder is None:
        return
    name = name_of(study.recipe)
    result = Result(
        recipe=name,
        command=shlex.join(["python", "-m", f"geomdl.recipes.{name}", *told.given]),
        seeds=told.seeds,
        seconds=sum(one.seconds for variants in outcomes for one in variants.values()),
        metrics=found,
        expect={k: v for k, v in study.recipe.EXPECT.items() if k in found},
        reference=study.recipe.REFERENCE,
        data=told.data,
        curves=[curve(variants, study.curves) for variants in outcomes],
    )
    print(f"wrote {write_result(result, told.folder)}")


def main(study: Study, arguments: Sequence[str] | None = None) -> None:
    """The command line of a study of `geomdl fit`'s recipes."""
    parser = parser_for(study.recipe)
    parser.add_argument("--epochs", type=float, help="other than the settings' number")
    given = sys.argv[1:] if arguments is None else list(arguments)
    args = parser.parse_args(given)
    outcomes = run(shortened(study, args.epochs), args.seeds, args.output)
    data = data_of(study.recipe, next(iter(outcomes[0].values())).folder)
    tell(study, outcomes, Telling(args.record, given, args.seeds, data))
