"""A trained run becomes weights that come with geomdl: `python tools/ship.py RUN`.

Writes geomdl/weights/NAME: model.safetensors with the large parameters in 16 bits (the loader makes
float32 of them), config.json, and README.md, a model card made from the run, its recipe and the
recorded results. What was written is opened again and measured on the recipe's test set; where it
is worse than the run itself nothing is left. `geomdl predict NAME` finds it, wheels contain it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import torch
from torch import nn

from core2d.errors import InputError
from core2d.files import save_json, save_text
from core2d.train.evaluate import evaluating
from core2d.train.files import save_weights
from core2d.train.runs import Trained, open_run, read_run
from geomdl.recipes.find import find, names, summary
from geomdl.recipes.shipped import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
MOST, MOST_IN_ALL = 5_000_000, 20_000_000  # bytes
WORSE = 0.002  # of any metric that half the bits may cost
TYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def ship(run: Path, name: str, kind: str, out: Path, results: Path) -> Path:
    """Write `out`/`name` from the folder of a finished run; gives the folder.

    Raises InputError for runs that are not finished, of no recipe that comes along, too large or
    worse in fewer bits.
    """
    trained = open_run(run, find)
    content = read_run(run)
    recipe = content["recipe"]
    if recipe not in names():
        raise InputError(f"{run}: expected a run of a recipe that comes along, got {recipe}")
    before = outcome_of(run)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / name
        narrowed(trained.model, TYPES[kind])
        save_weights(made / "model.safetensors", trained.model)
        kept = {key: content[key] for key in ("recipe", "config", "data", "versions")}
        kept["seed"] = content["options"]["seed"]
        save_json(made / "config.json", kept)
        expect_room(made / "model.safetensors", out, name)
        after = tested(made)
        for key in after:
            if abs(after[key] - before[key]) > WORSE:
                raise InputError(
                    f"{run}: in {kind} {key} is {after[key]:.4f}, was {before[key]:.4f}"
                )
        text = card(trained, kept, before, after, kind, results)
        save_text(made / "README.md", text)
        if (out / name).exists():
            rmtree(out / name)
        copytree(made, out / name)
    return out / name


def outcome_of(run: Path) -> dict[str, float]:
    """The metrics on the test set that a finished run told. Raises InputError."""
    path = run / "outcome.json"
    if not path.exists():
        raise InputError(f"{run}: expected a finished run, got one without outcome.json")
    return json.loads(path.read_text())["metrics"]


def narrowed(model: nn.Module, kind: torch.dtype) -> None:
    """Turn the parameters of two axes and more into `kind`, in place.

    Scales, shifts and running moments are few and stay as they are. Raises InputError where a
    number leaves the range of `kind`.
    """
    for name, value in model.named_parameters():
        if value.ndim > 1:
            narrow = value.data.to(kind)
            if not bool(narrow.isfinite().all()):
                raise InputError(f"{name}: {float(value.abs().max()):.3g} does not fit {kind}")
            value.data = narrow


def expect_room(file: Path, out: Path, name: str) -> None:
    """Refuse weights that are too large, alone or with the others. Raises InputError."""
    size = file.stat().st_size
    others = sum(p.stat().st_size for p in out.glob("*/*") if p.parent.name != name)
    if size > MOST or size + others > MOST_IN_ALL:
        raise InputError(
            f"{name}: expected at most {MOST / 1e6:g} MB and {MOST_IN_ALL / 1e6:g} MB in all, got "
            f"{size / 1e6:.2f} MB beside {others / 1e6:.2f} MB"
        )


def tested(folder: Path) -> dict[str, float]:
    """The metrics of a folder's network on the test set of its recipe, read as a user reads it."""
    trained = open_run(folder, find)
    examples = trained.recipe.data(trained.config).test
    with evaluating(trained.model):
        return trained.recipe.metrics(trained.model, examples)


