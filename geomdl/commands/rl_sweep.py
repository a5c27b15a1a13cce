"""`geomdl rl sweep`: many seeds and settings of an agent, in processes or on a Ray cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from core2d.errors import InputError

if TYPE_CHECKING:
    from rl.settings import Settings

ABOUT = """Train with every combination of --grid and every seed. Each run has a folder below
--output; the same command again goes on where it was stopped. Afterwards: geomdl rl compare, and
geomdl rl train NAME --seeds ... --resume --record, which reads the runs that are done."""


@dataclass(frozen=True)
class Spread:
    """What is run, and where.

    seeds: one run each. grid: SETTING=A,B,...: every combination. processes: at a time on this
    machine; on Ray at most so many, 1 for as many as it has processors. ray: auto for the running
    cluster, local for one of this machine alone, or an address. output: by default runs/NAME.
    """

    seeds: tuple[int, ...] = (0,)
    grid: tuple[str, ...] = ()
    processes: int = 1
    ray: str = ""
    output: Path | None = None


def sweep(arguments: Sequence[str]) -> int:
    """`geomdl rl sweep [MEMBER or RECIPE] [settings]` -> exit code, 1 where a run failed."""
    from rl.sweep import jobs_of, sweep

    name, settings, spread = parsed(arguments)
    jobs = jobs_of(settings, name=name, seeds=spread.seeds, grid=choices(spread.grid))
    output = spread.output or Path("runs") / name
    done = sweep(jobs, output, processes=spread.processes, ray=spread.ray)
    failed = [one for one in done if one.failure]
    for one in failed:
        print(f"{output / one.job.folder}:\n{one.failure}")
    return int(bool(failed))


def parsed(arguments: Sequence[str]) -> tuple[str, "Settings", Spread]:
    """What is trained, its settings, and how it is spread."""
    import tyro

    from geomdl.commands.explain import list_fields
    from geomdl.commands.rl import found
    from rl.settings import Settings

    named = bool(arguments) and not arguments[0].startswith("-")
    name, rest = (arguments[0], arguments[1:]) if named else ("dqn", arguments)
    _, settings, about = found(name)
    for kind in (Settings, Spread):
        list_fields(kind)

    @dataclass
    class Command:
        settings: Annotated[Settings, tyro.conf.arg(name="")]
        spread: Annotated[Spread, tyro.conf.arg(name="")]

    got = tyro.cli(
        Command,
        default=Command(settings, Spread()),
        prog=f"geomdl rl sweep {name}",
        args=list(rest),
        description=f"{ABOUT}\n\n{about}",
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return name, got.settings, got.spread


def choices(words: Sequence[str]) -> dict[str, list[Any]]:
    """("learn.rate=1e-3,3e-4", ...) -> {"learn.rate": [0.001, 0.0003], ...}. Raises InputError."""
    import json

    found: dict[str, list[Any]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text:
            raise InputError(f"grid: expected SETTING=A,B,..., got {word!r}")
        try:
            found[name.replace("-", "_")] = json.loads(f"[{text}]")
        except json.JSONDecodeError:
            found[name.replace("-", "_")] = text.split(",")
    return found
