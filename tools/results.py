"""RESULTS.md from results/*.json: `python tools/results.py` writes it, `--check` compares.

Every recipe's recorded metrics beside what it expects and the reference, with the command.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HEAD = """# Results

Recorded runs, one section per recipe, made by `python tools/results.py` from `results/*.json`.
Nothing here is typed by hand; a reference is a number from elsewhere with its source.
"""


def number(value: float | None) -> str:
    """A figure with four significant digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"


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


def page(folder: Path) -> str:
    """The whole page from a folder of results."""
    contents = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return HEAD + "".join(section(c) for c in contents if isinstance(c, dict) and "recipe" in c)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where RESULTS.md is stale")
    args = parser.parse_args(arguments)
    target = ROOT / "RESULTS.md"
    wanted = page(ROOT / "results")
    if args.check:
        if not target.exists() or target.read_text() != wanted:
            print("RESULTS.md is stale: run python tools/results.py", file=sys.stderr)
            return 1
        return 0
    target.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
