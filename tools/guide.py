"""The tables of docs/viewer.md, from the code: `python tools/guide.py [--check]`.

The options are the fields of Look with their docstrings, the keys those of the page. A table
stands between <!-- NAME --> and <!-- end of NAME -->.
"""

import argparse
import ast
import dataclasses
import inspect
import re
import sys
from pathlib import Path
from unittest.mock import MagicMock

from geomdl.viewer.look import Look
from geomdl.viewer.page import keys

PAGE = Path(__file__).resolve().parent.parent / "docs" / "viewer.md"


def meanings() -> dict[str, str]:
    """Field of Look -> its docstring in one line."""
    body = ast.parse(inspect.getsource(Look)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, words in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Expr):
            assert isinstance(field.target, ast.Name)
            assert isinstance(words.value, ast.Constant)
            found[field.target.id] = " ".join(str(words.value.value).split())
    return found


def option_table() -> str:
    """Every option of the look: how it is written, its default, what it means."""
    words = meanings()
    rows = ["| option | default | |", "|---|---|---|"]
    for field in dataclasses.fields(Look):
        plain = getattr(Look(), field.name)
        flag = f"--{field.name.replace('_', '-')}"
        if plain is True:
            flag = f"--no-{field.name.replace('_', '-')}"
        shown = {None: "", (): "", True: "on", False: "off"}.get(plain, plain)
        rows.append(f"| `{flag}` | {shown} | {words[field.name].replace('|', '/')} |")
    return "\n".join(rows)


def key_table() -> str:
    """Every key of a page that shows a sequence of several items, and the mouse."""
    page = MagicMock()
    page.session.scene.names = ("one", "other")
    every = keys.all_keys(page, MagicMock(), MagicMock(), MagicMock())
    rows = [*keys.MOUSE, *((key.shown, key.does) for key in every)]
    return "\n".join(["| | |", "|---|---|", *(f"| {key} | {does} |" for key, does in rows)])


def written(text: str) -> str:
    """The page with its tables made anew. Raises ValueError where a mark is missing."""
    for name, table in (("options", option_table()), ("keys", key_table())):
        found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", text, re.DOTALL)
        if found is None:
            raise ValueError(f"{PAGE.name} has no place for the table of {name}")
        text = f"{text[: found.start()]}{table}\n{text[found.end() :]}"
    return text


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
