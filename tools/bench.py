"""Speed as ratios, in a checkout: the rows of geomdl.bench, written as results/bench wants them.

    python tools/bench.py                       all rows
    python tools/bench.py knn_index rasterize   rows by name
    python tools/bench.py --group ops --json out.json

`geomdl bench` shows the same rows where only the package is installed.
"""

import argparse
import json
from pathlib import Path

from geomdl.bench.measure import line, machine_rates, measure
from geomdl.bench.table import chosen
from geomdl.errors import GeometryError


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="rows to run, by name; all when none is given")
    parser.add_argument("--group", help="only rows of this group (ops, sparse, render, ...)")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    args = parser.parse_args(arguments)
    try:
        found = chosen(args.names, args.group)
    except GeometryError as error:
        parser.error(str(error))
    if args.list:
        print("\n".join(f"{r.name:<22} {r.work:<44} against {r.peer}" for r in found))
        return
    results = []
    rates = machine_rates()
    for row in found:
        results.append(measure(row, rates))
        print(line(results[-1]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
