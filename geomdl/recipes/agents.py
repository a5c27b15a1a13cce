"""Studies of agents: settings side by side, each over several seeds, recorded as one result.

Like `study`, whose runs are those of `geomdl fit`; the runs here are those of `geomdl rl train`.
Finished runs are read, stopped ones go on.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core2d.errors import InputError
from geomdl.recipes.study import Study, Telling, parser_for, tell
from rl.settings import Settings
from rl.sweep import QUIET, Job, sweep
from rl.train import Outcome, train


def trained(
    variants: Mapping[str, Settings], seeds: Sequence[int], folder: Path, processes: int = 1
) -> list[dict[str, Outcome]]:
    """Train every variant with every seed under `folder` -> per seed, the variants' outcomes.

    A whole set of variants comes before the next seed. Raises InputError where a run failed.
    """
    rows = [[(name, replace(one, seed=seed)) for name, one in variants.items()] for seed in seeds]
    jobs = [Job(f"{name}/seed{s.seed}", name, s) for row in rows for name, s in row]
    done = sweep(jobs, folder, processes=processes)
    failed = [f"{d.job.folder}: {d.failure.splitlines()[-1]}" for d in done if d.failure]
    if failed:
        raise InputError(f"runs: some failed, see {folder}/sweep.json\n" + "\n".join(failed))
    return [
        {
            name: train(s, folder / name / f"seed{s.seed}", True, name=name, how=QUIET)
            for name, s in row
        }
        for row in rows
    ]


def main(
    about: Any, make: Callable[[Path, int], Study], arguments: Sequence[str] | None = None
) -> None:
    """The command line of a study whose variants are `Settings`.

    about: the study's module, with EXPECT, REFERENCE and DATA. make: the study, from the folder of
    runs and the number of processes, for variants that depend on runs themselves.
    """
    parser = parser_for(about)
    parser.add_argument("--processes", type=int, default=1, help="runs side by side")
    given = sys.argv[1:] if arguments is None else list(arguments)
    args = parser.parse_args(given)
    study = make(args.output, args.processes)
    outcomes = trained(study.variants, args.seeds, args.output, args.processes)
    tell(study, outcomes, Telling(args.record, given, args.seeds, about.DATA))
