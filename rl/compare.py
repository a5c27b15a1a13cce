"""Runs side by side: learning curves over seeds with their intervals, a table, a JSON file.

    found = compare(["runs/dqn", "runs/rainbow"])      each a run, or a folder of seeds
    print(found)                                       final returns, with 95 % intervals over seeds
    found.draw("curves.png")

Runs that differ in nothing but their seed belong together. An interval over seeds says how far the
mean would move with other seeds; it is wide where seeds are few, and still too narrow then
(Henderson et al. 2018, Agarwal et al. 2021), so the worst seed stands beside it.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core2d.errors import InputError
from core2d.inspect.figure import save_figure
from core2d.train.log import Line, read_log
from core2d.train.runs import read_run
from rl.atari import described
from rl.evaluate import interval
from rl.runs import COMMAND, settings_in
from rl.settings import Settings

POINTS = 100  # of a curve
WINDOW = 0.05  # share of a run whose episodes make a point of its curve
RESAMPLES = 2000


@dataclass(frozen=True)
class Run:
    """What a run left: its log, and the mean return of its test where it was tested."""

    folder: Path
    name: str
    settings: Settings
    log: list[Line]
    test: float | None


@dataclass(frozen=True)
class Group:
    """Runs of one kind, S of them. Curves over P points: training returns, raw, by steps.

    finals: per seed the mean return of the test (`tested`), or the curve's last point. frames: of
    the game in a step. protocol: of Atari games.
    """

    name: str
    env: str
    seeds: tuple[int, ...]
    steps: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    finals: tuple[float, ...]
    tested: bool
    frames: int
    protocol: dict[str, Any]

    def row(self) -> dict[str, Any]:
        """Its line of the table."""
        low, high = interval(self.finals)
        return {
            "runs": self.name,
            "env": self.env,
            "seeds": len(self.seeds),
            "steps": f"{self.steps[-1]:,.0f}",
            "return": f"{np.mean(self.finals):.2f}" + ("" if self.tested else " (training)"),
            "95 % over seeds": f"{low:.2f} to {high:.2f}" if len(self.finals) > 1 else "one seed",
            "worst": f"{min(self.finals):.2f}",
            "best": f"{max(self.finals):.2f}",
        }


@dataclass(frozen=True)
class Comparison:
    """Groups, by environment."""

    groups: tuple[Group, ...]

    def __str__(self) -> str:
        rows = [group.row() for group in self.groups]
        cells = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
        widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in cells]
        return "\n".join(line.rstrip() for line in lines)

    def content(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        return {"groups": [dataclasses.asdict(group) for group in self.groups]}

    def figure(self, references: Mapping[str, Mapping[str, float]] | None = None) -> Figure:
        """A panel per environment. references: env -> words -> a return to be drawn as a line."""
        envs = list(dict.fromkeys(group.env for group in self.groups))
        names = list(dict.fromkeys(group.name for group in self.groups))
        columns = min(3, len(envs))
        rows = -(-len(envs) // columns)
        figure = Figure((4.6 * columns, 3.5 * rows), layout="constrained")
        places = figure.subplots(rows, columns, squeeze=False).ravel()
        for place in places[len(envs) :]:
            place.set_axis_off()
        for place, env in zip(places, envs, strict=False):
            for group in (group for group in self.groups if group.env == env):
                _curve(place, group, f"C{names.index(group.name) % 10}")
            for number, (words, value) in enumerate((references or {}).get(env, {}).items()):
                style = ("--", ":", "-.")[number % 3]
                place.axhline(value, color="0.4", linestyle=style, linewidth=1, label=words)
            place.set_title(env, fontsize=9)
            place.set_ylabel("return", fontsize=8)
            place.tick_params(labelsize=7)
            place.grid(alpha=0.3)
            place.legend(fontsize=7)
        return figure

    def draw(
        self, path: Path | str, references: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        """Write the figure, by the name's ending. Raises InputError."""
        save_figure(Path(path), self.figure(references))


def _curve(place: Axes, group: Group, colour: str) -> None:
    """One group: its mean, and a band where there are several seeds."""
    x = np.asarray(group.steps) * group.frames
    seeds = f"{len(group.seeds)} seeds" if len(group.seeds) > 1 else "1 seed"
    place.plot(x, group.mean, color=colour, label=f"{group.name} ({seeds})")
    if len(group.seeds) > 1:
        place.fill_between(x, group.low, group.high, color=colour, alpha=0.2, linewidth=0)
    place.set_xlabel("frames" if group.frames > 1 else "steps", fontsize=8)


