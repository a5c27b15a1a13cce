"""`geomdl bench`: how fast the ops are on this machine."""

import json as encoder
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geomdl.bench.measure import Row

Earlier = dict[tuple[str, str, str], float]
Names = Annotated[Positional[tuple[str, ...]], arg(metavar="[ROW...]", help_behavior_hint="")]


def command(
    names: Names = (),
    /,
    *,
    group: Annotated[str | None, arg(metavar="GROUP", help_behavior_hint="")] = None,
    list: bool = False,
    quick: bool = False,
    against: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None,
    json: bool = False,
) -> int:
    """The time of each op and of a peer on the same work, in turn; medians, and their ratio.

    Values are compared with the peer's before any time is taken. Peers (SciPy, scikit-image,
    Open3D, pykdtree, fpsample) are timed where they are installed: `pip install
    'geomdl-torch[bench]'` brings all. The floor is what memory traffic or arithmetic alone needs.
    Let the machine rest meanwhile, some three minutes: other work on its cores spoils the figures.

    Ends with 1 where a row's values differ from its peer's; the other rows still run.

    examples:
      geomdl bench --list
      geomdl bench knn_index rasterize
      geomdl bench --quick --json > today.json
      geomdl bench --against today.json

    Args:
        names: rows by name, such as knn_index; all when none is given.
        group: only rows of this group.
        list: name the rows and stop.
        quick: three turns a row instead of seven, and no row that takes a minute unless named.
        against: an earlier --json; adds how many times faster ours has become.
        json: print a JSON list with an object for each row, times in seconds.
    """
    from geomdl.bench.table import chosen

    rows = chosen(names, group)
    if quick and not names:
        slow = [row for row in rows if row.repeats == 1]
        rows = [row for row in rows if row not in slow]
        for row in slow:
            print(f"geomdl: left out: {row.name} against {row.peer}, a minute", file=sys.stderr)
    if list:
        found = [{"name": r.name, "group": r.group, "work": r.work, "peer": r.peer} for r in rows]
        lines = [f"{r.name:<22} {r.work:<44} against {r.peer}" for r in rows]
        print(encoder.dumps(found, indent=1) if json else "\n".join(lines))
        return 0
    before = None if against is None else earlier(against)
    results = measured(rows, 3 if quick else None, before, quiet=json)
    if json:
        print(encoder.dumps(results, indent=1))
    return int(len(results) < len(rows))


def measured(
    rows: "Sequence[Row]", most: int | None, before: Earlier | None, *, quiet: bool
) -> list[dict[str, Any]]:
    """The rows one after another, printed unless quiet; wrong values are told on stderr."""
    from geomdl.bench.measure import line, machine_rates, measure
    from geomdl.reconstruct.progress import progress_bar

    results: Any = []
    with progress_bar("bench", len(rows), 0, sys.stderr.isatty(), unit="rows") as advance:
        rates = machine_rates()
        for row in rows:
            try:
                result = measure(row, rates, most)
            except AssertionError as error:
                print(f"geomdl: error: {row.name} ({row.work}): {error}", file=sys.stderr)
            else:
                result |= {} if before is None else since(result, before)
                results.append(result)
                if not quiet:
                    print(line(result) + told(result), flush=True)
            advance(row.name)
    return results


def earlier(path: Path) -> Earlier:
    """What --json printed once -> seconds of each row. Raises GeometryError."""
    from geomdl.errors import GeometryError

    try:
        return {
            (row["name"], row["work"], row["peer"]): float(row["seconds"])
            for row in encoder.loads(path.read_text(encoding="utf-8"))
        }
    except (ValueError, TypeError, KeyError) as error:
        raise GeometryError(
            f"{path}: expected what `geomdl bench --json` prints, got {error!r}"
        ) from error


def since(result: dict[str, Any], before: Earlier) -> dict[str, float | None]:
    """Seconds of the same row before, and how many times faster it is now; None where unknown."""
    then = before.get((result["name"], result["work"], result["peer"]))
    return {"earlier_seconds": then, "speedup": then / result["seconds"] if then else None}


def told(result: dict[str, Any]) -> str:
    """The comparison with the earlier run as words."""
    if result.get("speedup") is None:
        return ""
    return f"  was {result['earlier_seconds'] * 1e3:.2f} ms ({result['speedup']:.2f}x faster now)"
