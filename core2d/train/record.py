"""A result as a file: what ran, where, how often, and the reference to stand beside."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core2d.files import save_text


@dataclass(frozen=True)
class Reference:
    """A number from elsewhere and where it stands."""

    value: float
    source: str


@dataclass(frozen=True)
class Result:
    """One recipe's outcome over its seeds: metric name -> one value per seed.

    curves: for each seed the lines of its log, one per epoch.
    """

    recipe: str
    command: str
    seeds: Sequence[int]
    seconds: float
    metrics: Mapping[str, Sequence[float]]
    expect: Mapping[str, float]
    reference: Mapping[str, Reference] = field(default_factory=dict)
    data: str = ""
    curves: Sequence[Sequence[Mapping[str, float]]] = ()


def machine() -> str:
    """This machine in words: processor, cores."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        name = lines[0].split(":", 1)[1].strip() if lines else name
    return f"{name}, {os.cpu_count()} cores"


def commit(folder: Path) -> str:
    """The commit that `folder` stands on, '+changes' where files differ from it, or 'unknown'."""
    try:
        call = ["git", "-C", str(folder), "describe", "--always", "--dirty=+changes", "--abbrev=12"]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write_result(result: Result, folder: Path) -> Path:
    """Write results/<recipe>.json, atomically, and give back its path."""
    if any(len(values) != len(result.seeds) for values in result.metrics.values()):
        raise ValueError(f"metrics: expected one value per seed ({len(result.seeds)})")
    content: dict[str, Any] = {
        "recipe": result.recipe,
        "command": result.command,
        "commit": commit(folder),
        "machine": machine(),
        "seeds": list(result.seeds),
        "seconds": round(result.seconds, 1),
        "metrics": {
            name: {
                "mean": statistics.fmean(values),
                "std": statistics.stdev(values) if len(values) > 1 else 0.0,
                "values": list(values),
            }
            for name, values in result.metrics.items()
        },
        "expect": dict(result.expect),
        "reference": {
            name: {"value": r.value, "source": r.source} for name, r in result.reference.items()
        },
        "data": result.data,
        "curves": [[dict(line) for line in curve] for curve in result.curves],
    }
    path = folder / f"{result.recipe}.json"
    text = json.dumps(content, indent=1) + "\n"
    save_text(path, text)
    return path
