"""`geomdl doctor fit RECIPE`: the training doctor on a recipe, and on a run of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core2d.errors import InputError

HELP = """usage: geomdl doctor fit RECIPE [options]

Examine a recipe's network, data, loss and training, and say what is wrong and what to do.

examples:
  geomdl doctor fit fashion_lenet                        some minutes; a table
  geomdl doctor fit fashion_lenet --quick                a minute: fewer steps and examples
  geomdl doctor fit fashion_lenet --run runs/fashion_lenet      and a run that has been made
  geomdl doctor fit fashion_lenet --run runs/b --against runs/a      did b change one thing only?
  geomdl doctor fit my_recipe.py --rate 0.1              a recipe of your own, other settings
  geomdl doctor fit fashion_lenet --output report        report/doctor.json, and TensorBoard's page
  geomdl doctor fit fashion_lenet --json | jq .findings

Ends with 0 whatever it finds, but with 1 on alarms under --strict."""


@dataclass(frozen=True)
class Visit:
    """run: folder of a run of this recipe; without one a short training is made.

    against: folder of an earlier run to compare it with: is there one change alone? output: folder
    for doctor.json and TensorBoard's page. overwrite: replace a doctor.json that is there. quick:
    smaller samples, fewer steps. json: print the report as JSON. strict: end with 1 where there
    are alarms. seed: of the samples, and of the weights where there is no run.
    """

    run: Path | None = None
    against: Path | None = None
    output: Path | None = None
    overwrite: bool = False
    quick: bool = False
    json: bool = False
    strict: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        report = None if self.output is None else self.output / "doctor.json"
        if report is not None and report.exists() and not self.overwrite:
            raise InputError(f"{report}: it is there already; another --output, or --overwrite")


def run(arguments: Sequence[str]) -> int:
    """`geomdl doctor fit` with its arguments -> exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return 0 if arguments else 2
    from geomdl.recipes.find import find

    recipe = find(arguments[0])
    config, visit = parsed(recipe, arguments)
    report = examined(recipe, config, visit)
    if visit.json:
        print(report.json())
    else:
        from rich.console import Console

        from core2d.doctor.show import ending, table

        console = Console()
        console.print(table(report))
        console.print(ending(report))
    return int(visit.strict and any(f.status == "alarm" for f in report.findings))


def parsed(recipe: Any, arguments: Sequence[str]) -> tuple[Any, Visit]:
    """The recipe's settings and what is asked of the doctor."""
    from geomdl.commands.explain import options

    parts = {"config": recipe.Config(), "visit": Visit()}
    got = options(parts, f"geomdl doctor fit {arguments[0]}", arguments[1:], recipe.__doc__)
    return got.config, got.visit


def examined(recipe: Any, config: Any, visit: Visit) -> Any:
    """The report, told on standard error as it comes.

    Raises GeometryError for a foreign run, or settings beside those of a run.
    """
    from rich.console import Console

    from core2d.doctor.examine import findings
    from core2d.doctor.finding import Report
    from core2d.doctor.limits import Limits
    from core2d.doctor.recipe import trial_of
    from core2d.doctor.show import tensorboard
    from core2d.doctor.simple import start_simple
    from core2d.files import save_text

    limits = Limits()
    if visit.quick:
        limits = replace(limits, examples=64, steps=100, ladder=(5, 10, 100), run_steps=60)
    made, compared = opened(recipe, visit.run), comparison(visit, limits)
    if made is not None:
        if config != recipe.Config():
            raise InputError("run: its own settings are examined; leave out those of the recipe")
        config = made.config
    trial = trial_of(recipe, config, visit.seed, limits)
    past = None if made is None else made.run
    with Console(stderr=True).status("examining") as status:
        found = tuple(
            findings(
                trial.case,
                past,
                step=trial.step,
                evaluate=trial.evaluate,
                more=(
                    ("metrics", trial.metrics),
                    ("start simple", lambda run: start_simple(recipe, config, trial.case)),
                    *compared,
                ),
                epochs=config.train.epochs,
                said=lambda what: status.update(f"examining: {what}"),
            )
        )
    report = Report(found)
    if visit.output is not None:
        save_text(visit.output / "doctor.json", report.json() + "\n")
        tensorboard(report, visit.output, trial.case)
    return report


def comparison(visit: Visit, limits: Any) -> tuple[tuple[str, Any], ...]:
    """The check that compares two runs, where two are named. Raises GeometryError."""
    if visit.against is None:
        return ()
    from core2d.doctor.compare import CHECK, one_change
    from core2d.train.log import read_log
    from core2d.train.runs import read_run
    from geomdl.errors import GeometryError

    if visit.run is None:
        raise GeometryError("against: expected --run RUN, too, to compare with")
    ours, theirs = (read_run(folder) for folder in (visit.run, visit.against))
    logs = read_log(visit.run / "log.jsonl"), read_log(visit.against / "log.jsonl")
    return ((CHECK, lambda run: one_change(ours, theirs, logs, limits)),)


@dataclass(frozen=True)
class Made:
    """A run that has been made, and its settings."""

    run: Any
    config: Any


def opened(recipe: Any, folder: Path | None) -> Made | None:
    """The run in a folder. Raises GeometryError where it is another recipe's."""
    if folder is None:
        return None
    from core2d.doctor.run import Run
    from core2d.train.runs import open_run
    from geomdl.errors import GeometryError
    from geomdl.recipes.find import find

    trained = open_run(folder, find)
    if trained.recipe.__name__ != recipe.__name__:
        raise GeometryError(f"run: {folder} is a run of {trained.recipe.__name__}")
    lines = [{k: float(v) for k, v in line.items()} for line in trained.log]
    return Made(Run(lines, trained.model), trained.config)
