"""`geomdl rl`: train agents, test them, film them, compare them."""

import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from core2d.errors import InputError, expect_choice, expect_number

if TYPE_CHECKING:
    from rl.settings import Settings
    from rl.train import Outcome

HELP = """usage: geomdl rl train|evaluate|record|compare|check ...

Agents of the DQN family on Gymnasium environments. A run's folder gets config.json,
model.safetensors, checkpoint.pt, log.jsonl and TensorBoard's files.

members: dqn2013, dqn, double, dueling, prioritised, nstep, noisy, c51, qr_dqn, rainbow

examples:
  geomdl rl train --help                                     every setting, with its default
  geomdl rl train dqn --env CartPole-v1 --steps 50000 --seed 1
  geomdl rl train rainbow --env Acrobot-v1 --learn.rate 5e-4 -o runs/acrobot
  geomdl rl train dqn --resume                               go on where it was stopped or killed
  geomdl rl train cartpole_dqn --seeds 0 1 2 3 4 --record    a recipe, into results/
  geomdl rl train dqn --seeds 0 1 2 3 --processes 2          side by side
  geomdl rl train dqn --seeds 0 1 2 --vary learn.rate=1e-3,3e-4 --ray auto   on a Ray cluster
  geomdl rl train --config runs/dqn --seed 2                 the settings of a run
  geomdl rl train dqn --env my_package:Mine-v0               an environment of your own
  geomdl rl check my_package:Mine-v0                         does it keep Gymnasium's rules?
  geomdl rl evaluate runs/dqn --episodes 100
  geomdl rl record runs/dqn -o dqn.mp4
  geomdl rl compare runs/dqn runs/rainbow -o curves.png"""


@dataclass(frozen=True)
class Where:
    """Where runs go.

    output: folder of the run, by default runs/NAME. resume: go on from its last checkpoint, or
    start where there is none. overwrite: delete a run that is there. seeds: one run each, into
    seed0, seed1 ... of the output. record: write results/NAME.json when all are done. results:
    folder of that file. config: a run, its folder or its config.json, whose settings are the
    defaults. vary: NAME=A,B,...: a run
    for every combination. processes: runs at a time; several go on where they were stopped. ray:
    local for a Ray of this machine, auto for the cluster that runs, or its address.
    """

    output: Path | None = None
    resume: bool = False
    overwrite: bool = False
    seeds: tuple[int, ...] = ()
    record: bool = False
    results: Path = Path("results")
    config: Path | None = None
    vary: tuple[str, ...] = ()
    processes: int = 1
    ray: str = ""

    def __post_init__(self) -> None:
        if self.vary and self.record:
            raise InputError("record: expected one kind of run, got --vary too")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds, default=0) < 0:
            raise InputError(f"seeds: expected different numbers >= 0, got {self.seeds}")
        expect_number("processes", self.processes, low=1)


