"""Which rows there are: those of every module in geomdl.bench.ops, .rl, .sparse ... .viewer."""

import importlib
import pkgutil
from collections.abc import Collection, Iterator

from geomdl.bench.measure import Row
from geomdl.errors import GeometryError

GROUPS = ("ops", "rl", "sparse", "train", "viewer")


def rows() -> Iterator[Row]:
    """All rows, module by module."""
    for group in GROUPS:
        package = importlib.import_module(f"geomdl.bench.{group}")
        for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
            yield from importlib.import_module(f"{package.__name__}.{module}").rows()


def chosen(names: Collection[str] = (), group: str | None = None) -> list[Row]:
    """The rows of these names, or all, of one group or all. Raises GeometryError."""
    every = list(rows())
    known = {row.name for row in every}
    if unknown := sorted(set(names) - known):
        raise GeometryError(
            f"names: expected rows of the bench, got {unknown[0]!r}; there are "
            + ", ".join(sorted(known))
        )
    groups = sorted({row.group for row in every})
    if group is not None and group not in groups:
        raise GeometryError(f"group: expected {' or '.join(groups)}, got {group!r}")
    return [r for r in every if (not names or r.name in names) and group in (None, r.group)]
