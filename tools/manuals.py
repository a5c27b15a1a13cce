"""The tables of docs/training.md and docs/doctor.md, from the code: `python tools/manuals.py`.

Settings and options are the fields of Train and Options with the words of their docstrings, the
doctor's error rates those of results/doctor. --check fails where a table is stale.
"""

import argparse
import ast
import dataclasses
import inspect
import json
import sys
import typing
from collections.abc import Callable
from pathlib import Path

from guide import HEAD, put, row

from core2d.train.options import Options
from core2d.train.settings import Train
from geomdl.commands.explain import explained

ROOT = Path(__file__).resolve().parent.parent
DOCS, TRIALS = ROOT / "docs", ROOT / "results" / "doctor"


def words(kind: type) -> dict[str, str]:
    """Field -> what the docstring in the source says of it."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    twin = dataclasses.make_dataclass("Twin", [(f.name, f.type) for f in dataclasses.fields(kind)])
    twin.__doc__ = ast.get_docstring(body)  # a command may have rewritten that of `kind`
    return explained(twin)


def option_table(kind: type) -> str:
    """A row for every field of a dataclass of settings. Raises KeyError for one without words."""
    plain, said, hints = kind(), words(kind), typing.get_type_hints(kind)
    rows = []
    for name in (f.name for f in dataclasses.fields(kind)):
        choices = typing.get_args(hints[name]) if "Literal" in str(hints[name]) else ()
        parts = [said[name].rstrip("."), ", ".join(choices)]
        rows.append(row(name, getattr(plain, name), "; ".join(filter(None, parts))))
    return "\n".join([*HEAD, *rows])


def rates_table() -> str:
    """What the trials of the doctor gave, a row per set of trainings."""
    lines = [
        "| trials | healthy trainings accused | single findings that accuse | broken ones missed |",
        "|---|---|---|---|",
    ]
    for path in sorted(TRIALS.glob("*.json")):
        content = json.loads(path.read_text())
        accused, missed = content["rates"]["accused"], content["rates"]["missed"]
        lines.append(
            f"| `{path.name}`, commit {content['commit']} "
            f"| {accused['trainings']} of {accused['of']} "
            f"| {accused['findings']} of {accused['of findings']} "
            f"| {missed['trainings']} of {missed['of']} |"
        )
    return "\n".join(lines)


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "training.md": {
        "settings": lambda: option_table(Train),
        "run options": lambda: option_table(Options),
    },
    "doctor.md": {"rates": rates_table},
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail where a table is stale")
    check, stale = parser.parse_args(arguments).check, False
    for page, tables in TABLES.items():
        text = made = (DOCS / page).read_text()
        for name, table in tables.items():
            made = put(made, name, table())
        stale |= made != text
        if not check:
            (DOCS / page).write_text(made)
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main())