def compare(folders: Sequence[Path | str], *, window: float = WINDOW) -> Comparison:
    """Runs, or folders with runs in them -> their groups.

    window: share of a run over whose last episodes a point of its curve is the mean. Raises
    InputError where a folder holds no run of rl, or a run has told nothing yet.
    """
    runs = [run for folder in folders for run in runs_in(Path(folder))]
    if not runs:
        raise InputError("runs: expected at least one folder, got none")
    alike: dict[tuple[str, Settings], list[Run]] = {}
    for run in runs:
        key = (run.name, dataclasses.replace(run.settings, seed=0))
        alike.setdefault(key, []).append(run)
    names = labels(list(alike))
    groups = [grouped(name, own, window) for name, own in zip(names, alike.values(), strict=True)]
    order = list(dict.fromkeys(group.env for group in groups))
    return Comparison(tuple(sorted(groups, key=lambda group: order.index(group.env))))


def runs_in(folder: Path) -> list[Run]:
    """The run of a folder, or those in its subfolders. Raises InputError where there are none."""
    if not (folder / "config.json").exists():
        inside = sorted(path.parent for path in folder.glob("*/config.json"))
        if inside:
            return [run for one in inside for run in runs_in(one)]
    content = read_run(folder, COMMAND)
    settings, log = settings_in(folder, content), read_log(folder / "log.jsonl")
    outcome = folder / "outcome.json"
    metrics = json.loads(outcome.read_text())["metrics"] if outcome.exists() else {}
    return [Run(folder, content["name"], settings, log, metrics.get("return"))]


def labels(kinds: Sequence[tuple[str, Settings]]) -> list[str]:
    """A name for each kind of run: its own, with the settings in which namesakes differ."""
    named = []
    for name, settings in kinds:
        same = [flat(other) for called, other in kinds if called == name]
        same = [other for other in same if other["env"] == settings.env]
        own = flat(settings)
        varied = [key for key in own if any(other[key] != own[key] for other in same)]
        named.append(" ".join([name, *(f"{key}={own[key]}" for key in varied)]))
    return named


def flat(settings: Any, path: str = "") -> dict[str, Any]:
    """Settings by dotted names: {"learn.rate": 0.001, ...}."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        inner = dataclasses.is_dataclass(value)
        found |= flat(value, f"{path}{field.name}.") if inner else {path + field.name: value}
    return found


def grouped(name: str, runs: Sequence[Run], window: float) -> Group:
    """Runs of one kind -> their common curve. Raises InputError where one has no episode yet."""
    settings = runs[0].settings
    steps, curves = curves_of(runs, window)
    low, high = bands(curves)
    tests = [run.test for run in runs]
    finals = [value for value in tests if value is not None]
    tested = len(finals) == len(runs)
    atari = described(settings.env, settings.protocol)
    return Group(
        name=name,
        env=settings.env,
        seeds=tuple(run.settings.seed for run in runs),
        steps=tuple(steps.tolist()),
        mean=tuple(curves.mean(0).tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        finals=tuple(finals if tested else curves[:, -1].tolist()),
        tested=tested,
        frames=int(atari.get("skip", 1)),
        protocol=atari,
    )


def curves_of(runs: Sequence[Run], window: float = WINDOW) -> tuple[np.ndarray, np.ndarray]:
    """Steps (P,) that all S runs reached, and their training returns there (S, P).

    Raises InputError where one has no episode yet.
    """
    ends = [told(run)[-1]["step"] for run in runs]
    starts = [told(run)[0]["step"] for run in runs]
    steps = np.linspace(max(starts), max(min(ends), max(starts)), POINTS)
    return steps, np.stack([curve(run, steps, window) for run in runs])


def told(run: Run) -> list[Line]:
    """The lines of a log between which episodes ended. Raises InputError where there are none."""
    lines = [line for line in run.log if "return" in line]
    if not lines:
        raise InputError(f"{run.folder}: no episode has ended yet; nothing to compare")
    return lines


def curve(run: Run, steps: np.ndarray, window: float) -> np.ndarray:
    """Mean raw returns of the episodes of the last `window` of the run before each step (P,).

    Where none ended in it, the last line that told of one.
    """
    lines = told(run)
    at, value, count = (
        np.array([line[key] for line in lines], np.float64)
        for key in ("step", "return", "episodes")
    )
    width = window * at[-1]
    inside = (at <= steps[:, None]) & (at > steps[:, None] - width)  # (P, lines)
    last = np.maximum(np.searchsorted(at, steps, side="right") - 1, 0)
    inside[np.arange(len(steps)), last] = True
    weight = inside * count
    return (weight @ value) / weight.sum(1)


def bands(curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Curves of S seeds (S, P) -> ends of the 95 % bootstrap interval of their mean, (P,) each."""
    count = len(curves)
    drawn = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    chosen = np.stack([(drawn == seed).mean(1) for seed in range(count)], 1)  # (R, S) shares
    low, high = np.quantile(chosen @ curves, [0.025, 0.975], axis=0)
    return low, high
