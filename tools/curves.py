"""The curves of recorded trainings in one picture.

    python tools/curves.py cifar_resnet20 cifar_vit -o docs/gallery/cifar_curves.png

Reads results/NAME.json; of several seeds each is a line.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from core2d.errors import InputError
from core2d.inspect.curves import Curve, curves
from core2d.inspect.figure import draw_curves, save_figure

ROOT = Path(__file__).resolve().parent.parent
SHOWN = ("train/loss", "validation/loss", "validation/accuracy")


def read(folder: Path, names: Sequence[str], shown: Sequence[str]) -> dict[str, dict[str, Curve]]:
    """Recorded results -> run -> what is shown of it -> curve. Raises InputError."""
    found: dict[str, dict[str, Curve]] = {}
    for name in names:
        path = folder / f"{name}.json"
        if not path.exists():
            raise InputError(f"name: nothing is recorded as {path}")
        content = json.loads(path.read_text())
        for seed, log in zip(content["seeds"], content["curves"], strict=True):
            label = name if len(content["seeds"]) == 1 else f"{name}, seed {seed}"
            every = curves(log)
            found[label] = {key: every[key] for key in shown if key in every}
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", help="recipes with a file in results/")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the picture")
    parser.add_argument("--shown", nargs="+", default=SHOWN, help="what of the logs")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    given = parser.parse_args(arguments)
    save_figure(given.output, draw_curves(read(given.results, given.names, given.shown)))


if __name__ == "__main__":
    main()