def run(arguments: Sequence[str]) -> int:
    """`geomdl rl` with its arguments -> exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return 0 if arguments else 2
    name = expect_choice("geomdl rl", arguments[0], ("train", *OTHERS))
    if name == "train":
        return train(arguments[1:])
    import tyro

    return int(
        tyro.cli(
            OTHERS[name],
            prog=f"geomdl rl {name}",
            args=list(arguments[1:]),
            config=(tyro.conf.FlagCreatePairsOff,),
        )
    )


def evaluate(
    runs: Positional[tuple[Path, ...]],
    /,
    *,
    episodes: int = 100,
    seed: int = 0,
    epsilon: float | None = None,
    json: bool = False,
) -> int:
    """The mean return of a run's weights over fresh episodes, and how sure one can be of it.

    Args:
        runs: folders of runs.
        episodes: how many, whole ones, with seeds that training never has.
        seed: of the episodes.
        epsilon: share of random actions; by default 0.05 in Atari games without sticky actions,
            as published, else 0.
        json: print a JSON list.
    """
    import json as encoder

    from rl.evaluate import evaluate

    if not runs:
        raise InputError("runs: expected at least one folder, got none")
    found = [evaluate(run, episodes=episodes, seed=seed, epsilon=epsilon) for run in runs]
    if json:
        print(encoder.dumps([one.content() for one in found], indent=1))
    else:
        print("\n".join(f"{run}: {one}" for run, one in zip(runs, found, strict=True)))
    return 0


def record(
    run: Positional[Path],
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    episodes: int = 1,
    seed: int = 0,
    epsilon: float = 0.0,
) -> int:
    """A film of a run's weights at play.

    Args:
        run: folder of the run.
        output: the film: .mp4, .gif or .webp.
        episodes: how many, one after the other.
        seed: of the episodes.
        epsilon: share of random actions.
    """
    from rl.record import record

    print(record(run, output, episodes=episodes, seed=seed, epsilon=epsilon))
    return 0


def compare(
    runs: Positional[tuple[Path, ...]],
    /,
    *,
    output: Annotated[Path | None, arg(aliases=["-o"])] = None,
    json: Path | None = None,
) -> int:
    """Learning curves of runs, with 95 % intervals over seeds, and a table of final returns.

    Args:
        runs: folders of runs, or folders that hold the runs of several seeds.
        output: the picture of the curves: .png, .svg or .pdf.
        json: write the numbers to this file.
    """
    from core2d.files import save_json
    from rl.compare import compare

    found = compare(runs)
    print(found)
    if output is not None:
        found.draw(output)
    if json is not None:
        save_json(json, found.content())
    return 0


def check(environment: Positional[str], /) -> int:
    """Does an environment keep Gymnasium's rules, and can the agents here play it?

    Args:
        environment: its id; "my_package:Mine-v0" imports my_package first.
    """
    from rl.environments import check

    found = check(environment)
    print(f"{environment}: observations {found.observation}, actions {found.action}")
    for text in found.warnings:
        print(f"warning: {text}")
    return 0


OTHERS: dict[str, Callable[..., int]] = {
    "evaluate": evaluate,
    "record": record,
    "compare": compare,
    "check": check,
}


def train(arguments: Sequence[str]) -> int:
    """`geomdl rl train [MEMBER or RECIPE] [settings]` -> exit code."""
    from geomdl.commands.explain import spelled_out
    from rl.train import train

    arguments = spelled_out(arguments)
    name, recipe, settings, where, how = parsed(arguments)
    output = where.output or Path("runs") / name
    seeds = where.seeds or (settings.seed,)
    many = bool(where.vary or where.ray) or where.processes > 1
    if many and not swept(name, settings, output, seeds, where):
        return 1
    if where.vary:
        return 0
    outcomes = []
    for seed in seeds:
        folder = output / f"seed{seed}" if where.seeds or many else output
        one, resume = replace(settings, seed=seed), where.resume or many
        outcomes.append(
            train(one, folder, resume, overwrite=where.overwrite and not many, name=name, how=how)
        )
    if where.record:
        command = shlex.join(["geomdl", "rl", "train", *arguments])
        print(f"recorded in {write(name, recipe, command, seeds, outcomes, where.results)}")
    return 0


def swept(
    name: str, settings: "Settings", output: Path, seeds: Sequence[int], where: Where
) -> bool:
    """Many runs at a time -> whether all of them came to their end."""
    from core2d.train.search import read_value
    from rl.sweep import jobs_of, sweep

    grid = {}
    for word in where.vary:
        setting, equals, values = word.partition("=")
        if not equals:
            raise InputError(f"vary: expected NAME=A,B,..., got {word!r}")
        grid[setting.replace("-", "_")] = [read_value(value) for value in values.split(",")]
    if where.overwrite and output.exists():
        shutil.rmtree(output)
    jobs = jobs_of(settings, name=name, seeds=seeds, grid=grid)
    done = sweep(jobs, output, processes=where.processes, ray=where.ray)
    return not any(one.failure for one in done)


def parsed(arguments: Sequence[str]) -> tuple[str, Any, "Settings", Where, Any]:
    """Name, recipe (None for a member), settings, where and how. A resumed run keeps its own."""
    import tyro

    from geomdl.commands.explain import list_fields
    from rl.settings import Settings
    from rl.train import How

    named = bool(arguments) and not arguments[0].startswith("-")
    name, rest = (arguments[0], arguments[1:]) if named else ("", arguments)
    before = saved(name, rest)
    name = name or (before[0] if before else "dqn")
    recipe, settings, about = found(name) if before is None else known(*before, name)
    for kind in (Settings, Where, How):
        list_fields(kind)

    @dataclass
    class Command:
        settings: Annotated[Settings, tyro.conf.arg(name="")]
        where: Annotated[Where, tyro.conf.arg(name="")]
        how: Annotated[How, tyro.conf.arg(name="")]

    got = tyro.cli(
        Command,
        default=Command(settings, Where(), How()),
        prog=f"geomdl rl train {name}",
        args=list(rest),
        description=about,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return Path(name).stem, recipe, got.settings, got.where, got.how


def found(name: str) -> tuple[Any, "Settings", str]:
    """A member of the family or a recipe -> module of the recipe, settings, what it is."""
    from geomdl.recipes import find
    from rl.settings import FAMILY, member

    members = {make.__name__: make for make in FAMILY}
    if name in members:
        return None, member(name), str(members[name].__doc__)
    known = find.runs_of_rl()
    if name not in known:
        expect_choice("geomdl rl train", name, (*members, *known))
    recipe = find.run_of_rl(name)
    return recipe, recipe.SETTINGS, recipe.__doc__ or ""


def known(before: str, settings: "Settings", name: str) -> tuple[Any, "Settings", str]:
    """`found` for settings of a run that was called `before`."""
    from geomdl.recipes import find

    recipe = find.run_of_rl(name) if name in find.runs_of_rl() else None
    return recipe, settings, f"With the settings of a run of {before}."


def saved(name: str, arguments: Sequence[str]) -> "tuple[str, Settings] | None":
    """Name and settings of --config, or of the run that --resume goes on with. Raises InputError.

    name: what is to be trained, "" where it was not said; a run goes on as what it is.
    """
    from core2d.train.runs import read_run
    from rl.runs import COMMAND, settings_in

    given: dict[str, str] = {}
    for at, word in enumerate(arguments):
        flag, equals, value = word.partition("=")
        if flag in ("--config", "--output"):
            given[flag] = value if equals else "".join(arguments[at + 1 : at + 2])
    if "--config" in given:
        if not given["--config"]:
            raise InputError("config: expected the folder of a run")
        folder = Path(given["--config"])
        folder = folder.parent if folder.name == "config.json" else folder
        content = read_run(folder, COMMAND)
        return content["name"], settings_in(folder, content)
    if "--resume" not in arguments:
        return None
    output = Path(given.get("--output") or Path("runs") / (name or "dqn"))
    runs = sorted([*output.glob("config.json"), *output.glob("seed*/config.json")])
    if not runs:
        return None
    content = read_run(runs[0].parent, COMMAND)
    before = content.get("name", "")
    if name and Path(name).stem != before:
        raise InputError(f"{runs[0].parent}: a run of {before} lies there, got {name}")
    return before, settings_in(runs[0].parent, content)


def write(
    name: str,
    recipe: Any,
    command: str,
    seeds: Sequence[int],
    outcomes: "list[Outcome]",
    folder: Path,
) -> Path:
    """Write results/NAME.json: the returns of the test, and the curves of all seeds.

    What a recipe expects is not expected of another environment, which gets a file of its own:
    results/atari_dqn_breakout.json.
    """
    from core2d.train.record import Result, write_result
    from rl.atari import described, words
    from rl.runs import read_settings

    settings = read_settings(outcomes[0].folder)
    protocol = words(described(settings.env, settings.protocol))
    data = f"{settings.env}, raw rewards, {protocol}" if protocol else settings.env
    if recipe is not None and settings.env != recipe.SETTINGS.env:
        name = f"{name}_{re.sub('[^a-z0-9]+', '_', settings.env.rpartition('/')[2].lower())}"
        recipe = None
    result = Result(
        recipe=name,
        command=command,
        seeds=seeds,
        seconds=sum(outcome.seconds for outcome in outcomes),
        metrics={key: [o.metrics[key] for o in outcomes] for key in outcomes[0].metrics},
        expect=getattr(recipe, "EXPECT", {}),
        reference=getattr(recipe, "REFERENCE", {}),
        data=getattr(recipe, "DATA", data),
        curves=[outcome.log for outcome in outcomes],
    )
    return write_result(result, folder)
