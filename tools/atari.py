"""Recorded Atari runs beside what others published at as many frames, in one picture.

    python tools/atari.py                          docs/gallery/atari.png
    python tools/atari.py -o atari.svg --results results
    python tools/atari.py -o atari.svg --runs runs/breakout      of runs that go on, too

Ours are results/atari_dqn*.json, one file per game; a game without one shows the others alone.
tools/atari_published.json holds Dopamine's DQN (Castro et al. 2018): raw training returns of five
runs, each number the mean of the episodes of a million frames. `table` is the same for RESULTS.md.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core2d.inspect.figure import save_figure
from core2d.train.log import Line
from geomdl.recipes import atari_dqn
from rl.atari import GAMES
from rl.compare import Run, curves_of, runs_in
from rl.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "tools" / "atari_published.json"
SHOWN = 3.0  # million frames that a panel has at least
ABOUT = """ours: network and preprocessing of Mnih et al. 2015,
no sticky actions, 4 frames a step; settings of the short
runs in geomdl.recipes.atari_dqn

Dopamine (Castro et al. 2018): sticky actions 0.25,
4 frames a step, whole games, one-step returns,
epsilon to 0.01 over 1 M frames

returns raw, of whole games while training; a point of ours
is the mean over the 5 % of its run before it, one of
Dopamine's over the million frames around it"""


@dataclass(frozen=True)
class Played:
    """A recorded game. logs: of each seed; tests: their returns of the final weights."""

    env: str
    skip: int
    logs: tuple[list[Line], ...]
    tests: tuple[float, ...]

    @property
    def frames(self) -> int:
        """Frames of the game in a run."""
        return int(self.skip * min(log[-1]["step"] for log in self.logs))

    @property
    def full(self) -> bool:
        """Whether it was the recipe's run, not a shorter one."""
        return self.frames >= self.skip * atari_dqn.SETTINGS.steps

    def curves(self) -> tuple[np.ndarray, np.ndarray]:
        """Million frames (P,) and training returns by seed (S, P). Raises InputError."""
        runs = [Run(Path(self.env), "", Settings(env=self.env), log, None) for log in self.logs]
        steps, curves = curves_of(runs)
        return steps * self.skip / 1e6, curves

    def over(self, start: float, end: float) -> float | None:
        """Mean return of the training's games that ended in these frames; None where none did."""
        lines = [
            line
            for log in self.logs
            for line in log
            if "return" in line and start < line["step"] * self.skip <= end
        ]
        count = sum(line["episodes"] for line in lines)
        return sum(line["return"] * line["episodes"] for line in lines) / count if count else None


def flag(command: str, name: str, default: str) -> str:
    """What a flag of a recorded command says."""
    found = re.search(rf"(?:^|\s){re.escape(name)}[ =](\S+)", command)
    return found[1] if found else default


def recorded(folder: Path) -> dict[str, Played]:
    """The games that a folder of results holds, by id."""
    settings = atari_dqn.SETTINGS
    found = {}
    for path in sorted(folder.glob("atari_dqn*.json")):
        content = json.loads(path.read_text())
        command = content["command"]
        env = flag(command, "--env", settings.env)
        skip = int(flag(command, "--protocol.skip", str(settings.protocol.skip)))
        tests = tuple(content["metrics"].get("return", {"values": ()})["values"])
        found[env] = Played(env, skip, tuple(content["curves"]), tests)
    return found


def running(folders: Sequence[Path]) -> dict[str, Played]:
    """The games of folders of runs, by id. Raises InputError where a folder holds no run."""
    found: dict[str, Played] = {}
    for run in (run for folder in folders for run in runs_in(folder)):
        env, skip = run.settings.env, run.settings.protocol.skip
        before = found.get(env, Played(env, skip, (), ()))
        tests = () if run.test is None else (run.test,)
        found[env] = Played(env, skip, (*before.logs, run.log), (*before.tests, *tests))
    return found


@cache
def published() -> dict[str, np.ndarray]:
    """Id -> Dopamine's returns (5 runs, iterations of a million frames)."""
    games = json.loads(PUBLISHED.read_text())["games"]
    return {env: np.array(values) for env, values in games.items()}


