"""The house rules that a machine can check: `python tools/layout.py` lists every breach.

Sizes of files and functions, names that say nothing, which package may import which, a test file
for every module, and what may lie in the root. DESIGN.md says why.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 400
FUNCTION_LINES = 60
SIZED = {".py", ".cpp", ".h"}
PACKAGES = ("core2d", "geomdl", "rl", "scenes")
# What each room may import besides itself; the longest prefix of the module's name counts.
MAY_IMPORT = {
    "core2d": (),
    "geomdl": ("core2d",),
    "geomdl.bench.rl": PACKAGES,
    "geomdl.recipes": PACKAGES,
    "geomdl.cli": PACKAGES,
    "geomdl.commands": PACKAGES,
    "scenes": ("core2d", "geomdl"),
    "rl": ("core2d", "geomdl"),
    "tests.oracles": (),
    "tests": (*PACKAGES, "tools"),
    "tools": PACKAGES,
}
# Ops take plain tensors, so they never see a structure or what is built on structures.
CLOSED = {"geomdl.ops": ("geomdl.structures", "geomdl.io", "geomdl.render", "geomdl.reconstruct")}
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "misc"}
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|skipif\(not torch\.cuda\.is_available")
ROOT_NAMES = {
    *PACKAGES, "tests", "tools", "docs", "results", ".ci", ".gitignore", ".gitattributes",
    "pyproject.toml", "Makefile", "README.md", "DESIGN.md", "CHANGELOG.md", "LICENSE",
    "constraints.txt", "RESULTS.md", "SYSTEMS.md",
}  # fmt: skip


def files_of(root: Path) -> list[Path]:
    """Relative paths of all files that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return sorted(
        path for name in set(listing.splitlines()) if (root / (path := Path(name))).exists()
    )


def tree_of(root: Path, path: Path) -> ast.Module:
    """The syntax tree of a file; an empty one where it does not parse (`sizes` reports that)."""
    try:
        return ast.parse((root / path).read_text(), str(path))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def sizes(root: Path, files: list[Path]) -> Iterator[str]:
    """Files over 400 lines and Python functions over 60."""
    for path in (f for f in files if f.suffix in SIZED):
        text = (root / path).read_text()
        count = len(text.splitlines())
        if count > FILE_LINES:
            yield f"{path}: {count} lines, at most {FILE_LINES}"
        if path.suffix != ".py":
            continue
        try:
            compile(text, str(path), "exec")
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"
        for node in ast.walk(tree_of(root, path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most 60"


def names(root: Path, files: list[Path]) -> Iterator[str]:
    """Names that say nothing, and marks of unfinished work."""
    for path in files:
        if EMPTY_NAMES & {Path(part).stem for part in path.parts}:
            yield f"{path}: a name that says nothing; name it by its idea"
        checks_itself = path.name in ("layout.py", "test_layout.py")
        if path.suffix in SIZED and not checks_itself:
            for number, line in enumerate((root / path).read_text().splitlines(), 1):
                if found := MARKS.search(line):
                    yield f"{path}:{number}: {found.group(0)!r} does not stay in the tree"


def module_of(path: Path) -> str:
    """geomdl/ops/keys.py -> geomdl.ops.keys."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                kept = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*kept, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def directions(root: Path, files: list[Path]) -> Iterator[str]:
    """Imports against the direction core2d <- geomdl <- scenes, rl."""
    known = {*PACKAGES, "tools", "tests"}
    for path in (f for f in files if f.suffix == ".py" and f.parts[0] in known):
        module = module_of(path)
        rooms = [room for room in MAY_IMPORT if within(module, room)]
        allowed = MAY_IMPORT[max(rooms, key=len)]
        closed = [c for room, shut in CLOSED.items() if within(module, room) for c in shut]
        tree = tree_of(root, path)
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for line, name in imported(tree, package):
            top = name.split(".")[0]
            outside = top in known and top != path.parts[0] and top not in allowed
            if module.startswith("tests.oracles"):
                outside = top in known and not within(name, "tests.oracles")
            if outside or any(within(name, c) for c in closed):
                yield f"{path}:{line}: {module} must not import {name}"


def untested(root: Path, files: list[Path]) -> Iterator[str]:
    """Modules with code but without tests/<folder>/test_<module>.py."""
    have = set(files)
    for path in files:
        checked = path.suffix == ".py" and path.parts[0] in (*PACKAGES, "tools")
        if not checked:
            continue
        tree = tree_of(root, path)
        code = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        named = [node.name for node in tree.body if isinstance(node, code)]
        if all(name.startswith("__") for name in named):  # a lazy __init__ has only __getattr__
            continue
        stem = path.parent.name if path.name == "__init__.py" else path.stem
        folder = path.parent.parent if path.name == "__init__.py" else path.parent
        wanted = Path("tests") / folder / f"test_{stem}.py"
        if wanted not in have:
            yield f"{path}: no test file {wanted}"


def root_contents(root: Path, files: list[Path]) -> Iterator[str]:
    """What lies in the root and does not belong there."""
    for name in sorted({f.parts[0] for f in files} - ROOT_NAMES):
        yield f"{name}: does not belong in the root"


CHECKS = (sizes, names, directions, untested, root_contents)


def problems(root: Path) -> list[str]:
    """Every breach of the layout under `root`, one line each."""
    files = files_of(root)
    return [line for check in CHECKS for line in check(root, files)]


def main() -> None:
    found = problems(ROOT)
    print("\n".join(found) if found else f"layout: {len(files_of(ROOT))} files in order")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
