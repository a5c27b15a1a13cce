"""The tables of docs/viewer.md, from the code: `python tools/guide.py [--check]`.

The options are the fields of Look with their docstrings and the arguments of the two commands,
the keys those of the page. A table stands between <!-- NAME --> and <!-- end of NAME -->.
"""

import argparse
import ast
import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from geomdl.commands import render, view
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.page import keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "viewer.md"
HEAD = ("| option | default | |", "|---|---|---|")


def meanings(kind: type = Look) -> dict[str, str]:
    """Field of a dataclass -> its docstring in one line."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, words in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr):
            assert isinstance(field.target, ast.Name)
            assert isinstance(words.value, ast.Constant)
            found[field.target.id] = " ".join(str(words.value.value).split())
    return found


def row(name: str, plain: object, words: str) -> str:
    """One option: how it is written, its default, what it means."""
    flag = f"--{name.replace('_', '-')}"
    shown = "" if plain is None or plain == () else str(plain)
    if plain is True:
        flag, shown = f"--no-{name.replace('_', '-')}", "on"
    elif plain is False:
        shown = "off"
    elif isinstance(plain, tuple):
        shown = " ".join(map(str, plain))
    return f"| `{flag}` | {shown} | {words.replace('|', '/').rstrip('.')} |"


def rows_of(kind: type) -> Iterator[str]:
    """A row for every field of a dataclass."""
    plain, words = kind(), meanings(kind)
    for field in dataclasses.fields(kind):
        yield row(field.name, getattr(plain, field.name), words[field.name])


def arguments_of(command: Callable[..., Any]) -> Iterator[str]:
    """A row for every keyword of a command that is not a group of options."""
    text = inspect.getdoc(command) or ""
    words = dict(
        re.findall(r"^ {4}(\w+): (.+(?:\n {5,}.+)*)", text.split("Args:")[1], re.MULTILINE)
    )
    for name, given in inspect.signature(command).parameters.items():
        if given.kind is given.KEYWORD_ONLY and not dataclasses.is_dataclass(given.default):
            plain = None if given.default is given.empty else given.default
            yield row(name, plain, " ".join(words[name].split()))


def option_table() -> str:
    """The options of both commands."""
    return "\n".join([*HEAD, *rows_of(Look)])


def view_table() -> str:
    """What `geomdl view` has beside them."""
    return "\n".join([*HEAD, *arguments_of(view.command)])


def render_table() -> str:
    """What `geomdl render` has beside them."""
    own = [*arguments_of(render.command), *rows_of(Finish), *rows_of(render.Motion)]
    return "\n".join([*HEAD, *own])


def key_table() -> str:
    """Every key of a page that shows a sequence of several items, and the mouse."""
    page = MagicMock()
    page.session.scene.names = ("one", "other")
    every = keys.all_keys(page, MagicMock(), MagicMock(), MagicMock())
    rows = [*keys.MOUSE, *((key.shown, key.does) for key in every)]
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {does} |" for key, does in rows)])


TABLES: dict[str, Callable[[], str]] = {
    "keys": key_table,
    "options": option_table,
    "view options": view_table,
    "render options": render_table,
}


def written(text: str) -> str:
    """The page with its tables made anew. Raises ValueError where a mark is missing."""
    for name, table in TABLES.items():
        text = put(text, name, table())
    return text


def put(text: str, name: str, table: str) -> str:
    """A page with a table between the marks of its name. Raises ValueError where they are not."""
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", text, re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no place for the table of {name}")
    return f"{text[: found.start()]}{table}\n{text[found.end() :]}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail where a table is out of date")
    check = parser.parse_args(arguments).check
    text = PAGE.read_text()
    if check:
        return int(written(text) != text)
    PAGE.write_text(written(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
