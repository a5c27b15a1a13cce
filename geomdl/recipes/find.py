"""The recipes by name, and a user's own by the path of its file."""

import ast
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from core2d.errors import InputError
from core2d.train.recipe import Recipe

FOLDER = Path(__file__).parent
PARTS = {"EXPECT", "REFERENCE", "DATA", "Config", "data", "model", "loss", "metrics", "predict"}
RUN = {"EXPECT", "REFERENCE", "DATA", "SETTINGS"}


def names() -> list[str]:
    """Every recipe that can be trained, without importing one."""
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if _defined(path) >= PARTS]


def runs_of_rl() -> list[str]:
    """Every recipe of `geomdl rl train`: a module with EXPECT, REFERENCE, DATA and SETTINGS."""
    return [path.stem for path in sorted(FOLDER.glob("*.py")) if _defined(path) >= RUN]


def run_of_rl(name: str) -> Any:
    """The module of such a recipe."""
    return importlib.import_module(f"geomdl.recipes.{name}")


def summary(name: str) -> str:
    """The first line of what a recipe says of itself."""
    text = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())) or ""
    return text.partition("\n")[0]


def find(name: str) -> Recipe:
    """The recipe of a name, or in a file of the user's (path/to/mine.py). Raises InputError."""
    if name.endswith(".py"):
        return _from_file(Path(name))
    known = names()
    if name in runs_of_rl():
        raise InputError(f"recipe: {name} is a run of an agent; see geomdl rl train {name} --help")
    if name not in known:
        import difflib

        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise InputError(f"recipe: there is no {name!r}{hint} (see geomdl list recipes)")
    return importlib.import_module(f"geomdl.recipes.{name}")


def _from_file(path: Path) -> Recipe:
    if not path.is_file():
        raise InputError(f"recipe: there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    if missing := sorted(PARTS - vars(module).keys()):
        raise InputError(f"{path}: a recipe needs {', '.join(missing)}")
    return module


def _defined(path: Path) -> set[str]:
    """The names that a module gets at its top, imported ones too."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(), str(path)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
