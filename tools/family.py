"""The DQN family on four pixel games, in one picture and one table.

    python tools/family.py                     docs/gallery/family.png
    python tools/family.py --table             the table of docs/rl.md, on the terminal

From results/pixel_family.json: members by their mean score, a point per seed.
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
from geomdl.recipes.pixel_family import GAMES, MEMBERS

ROOT = Path(__file__).resolve().parent.parent

Metrics = Mapping[str, Mapping[str, Any]]


def order(metrics: Metrics) -> list[str]:
    """The members, the best mean score first."""
    return sorted(MEMBERS, key=lambda name: -metrics[f"score_{name}"]["mean"])


def panel(place: Axes, metrics: Metrics, figure: str) -> None:
    """A bar to the mean of figure_<member> for each member, and its seeds as points."""
    for row, name in enumerate(order(metrics)):
        one = metrics[f"{figure}_{name}"]
        place.barh(row, one["mean"], color="C0", alpha=0.35, height=0.7)
        place.plot(one["values"], [row] * len(one["values"]), "o", color="C0", markersize=4)
    place.tick_params(labelsize=8)
    place.grid(alpha=0.3, axis="x")


def drawn(metrics: Metrics) -> Figure:
    """The score over the games, then the returns in each beside chance and rules."""
    figure = Figure((12.5, 3.6), layout="constrained")
    first, *rest = figure.subplots(1, 1 + len(GAMES), sharey=True)
    panel(first, metrics, "score")
    first.set_title("score: 0 chance, 1 rules", fontsize=9)
    first.set_yticks(range(len(MEMBERS)), order(metrics))
    first.invert_yaxis()
    for place, game in zip(rest, GAMES, strict=True):
        panel(place, metrics, f"return_{game}")
        for name, style in {"random": ":", "scripted": "--"}.items():
            place.axvline(metrics[f"{name}_{game}"]["mean"], color="0.3", linestyle=style)
        place.set_title(f"{game}: return (: chance, -- rules)", fontsize=9)
    return figure


def table(metrics: Metrics) -> str:
    """Markdown: members by score, the worst and best seed, the rate, the return in each game."""
    games = " | ".join(GAMES)
    lines = [f"| member | score | seeds | rate | {games} |", "|" + "---|" * (4 + len(GAMES))]
    for name in order(metrics):
        score = metrics[f"score_{name}"]
        returns = " | ".join(f"{metrics[f'return_{g}_{name}']['mean']:.1f}" for g in GAMES)
        seeds = f"{min(score['values']):.2f} to {max(score['values']):.2f}"
        rate = metrics[f"rate_{name}"]["mean"]
        lines.append(f"| `{name}` | {score['mean']:.2f} | {seeds} | {rate:g} | {returns} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs/gallery/family.png")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--table", action="store_true", help="print it, draw nothing")
    given = parser.parse_args(arguments)
    path = given.results / "pixel_family.json"
    if not path.exists():
        raise InputError(f"results: nothing is recorded as {path}")
    metrics = json.loads(path.read_text())["metrics"]
    if given.table:
        print(table(metrics))
    else:
        save_figure(given.output, drawn(metrics))


if __name__ == "__main__":
    main()