def panel(place: Axes, env: str, ours: Played | None) -> None:
    """One game: our curve and test, Dopamine's mean and range, over frames."""
    theirs = published()[env]
    ends = max(SHOWN, ours.frames / 1e6 + 0.5) if ours else SHOWN
    middle = np.arange(theirs.shape[1]) + 0.5
    shown = middle < ends
    low, high = theirs.min(0)[shown], theirs.max(0)[shown]
    place.fill_between(middle[shown], low, high, color="0.6", alpha=0.25, linewidth=0)
    place.plot(
        middle[shown], theirs.mean(0)[shown], "o-", color="0.4", label="Dopamine, 5 runs and range"
    )
    if ours:
        x, curves = ours.curves()
        for number, one in enumerate(curves):
            label = "ours, while training" if not number else None
            place.plot(x, one, color="C0", label=label, alpha=1 / len(curves) ** 0.5)
    if ours and ours.tests:
        mean, label = np.mean(ours.tests), "ours, test of the last weights, epsilon 0.05"
        place.plot(ours.frames / 1e6, mean, "*", color="C3", markersize=11, label=label)
    place.set_xlim(0, ends)
    best = atari_dqn.PUBLISHED[env]
    place.set_title(f"{env} (2015, after 200 M frames: {best:,g})", fontsize=9)
    place.set_xlabel("million frames", fontsize=8)
    place.tick_params(labelsize=7)
    place.grid(alpha=0.3)


def figure(games: Mapping[str, Played]) -> Figure:
    """Five panels, and what the lines are."""
    drawn = Figure((11.5, 6.2), layout="constrained")
    *places, last = drawn.subplots(2, 3).ravel()
    labels: dict[str, Artist] = {}
    for place, game in zip(places, GAMES, strict=True):
        env = f"ALE/{game}-v5"
        panel(place, env, games.get(env))
        handles, names = place.get_legend_handles_labels()
        labels |= dict(zip(names, handles, strict=True))
    last.set_axis_off()
    last.legend(labels.values(), labels.keys(), loc="upper left", fontsize=8, frameon=False)
    last.text(0.02, 0.66, ABOUT, fontsize=7.5, va="top", transform=last.transAxes)
    return drawn


def table(folder: Path) -> str:
    """The games with their protocol: ours, Dopamine's at as many frames, the full run's command."""
    games = recorded(folder)
    lines = [
        "| game | frames | training | Dopamine's there | test | 2015 | full run | its test |",
        "|" + "---|" * 8,
    ]
    for env in atari_dqn.PUBLISHED:
        cells = [env, *row(env, games.get(env)), f"{atari_dqn.PUBLISHED[env]:,g}"]
        full = games[env].tests if env in games and games[env].full else ()
        name = "" if env == atari_dqn.SETTINGS.env else f" --env {env}"
        cells += [f"`geomdl rl train atari_dqn{name} --record`", number(full)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def row(env: str, ours: Played | None) -> list[str]:
    """Frames, training returns over the last whole million of them, Dopamine's there, test."""
    if ours is None:
        return ["-"] * 4
    whole = min(ours.frames // 1_000_000, published()[env].shape[1])
    own = ours.over((whole - 1) * 1e6, whole * 1e6) if whole else None
    theirs = published()[env][:, whole - 1] if whole else ()
    frames = f"{ours.frames / 1e6:.3g} M"
    tests = () if ours.full else ours.tests
    return [frames, number(() if own is None else (own,)), number(theirs), number(tests)]


def number(values: Sequence[float] | np.ndarray) -> str:
    """The mean of values with four digits; nothing for none."""
    return f"{np.mean(values):,.4g}" if len(values) else ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/gallery/atari.png")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--runs", type=Path, nargs="+", default=(), help="instead of results")
    given = parser.parse_args(arguments)
    games = running(given.runs) if given.runs else recorded(given.results)
    save_figure(given.output, figure(games))


if __name__ == "__main__":
    main()
