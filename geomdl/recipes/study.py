"""Variants of one recipe side by side: each trained over several seeds, recorded as one result.

A study is stopped and started again at will: runs that are finished are read, one that was
stopped goes on.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core2d.train.fit import Outcome, fit
from core2d.train.options import Options
from core2d.train.recipe import Recipe
from core2d.train.record import Result, write_result
from core2d.train.runs import data_of, name_of

Figures = dict[str, list[float]]  # name -> one value per seed


@dataclass(frozen=True)
class Study:
    """variants: name -> settings. figures: what an outcome is reduced to.

    conclude: further figures from those of all variants, which are named figure_variant.
    """

    recipe: Recipe
    variants: Mapping[str, Any]
    figures: Callable[[Outcome], Mapping[str, float]]
    conclude: Callable[[Figures], Figures] = lambda found: {}


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


def reduced(study: Study, outcomes: Sequence[Mapping[str, Outcome]]) -> Figures:
    """Outcomes per seed -> figure_variant and the study's conclusions, one value per seed."""
    found: Figures = {}
    for variants in outcomes:
        for name, outcome in variants.items():
            for figure, value in study.figures(outcome).items():
                found.setdefault(f"{figure}_{name}", []).append(value)
    return {**found, **study.conclude(found)}


def curve(variants: Mapping[str, Outcome]) -> list[dict[str, float]]:
    """The logs of one seed's variants, epoch by epoch, every key as variant/key."""
    epochs = max(len(outcome.log) for outcome in variants.values())
    return [
        {
            f"{name}/{key}": value
            for name, outcome in variants.items()
            for line in outcome.log[epoch : epoch + 1]
            for key, value in line.items()
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


def main(study: Study, arguments: Sequence[str] | None = None) -> None:
    """The command line of a study."""
    name = name_of(study.recipe)
    parser = argparse.ArgumentParser(
        prog=f"python -m geomdl.recipes.{name}",
        description=study.recipe.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=float, help="other than the settings' number")
    parser.add_argument("--output", type=Path, default=Path("runs") / name, help="folder of runs")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    given = sys.argv[1:] if arguments is None else list(arguments)
    args = parser.parse_args(given)
    began = time.monotonic()
    outcomes = run(shortened(study, args.epochs), args.seeds, args.output)
    found = reduced(study, outcomes)
    for figure, values in found.items():
        print(f"{figure:<28} " + "  ".join(f"{value:.4f}" for value in values))
    if args.record:
        result = Result(
            recipe=name,
            command=shlex.join(["python", "-m", f"geomdl.recipes.{name}", *given]),
            seeds=args.seeds,
            seconds=sum(one.seconds for variants in outcomes for one in variants.values()),
            metrics=found,
            expect={k: v for k, v in study.recipe.EXPECT.items() if k in found},
            reference=study.recipe.REFERENCE,
            data=data_of(study.recipe, next(iter(outcomes[0].values())).folder),
            curves=[curve(variants) for variants in outcomes],
        )
        spent = time.monotonic() - began
        print(f"wrote {write_result(result, args.record)} after {spent:.0f} s")
