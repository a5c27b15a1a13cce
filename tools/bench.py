"""Speed as ratios: every row runs ours and its peer in turn, in one process, and compares values.

    python tools/bench.py                       all rows
    python tools/bench.py knn_index rasterize   rows by name
    python tools/bench.py --group ops --json out.json

A row is a `Row` from one of the modules in tools/benches. Its `prepare()` makes the work and gives
back `Work(ours, peer, same)`: two callables and a check of the two results, which runs before any
time is taken. `ratio` is peer / ours; a peer that is not installed is a row with null, never a
silent skip. `floor_seconds` is what the arithmetic or the memory traffic needs at least, at the
rates of a large copy and of a large sgemm on this machine, measured before the rows.
"""

import argparse
import importlib
import json
import pkgutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))


@dataclass(frozen=True)
class Work:
    """Ours and the peer on the same input; `same(ours(), peer())` raises where they differ."""

    ours: Callable[[], Any]
    peer: Callable[[], Any] | None = None
    same: Callable[[Any, Any], None] | None = None


@dataclass(frozen=True)
class Floor:
    """The least that a row's work moves (bytes) and computes (float operations)."""

    moved: float = 0.0
    flops: float = 0.0


@dataclass(frozen=True)
class Rates:
    """What this machine moves and computes in a second."""

    moved: float
    flops: float

    def floor(self, floor: Floor) -> tuple[float, str]:
        """Seconds, and what they are spent on."""
        memory, arithmetic = floor.moved / self.moved, floor.flops / self.flops
        if arithmetic > memory:
            return arithmetic, f"{floor.flops / 1e9:.2g} GFLOP at {self.flops / 1e9:.0f} GFLOP/s"
        return memory, f"{floor.moved / 1e6:.3g} MB at {self.moved / 1e9:.0f} GB/s"


def machine_rates() -> Rates:
    """The best of some copies of 256 MB and products of 2048 x 2048 matrices."""
    import torch

    a, b = torch.zeros(1 << 26), torch.zeros(1 << 26)
    m = torch.rand(2048, 2048)
    copy = min(seconds(lambda: b.copy_(a)) for _ in range(8))
    product = min(seconds(lambda: m @ m) for _ in range(8))
    return Rates(2 * 4 * a.numel() / copy, 2 * 2048**3 / product)


@dataclass(frozen=True)
class Row:
    """One line of the table. Where the peer is not installed, `prepare` gives a Work without it."""

    name: str
    group: str
    work: str
    peer: str
    prepare: Callable[[], Work]
    floor: Floor
    target: float | None = None  # the ratio that we hold ourselves to
    repeats: int = 7


def rows() -> Iterator[Row]:
    """All rows of tools/benches/*.py, each of which has a function `rows()`."""
    package = importlib.import_module("benches")
    for module in sorted(m.name for m in pkgutil.iter_modules(package.__path__)):
        yield from importlib.import_module(f"benches.{module}").rows()


def seconds(call: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(row: Row, rates: Rates) -> dict[str, Any]:
    """Check values, warm up, then time ours and the peer in turn; medians."""
    work = row.prepare()
    ours = work.ours()
    if work.peer is not None and work.same is not None:
        work.same(ours, work.peer())
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(row.repeats):
        mine.append(seconds(work.ours))
        if work.peer is not None:
            theirs.append(seconds(work.peer))
    median = statistics.median(mine)
    floor_seconds, floor = rates.floor(row.floor)
    peer_median = statistics.median(theirs) if theirs else None
    return {
        "name": row.name,
        "group": row.group,
        "work": row.work,
        "backend": "native",
        "seconds": median,
        "peer": row.peer,
        "peer_seconds": peer_median,
        "ratio": peer_median / median if peer_median else None,
        "target": row.target,
        "floor_seconds": floor_seconds,
        "floor": floor,
    }


def line(result: dict[str, Any]) -> str:
    """One row of the printed table."""
    peer, ratio = result["peer_seconds"], result["ratio"]
    return (
        f"{result['name']:<22} {result['work']:<44} {result['seconds'] * 1e3:9.2f} ms  "
        f"{result['peer']:<34} "
        + (f"{peer * 1e3:9.2f} ms  {ratio:6.2f}x" if peer else "  missing         ")
        + (f" (target {result['target']:g}x)" if result["target"] else "")
        + f"  floor {result['floor_seconds'] * 1e3:.2f} ms ({result['floor']})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="rows to run, by name; all when none is given")
    parser.add_argument("--group", help="only rows of this group (ops, sparse, render, ...)")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    args = parser.parse_args()
    chosen = [
        r
        for r in rows()
        if (not args.names or r.name in args.names) and args.group in (None, r.group)
    ]
    unknown = set(args.names) - {r.name for r in rows()}
    if unknown:
        parser.error(f"no row named {', '.join(sorted(unknown))}; see --list")
    if args.list:
        print("\n".join(f"{r.name:<22} {r.work:<44} against {r.peer}" for r in chosen))
        return
    results = []
    rates = machine_rates()
    for row in chosen:
        results.append(measure(row, rates))
        print(line(results[-1]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
