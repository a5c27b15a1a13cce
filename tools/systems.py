"""The ledger of systems: check that what tools/systems.toml claims is true, and publish it.

    python tools/systems.py           check, write SYSTEMS.md and geomdl/systems.json
    python tools/systems.py --check   check, and fail where the two files are stale

A working system names code that imports, a test that exists and, where it is trained or measured,
a recipe and its recorded result. A planned one claims nothing.
"""

import argparse
import ast
import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATUSES = ("working", "planned", "page")


@dataclass(frozen=True)
class System:
    """One row: what it is, and where its code, recipe, test and recorded result are."""

    id: str
    name: str
    group: str
    status: str
    code: str = ""
    recipe: str = ""
    test: str = ""
    result: str = ""
    note: str = ""


def load(path: Path) -> list[System]:
    """The rows of a ledger; unknown or missing fields raise TypeError."""
    return [System(**row) for row in tomllib.loads(path.read_text())["system"]]


def importable(dotted: str) -> str | None:
    """None when the dotted name imports, else why not."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        try:
            found: object = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name and (name == error.name or name.startswith(error.name + ".")):
                continue
            return f"{name}: {error}"
        for attribute in parts[cut:]:
            if not hasattr(found, attribute):
                return f"{name} has no {'.'.join(parts[cut:])}"
            found = getattr(found, attribute)
        return None
    return f"no module {parts[0]}"


def test_exists(root: Path, node: str) -> bool:
    """Whether path::function or path::Class::function is there (parameters are not looked at)."""
    name, *inner = node.split("[")[0].split("::")
    if not (root / name).is_file() or not inner:
        return False
    body: list[ast.stmt] = ast.parse((root / name).read_text()).body
    for part in inner:
        kinds = (ast.FunctionDef, ast.ClassDef)
        found = [n for n in body if isinstance(n, kinds) and n.name == part]
        if not found:
            return False
        body = found[0].body
    return inner[-1].startswith("test")


def recorded(root: Path, name: str) -> str | None:
    """None when the recorded result is there and holds metrics, else why not."""
    path = root / name
    if not path.is_file():
        return f"no file {name}"
    content = json.loads(path.read_text())
    missing = {"recipe", "command", "metrics", "reference"} - set(content)
    return f"{name} lacks {', '.join(sorted(missing))}" if missing else None


def untrue(root: Path, system: System) -> Iterator[str]:
    """What a row claims and is not so."""
    claims = (system.code, system.recipe, system.test, system.result)
    if system.status not in STATUSES:
        yield f"status {system.status!r} is none of {', '.join(STATUSES)}"
    elif system.status != "working":
        if any(claims):
            yield f"is {system.status} but claims {next(c for c in claims if c)}"
    else:
        if not system.code or not system.test:
            yield "is working but names no code or no test"
        for name in filter(None, (*system.code.split(), system.recipe)):
            if why := importable(name):
                yield f"code {why}"
        for node in system.test.split():
            if not test_exists(root, node):
                yield f"no test {node}"
        if bool(system.recipe) != bool(system.result):
            yield "a recipe and its recorded result go together"
        if system.result and (why := recorded(root, system.result)):
            yield f"result {why}"


def problems(root: Path, systems: list[System]) -> list[str]:
    """Everything in the ledger that is not true, one line each."""
    twice = {s.id for s in systems if sum(t.id == s.id for t in systems) > 1}
    found = [f"{name}: named twice" for name in sorted(twice)]
    return found + [f"{s.id}: {line}" for s in systems for line in untrue(root, s)]


def cell(text: str) -> str:
    return text.replace("|", "\\|") or " "


def markdown(systems: list[System]) -> str:
    """SYSTEMS.md: what works with its evidence, then the counts and the plan by group."""
    working = [s for s in systems if s.status == "working"]
    lines = [
        "# Systems",
        "",
        "Written by `python tools/systems.py` from tools/systems.toml; `make check` fails when it",
        "is stale. A system counts as working only with code, a test that would fail if it were",
        "wrong and, where it is trained or measured, a recorded result.",
        "",
        f"{len(working)} of {sum(s.status != 'page' for s in systems)} systems work; "
        f"{sum(s.status == 'page' for s in systems)} more rows are definitions or advice.",
        "",
        "| system | code | test | result |",
        "|---|---|---|---|",
    ]
    for s in working:
        code = "<br>".join(f"`{name}`" for name in s.code.split())
        test = "<br>".join(f"`{node}`" for node in s.test.split())
        result = f"[{s.recipe}]({s.result})" if s.result else ""
        named = cell(s.name) + (f"<br>{cell(s.note)}" if s.note else "")
        lines.append(f"| {named} | {code} | {test} | {cell(result)} |")
    for group in dict.fromkeys(s.group for s in systems):
        rows = [s for s in systems if s.group == group]
        done = sum(s.status == "working" for s in rows)
        lines += ["", f"## {group}: {done} of {sum(s.status != 'page' for s in rows)}", ""]
        for status, title in (("planned", "Planned"), ("page", "Definitions and advice")):
            names = [f"{s.name} {s.note}".strip() for s in rows if s.status == status]
            if names:
                lines += [f"{title}: {'; '.join(names)}."]
    return "\n".join(lines).rstrip() + "\n"


def published(systems: list[System]) -> str:
    """geomdl/systems.json: the rows without their empty fields, for `geomdl list`."""
    rows = [{k: v for k, v in asdict(s).items() if v} for s in systems]
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    systems = load(ROOT / "tools" / "systems.toml")
    found = problems(ROOT, systems)
    for path, text in (
        (ROOT / "SYSTEMS.md", markdown(systems)),
        (ROOT / "geomdl" / "systems.json", published(systems)),
    ):
        if not args.check and not found:
            path.write_text(text)
        elif args.check and (not path.is_file() or path.read_text() != text):
            found.append(f"{path.name} is stale: run `python tools/systems.py`")
    print("\n".join(found) or f"ledger: {sum(s.status == 'working' for s in systems)} systems work")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
