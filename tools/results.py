"""RESULTS.md and README's tables from recorded files: `--check` compares, else it writes.

results/*.json are recipes' records (`core2d.train.record`), results/bench/*.json what
`tools/bench.py --json` wrote. Nothing in either page is typed by hand.
"""

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from atari import table

from geomdl.recipes import atari_dqn
from rl.atari import words

ROOT = Path(__file__).resolve().parent.parent
SPEED = "<!-- speed: made by tools/results.py -->", "<!-- end of speed -->"
TRAINED = "<!-- trained: made by tools/results.py -->", "<!-- end of trained -->"
LAYERS, SHOWN = "submanifold_", "128^3 surface, 32 channels"  # the size that the README shows
# Recipes on data sets that are not at hand: the command and what others published stand in a table.
PUBLISHED = (
    "modelnet40_pointnet",
    "modelnet40_pointnet2",
    "modelnet40_dgcnn",
    "shapenetpart_pointnet2",
    "s3dis_minkunet18a",
    "s3dis_point_transformer",
    "scannet_minkunet34c",
    "semantickitti_minkunet18a",
)
# What the short table shows of a training, the first that it has.
HEADLINES = ("miou", "accuracy", "feature_match_recall")
HEAD = """# Results

Recorded runs, made by `python tools/results.py` from `results/`. Nothing here is typed by hand; a
reference is a number from elsewhere with its source.
"""


def number(value: float | None) -> str:
    """A figure with four significant digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"


def amount(value: float | None, unit: str = "s") -> str:
    """Seconds as milliseconds, or MB, with three significant digits; or a dash."""
    if value is None:
        return "-"
    return f"{value:,.0f} MB" if unit == "MB" else f"{value * 1e3:.3g} ms"


def section(content: dict[str, Any]) -> str:
    """One recipe's part of the page."""
    runs = len(content["seeds"])
    lines = [
        f"\n## {content['recipe']}\n",
        f"`{content['command']}`: {runs} run{'s' * (runs != 1)}, {content['seconds']:g} s, "
        f"{content['machine']}, commit {content['commit']}. Data: {content['data']}.\n",
        "| metric | mean | std | expected | reference | source |",
        "|---|---|---|---|---|---|",
    ]
    for name, metric in content["metrics"].items():
        reference = content["reference"].get(name, {})
        lines.append(
            f"| {name} | {number(metric['mean'])} | {number(metric['std'])} "
            f"| {number(content['expect'].get(name))} | {number(reference.get('value'))} "
            f"| {reference.get('source', '')} |"
        )
    return "\n".join(lines) + "\n"


def speed(folder: Path, *, short: bool = False) -> str:
    """The table of recorded bench rows of a folder; empty where there is none.

    short: sparse layers at one size alone.
    """
    rows = [row for path in sorted(folder.glob("*.json")) for row in json.loads(path.read_text())]
    if short:
        rows = [row for row in rows if not row["name"].startswith(LAYERS) or SHOWN in row["work"]]
    if not rows:
        return ""
    lines = [
        "| op | work | ours | peer | peer's time | ratio | asked | floor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "missing" if row["ratio"] is None else f"**{row['ratio']:.2f}x**"
        asked = "" if row["target"] is None else f"{row['target']:.3g}x"
        unit = row.get("unit", "s")
        floor = f"{amount(row['floor_seconds'], unit)} ({row['floor']})"
        lines.append(
            f"| `{row['name']}` | {row['work']} | {amount(row['seconds'], unit)} | {row['peer']} "
            f"| {amount(row['peer_seconds'], unit)} | {ratio} | {asked} | {floor} |"
        )
    return "\n".join(lines) + "\n"


def published(folder: Path) -> str:
    """The table of published figures, ours beside them where a folder of results has them."""
    lines = ["| command | data | metric | published | source | here |", "|" + "---|" * 6]
    for name in PUBLISHED:
        recipe, path = importlib.import_module(f"geomdl.recipes.{name}"), folder / f"{name}.json"
        ours = json.loads(path.read_text())["metrics"] if path.exists() else {}
        for metric, reference in recipe.REFERENCE.items():
            here = number(ours[metric]["mean"]) if metric in ours else ""
            lines.append(
                f"| `geomdl fit {name}` | {recipe.DATA} | {metric} | {number(reference.value)} "
                f"| {reference.source} | {here} |"
            )
    return "\n".join(lines) + "\n"


def games(folder: Path) -> str:
    """The part on Atari: ours beside what was published, and under which rules."""
    settings = atari_dqn.SETTINGS
    rules = words(asdict(settings.protocol))
    frames = settings.steps * settings.protocol.skip / 1e6
    return f"""
## Atari

Raw rewards of whole games, {rules}; a
test is the mean of {settings.episodes} games with the last weights, epsilon 0.05. "Training" is the
mean of the games that ended in the last whole million frames, and beside it that of Dopamine's DQN
over the same million (Castro et al. 2018, five runs, sticky actions 0.25). "2015" is the test of
Mnih et al. after 200 million frames; our full run has {frames:g} million. Short runs stand with
their commands above.

{table(folder)}"""


def page(folder: Path) -> str:
    """RESULTS.md from a folder of results."""
    contents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    others = (
        "\n## Published data sets\n\nNot run here where the last column is empty.\n\n"
        + published(folder)
    )
    bench = speed(folder / "bench")
    ending = f"\n## Speed\n\n{bench}" if bench else ""
    return HEAD + "".join(section(c) for c in contents) + games(folder) + others + ending


def trained(folder: Path) -> str:
    """The short table of recorded trainings: one row per recipe of `geomdl fit`."""
    rows = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    lines = ["| recipe | data | test metric | mean | std | runs | minutes each |", "|" + "---|" * 7]
    for content in rows:
        if not content["command"].startswith("geomdl fit"):
            continue
        name = next(name for name in HEADLINES if name in content["metrics"])
        metric, runs = content["metrics"][name], len(content["seeds"])
        spread = number(metric["std"]) if runs > 1 else "-"
        lines.append(
            f"| `{content['recipe']}` | {content['data']} | {name} | {number(metric['mean'])} "
            f"| {spread} | {runs} | {content['seconds'] / 60 / runs:.1f} |"
        )
    return "\n".join(lines) + "\n"


def with_part(readme: str, marks: tuple[str, str], table: str) -> str:
    """The README with the table between two marks. Raises ValueError where they are missing."""
    begin, end = marks
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise ValueError(f"README.md: expected one {begin} and one {end}")
    before, rest = readme.split(begin)
    return f"{before}{begin}\n{table}{end}{rest.split(end)[1]}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail where a page is stale")
    args = parser.parse_args(arguments)
    readme, results = ROOT / "README.md", ROOT / "results"
    text = with_part(readme.read_text(), SPEED, speed(results / "bench", short=True))
    pages = {
        ROOT / "RESULTS.md": page(results),
        readme: with_part(text, TRAINED, trained(results)),
    }
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if args.check:
        for path in stale:
            print(f"{path.name} is stale: run python tools/results.py", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(pages[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
