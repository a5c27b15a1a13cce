"""`geomdl fit RECIPE`: train a network and leave a folder that can be opened, resumed, drawn."""

import itertools
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core2d.train.options import Options

if TYPE_CHECKING:
    from core2d.train.fit import Outcome
    from core2d.train.recipe import Recipe

HELP = """usage: geomdl fit RECIPE [options]

Train a network on real data. The run's folder gets config.json, model.safetensors, checkpoint.pt,
log.jsonl (a line per epoch) and TensorBoard's files.

examples:
  geomdl list recipes                                    what can be trained
  geomdl fit RECIPE --help                               every setting, with its default
  geomdl fit fashion_lenet                               into runs/fashion_lenet
  geomdl fit fashion_lenet --epochs 2 --rate 3e-3 -o runs/short
  geomdl fit cifar_resnet20 --resume                     go on where it was stopped or killed
  geomdl fit fashion_lenet --record --seeds 0 1 2        and write results/fashion_lenet.json
  geomdl fit my_recipe.py                                a recipe of your own
  geomdl fit cifar_resnet20 --devices 2                  two processes, or two GPUs
  torchrun --nnodes 4 --nproc-per-node 8 -m geomdl.cli fit cifar_resnet20 --nodes 4 --devices 8
  srun --nodes 4 --ntasks-per-node 8 geomdl fit cifar_resnet20 --nodes 4 --devices 8 --resume
  tensorboard --logdir runs                              curves, images, histograms"""


@dataclass(frozen=True)
class Recording:
    """Several seeds, and the record of what came out.

    seeds: one run each, into subfolders seed0, seed1 ... of the output. record: write
    results/RECIPE.json when all are done. results: folder of that file.
    """

    seeds: tuple[int, ...] = ()
    record: bool = False
    results: Path = Path("results")


def run(arguments: Sequence[str]) -> int:
    """`geomdl fit` with its arguments -> exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return 0 if arguments else 2
    from core2d.train.fit import fit
    from geomdl.commands.explain import spelled_out
    from geomdl.recipes.find import find

    began, arguments = time.monotonic(), spelled_out(arguments)
    recipe = find(arguments[0])
    config, options, recording = parsed(recipe, arguments)
    outcomes = [fit(recipe, config, one) for one in seeded(options, recording)]
    if recording.record and all(outcome.finished and outcome.first for outcome in outcomes):
        seeds = recording.seeds or (options.seed,)
        command = shlex.join(["geomdl", "fit", *arguments])
        path = record(recipe, command, seeds, outcomes, recording.results)
        print(f"recorded in {path} after {time.monotonic() - began:.0f} s")
    return 0


def parsed(recipe: "Recipe", arguments: Sequence[str]) -> tuple[Any, Options, Recording]:
    """The recipe's settings, how it is run, what is recorded. Resumed runs keep their settings."""
    from geomdl.commands.explain import options

    name, rest = arguments[0], arguments[1:]
    how = Options(output=Path("runs") / Path(name).stem)
    before = _before(recipe, rest, how.output)
    parts = {"config": before or recipe.Config(), "options": how, "recording": Recording()}
    got = options(parts, f"geomdl fit {name}", rest, recipe.__doc__)
    return got.config, got.options, got.recording


def seeded(options: Options, recording: Recording) -> list[Options]:
    """One run per seed."""
    if not recording.seeds:
        return [options]
    return [
        replace(options, seed=seed, output=options.output / f"seed{seed}")
        for seed in recording.seeds
    ]


def record(
    recipe: "Recipe", command: str, seeds: Sequence[int], outcomes: "list[Outcome]", folder: Path
) -> Path:
    """Write results/RECIPE.json: metrics on the test set and the curves of all seeds."""
    from core2d.train.record import Result, write_result
    from core2d.train.runs import data_of, name_of

    result = Result(
        recipe=Path(name_of(recipe)).stem,
        command=command,
        seeds=seeds,
        seconds=sum(outcome.seconds for outcome in outcomes),
        metrics={name: [o.metrics[name] for o in outcomes] for name in outcomes[0].metrics},
        expect=recipe.EXPECT,
        reference=recipe.REFERENCE,
        data=data_of(recipe, outcomes[0].folder),
        curves=[outcome.log for outcome in outcomes],
    )
    return write_result(result, folder)


def _before(recipe: "Recipe", arguments: Sequence[str], output: Path) -> Any | None:
    """The settings of the run that --resume goes on with."""
    from core2d.train.runs import config_of, read_run

    if "--resume" not in arguments:
        return None
    for word, value in itertools.pairwise([*arguments, ""]):
        name, equals, rest = word.partition("=")
        if name == "--output":
            output = Path(rest if equals else value)
    found = sorted([*output.glob("config.json"), *output.glob("seed*/config.json")])
    return config_of(recipe.Config, read_run(found[0].parent)["config"]) if found else None