def card(
    trained: Trained,
    content: Mapping[str, Any],
    before: Mapping[str, float],
    after: Mapping[str, float],
    kind: str,
    results: Path,
) -> str:
    """The model card."""
    recipe, name = trained.recipe, content["recipe"]
    record = recorded(results, name)
    parameters = sum(p.numel() for p in trained.model.parameters())
    classes = content["data"]["classes"]
    parts = [
        f"# {name}\n\n{summary(name)} Written by tools/ship.py; nothing here is typed by hand.\n",
        f"{parameters:,} parameters, the large ones in {kind}. Classes: {', '.join(classes)}.\n",
        f"```\ngeomdl predict {name} FILE -o OUT\n```\n",
        f"## Data\n\n{content['data'].get('name') or recipe.DATA}.\n",
        f"## Training\n\n{told(asdict(trained.config), content['seed'], record)}\n",
        f"## Figures\n\n{figures(recipe, before, after, kind, record)}",
    ]
    if real := recorded(results, "real_rooms", name):
        lines = [f"| {key} | {value['mean']:.3g} |" for key, value in real["metrics"].items()]
        head = f"`{real['command']}`. {real['data']}.\n\n| measure | value |\n|---|---|\n"
        parts.append("## On real scans\n\n" + head + "\n".join(lines) + "\n")
    if limits := getattr(recipe, "LIMITS", ()):
        parts.append("## Limits\n\n" + "\n".join(f"* {line}" for line in limits) + "\n")
    parts.append("## Licence\n\nThat of geomdl, Apache-2.0.\n")
    return "\n".join(parts)


def recorded(results: Path, name: str, about: str = "") -> dict[str, Any] | None:
    """results/NAME.json where it is there, and is `about` a recipe; else None."""
    path = results / f"{name}.json"
    content = json.loads(path.read_text()) if path.exists() else None
    return content if content and about in content["command"] else None


def told(config: Mapping[str, Any], seed: int, record: Mapping[str, Any] | None) -> str:
    """How it was trained, in a few lines."""
    train = config["train"]
    own = ", ".join(f"{key} {value}" for key, value in config.items() if key != "train")
    lines = (
        f"{train['epochs']:g} epochs, batch {train['batch']}, rate {train['rate']:g}, decay "
        f"{train['decay']:g}, schedule {train['schedule']}, seed {seed}; {own}."
    )
    if record is None:
        return f"{lines} No record of the recipe lies in results/."
    return (
        f"{lines} Recorded by `{record['command']}` at commit {record['commit']} on "
        f"{record['machine']}: {len(record['seeds'])} runs, {record['seconds']:g} s in all."
    )


def figures(
    recipe: Any,
    before: Mapping[str, float],
    after: Mapping[str, float],
    kind: str,
    record: Mapping[str, Any] | None,
) -> str:
    """The table of metrics on the test set."""
    lines = [
        f"| on the test set | these weights ({kind}) | the run | all recorded runs | reference |",
        "|---|---|---|---|---|",
    ]
    for name, value in after.items():
        runs = "-"
        if record is not None and name in record["metrics"]:
            found = record["metrics"][name]
            runs = f"{found['mean']:.4f} +- {found['std']:.4f} of {len(record['seeds'])}"
        beside = recipe.REFERENCE.get(name)
        elsewhere = f"{beside.value:g} ({beside.source})" if beside else ""
        lines.append(f"| {name} | {value:.4f} | {before[name]:.4f} | {runs} | {elsewhere} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a finished run of geomdl fit")
    parser.add_argument("--name", help="of the weights; the recipe's by default")
    parser.add_argument("--type", default="float16", choices=sorted(TYPES), help="of the weights")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder of all weights")
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="the records")
    args = parser.parse_args(arguments)
    try:
        name = args.name or Path(read_run(args.run)["recipe"]).stem
        made = ship(args.run, name, args.type, args.out, args.results)
    except InputError as error:
        print(f"ship: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in made.iterdir())
    print(f"{made}: {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
