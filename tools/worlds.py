"""The agents of worlds_dqn beside chance, script and oracle, in one picture.

    python tools/worlds.py                     docs/gallery/worlds.png

From results/worlds_dqn.json: returns while training, a line per seed, and those of the test split.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core2d.errors import InputError
from core2d.inspect.figure import save_figure
from geomdl.recipes.worlds_dqn import WORLDS
from rl.compare import Run, curves_of
from rl.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
OTHERS = {"oracle": "0.2", "scripted": "C1", "random": "0.6"}


def logs_of(content: Mapping[str, Any], world: str) -> list[list[dict[str, float]]]:
    """The log of a world's agent for each seed."""
    begin = f"{world}/"
    return [
        [{k.removeprefix(begin): v for k, v in line.items() if k.startswith(begin)} for line in log]
        for log in content["curves"]
    ]


def panel(place: Axes, content: Mapping[str, Any], world: str) -> None:
    """One world: curves of the seeds, tests as stars, the others as lines across."""
    runs = [Run(Path(world), "", Settings(), log, None) for log in logs_of(content, world)]
    steps, curves = curves_of(runs)
    metrics = content["metrics"]
    for number, one in enumerate(curves):
        label = "agents while training, a seed each" if not number else None
        place.plot(steps / 1000, one, color="C0", alpha=0.7, label=label)
    tests = metrics[f"return_{world}"]["values"]
    end = [steps[-1] / 1000] * len(tests)
    place.plot(end, tests, "*", color="C3", markersize=10, label="agents, test split")
    for name, color in OTHERS.items():
        value = metrics[f"return_{world}_{name}"]["mean"]
        place.axhline(value, color=color, linestyle="--", label=f"{name}, test split")
    place.set_title(world, fontsize=9)
    place.set_xlabel("thousand steps", fontsize=8)
    place.tick_params(labelsize=7)
    place.grid(alpha=0.3)


def figure(content: Mapping[str, Any]) -> Figure:
    """A panel for each world, and what the lines are."""
    drawn = Figure((11.5, 3.8), layout="constrained")
    for place, world in zip(drawn.subplots(1, len(WORLDS)), WORLDS, strict=True):
        panel(place, content, world)
    handles, labels = drawn.axes[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
    drawn.axes[0].set_ylabel("return of an episode", fontsize=8)
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/gallery/worlds.png")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args(arguments)
    path = given.results / "worlds_dqn.json"
    if not path.exists():
        raise InputError(f"results: nothing is recorded as {path}")
    save_figure(given.output, figure(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
