"""The doctor's two error rates: healthy trainings that it accuses, broken ones that it lets pass.

    python tools/doctor_trials.py                  writes results/doctor/trials.json
    python tools/doctor_trials.py --set second     others: results/doctor/trials_second.json

It needs the real data (GEOMDL_DATA).

A healthy training is accused by any alarm or warning. A broken one is caught where the check that
is made for its fault speaks. The time per step is left out: it judges the machine.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import doctor_cases
import doctor_cases_second
import torch
from doctor_cases import Visit

from core2d.doctor.examine import findings
from core2d.doctor.limits import Limits
from core2d.files import replace as replace_file
from core2d.train.record import commit, machine

ROOT = Path(__file__).resolve().parent.parent
SETS = {"first": doctor_cases, "second": doctor_cases_second}
FILES = {"first": "trials.json", "second": "trials_second.json"}
QUICK = Limits(examples=64, steps=100, ladder=(5, 10, 100), run_steps=60)  # as --quick


def tried(name: str, make: Callable[[], Visit], limits: Limits) -> dict[str, Any]:
    """Examine one training -> what was said against it."""
    torch.manual_seed(0)
    seen = make()
    began = time.monotonic()
    case = replace(seen.case, limits=limits)
    found = tuple(findings(case, step=seen.step, evaluate=seen.evaluate))
    said = {f.check: [f.status, f.said] for f in found if f.bad and f.check != "timing"}
    row = {
        "name": name,
        "findings": len(found),
        "bad": said,
        "seconds": round(time.monotonic() - began, 1),
    }
    if seen.wrong:
        row |= {"wrong": seen.wrong, "caught": seen.wrong in said}
    return row


def rates(well: list[dict[str, Any]], ill: list[dict[str, Any]]) -> dict[str, Any]:
    """Both error rates, by training; and by single finding of the healthy ones."""
    return {
        "accused": {
            "trainings": sum(bool(row["bad"]) for row in well),
            "of": len(well),
            "alarms": sum(s == "alarm" for row in well for s, _ in row["bad"].values()),
            "findings": sum(len(row["bad"]) for row in well),
            "of findings": sum(row["findings"] for row in well),
        },
        "missed": {
            "trainings": sum(not row["caught"] for row in ill),
            "of": len(ill),
            "without any word": sum(not row["bad"] for row in ill),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="those whose name holds this; nothing written")
    parser.add_argument("--part", default="", help="healthy or broken; the other as it is on file")
    parser.add_argument("--set", choices=list(SETS), default="first", help="which trainings")
    args = parser.parse_args()
    path, only, chosen = ROOT / "results" / "doctor" / FILES[args.set], args.only, SETS[args.set]
    if not only:
        unchanged()
    head = {"commit": commit(ROOT), "machine": machine(), "limits": vars(QUICK)}
    rows: dict[str, list[dict[str, Any]]] = {"healthy": [], "broken": []}
    if args.part and path.exists():
        rows |= {part: json.loads(path.read_text())[part] for part in rows}
    for part, cases in (("healthy", chosen.healthy()), ("broken", chosen.broken())):
        if args.part not in ("", part):
            continue
        rows[part] = []
        for name, make in cases.items():
            if only in name:
                rows[part].append(tried(name, make, QUICK))
                print(json.dumps(rows[part][-1]), flush=True)
    found = rates(rows["healthy"], rows["broken"])
    print(json.dumps(found))
    if not only:
        write(path, head | {"rates": found} | rows)


def unchanged() -> None:
    """Refuse to record what no commit holds: the doctor, or the trainings. Raises SystemExit."""
    parts = ["core2d/doctor", "tools/doctor_cases.py", "tools/doctor_cases_second.py"]
    call = ["git", "-C", str(ROOT), "status", "--porcelain", *parts]
    if changed := subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip():
        raise SystemExit(f"commit these first: {changed}")


def write(path: Path, content: dict[str, Any]) -> None:
    """JSON, atomically."""
    text = json.dumps(content, indent=1) + "\n"
    replace_file(path, lambda part: part.write_text(text))


if __name__ == "__main__":
    main()
