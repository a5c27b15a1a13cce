"""`geomdl search RECIPE`: which settings of a recipe are good, by a grid or random draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core2d.errors import InputError

HELP = """usage: geomdl search RECIPE [--grid NAME=A,B ...] [--random N --between NAME=LOW:HIGH ...]

Train a recipe with many settings, judge them on the validation set, and print the best first. Each
trial has a folder under --output (runs/search-RECIPE), which also gets search.json. The same
command again goes on where it was stopped. Other options are those of geomdl fit.

examples:
  geomdl search fashion_lenet --epochs 2 --grid rate=1e-3,4e-3 batch=64,128
  geomdl search fashion_mlp --epochs 3 --random 8 --between rate=1e-4:1e-1 decay=1e-6:1e-2
  geomdl search cifar_vit --epochs 2 --grid batch=64,128 --random 3 --between rate=1e-4:1e-2"""


@dataclass(frozen=True)
class Asked:
    """What is tried.

    grid: NAME=A,B,...: every combination. random: how many draws, for each combination. between:
    NAME=LOW:HIGH: of what is drawn, even in the logarithm; whole numbers stay whole.
    """

    grid: tuple[str, ...] = ()
    random: int = 0
    between: tuple[str, ...] = ()


def run(arguments: Sequence[str]) -> int:
    """`geomdl search` with its arguments -> exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP)
        return 0 if arguments else 2
    from core2d.train.options import Options
    from core2d.train.search import search
    from geomdl.commands.explain import options
    from geomdl.recipes.find import find

    recipe = find(arguments[0])
    output = Path("runs") / f"search-{Path(arguments[0]).stem}"
    parts = {"config": recipe.Config(), "options": Options(output=output), "asked": Asked()}
    got = options(parts, f"geomdl search {arguments[0]}", arguments[1:], recipe.__doc__)
    trials = search(recipe, got.config, got.options, rows_of(got.asked, got.options.seed))
    for trial in trials:
        words = "  ".join(f"{name}={value}" for name, value in trial.values.items())
        print(f"{trial.score:.4f}  {words or 'as it is'}")
    return 0


def rows_of(asked: Asked, seed: int) -> list[dict[str, Any]]:
    """The settings of every trial. Raises InputError."""
    from core2d.train.search import drawn, grid, read_value

    choices = {
        n: [read_value(v) for v in text.split(",")] for n, text in _pairs("grid", asked.grid)
    }
    ranges: dict[str, tuple[float, float]] = {}
    for name, text in _pairs("between", asked.between):
        ends = [read_value(end) for end in text.split(":")]
        if len(ends) != 2 or not all(isinstance(end, (int, float)) for end in ends):
            raise InputError(f"between: expected {name}=LOW:HIGH, got {name}={text}")
        ranges[name] = (ends[0], ends[1])
    if bool(ranges) != bool(asked.random):
        raise InputError("random: expected --random N and --between NAME=LOW:HIGH together")
    combinations = grid(choices)
    if not ranges:
        return combinations
    draws = drawn(ranges, asked.random * len(combinations), seed)
    return [combinations[number % len(combinations)] | draw for number, draw in enumerate(draws)]


def _pairs(option: str, words: Sequence[str]) -> list[tuple[str, str]]:
    for word in words:
        if "=" not in word:
            raise InputError(f"{option}: expected NAME=VALUES, got {word!r}")
    return [(word.partition("=")[0].replace("-", "_"), word.partition("=")[2]) for word in words]
