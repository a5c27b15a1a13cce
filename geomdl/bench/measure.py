"""Rows of the speed table: what is timed, against whom, and how.

A `Row` has `prepare()`, which makes the work and gives back `Work(ours, peer, same)`: two callables
and a check of the two results, which runs before any time is taken. `ratio` is peer / ours; a peer
that is not installed is a row with null, never a silent skip. `floor_seconds` is what the
arithmetic or the memory traffic needs at least, at the rates of a large copy and of a large sgemm
on this machine. A row that takes `megabytes` tells MB wherever others tell seconds, and says so by
its "unit".
"""

import ctypes
import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
    take: Callable[[Callable[[], Any]], float] | None = None  # seconds by default, or megabytes


def machine_rates() -> Rates:
    """The best of some copies of 256 MB and products of 2048 x 2048 matrices."""
    import torch

    a, b = torch.zeros(1 << 26), torch.zeros(1 << 26)
    m = torch.rand(2048, 2048)
    copy = min(seconds(lambda: b.copy_(a)) for _ in range(8))
    product = min(seconds(lambda: m @ m) for _ in range(8))
    return Rates(2 * 4 * a.numel() / copy, 2 * 2048**3 / product)


def if_installed(make: Callable[[], Callable[[], Any]]) -> Callable[[], Any] | None:
    """The peer's call by `make`, or None where what it imports is not there."""
    try:
        return make()
    except (ImportError, OSError):  # a peer whose system libraries are missing raises OSError
        return None


def seconds(call: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def megabytes(call: Callable[[], Any]) -> float:
    """The most memory in 1e6 bytes that a call holds beyond what was held before; Linux alone.

    Raises OSError where the kernel does not let a process forget its peak.
    """
    if sys.platform != "linux":
        raise OSError("the peak of memory is read from /proc, which Linux has")
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed does not count as held
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")
    before = _resident("VmRSS")
    result = call()
    after = _resident("VmHWM")
    del result
    return (after - before) / 1e6


def _resident(name: str) -> int:
    """Bytes by a line of /proc/self/status."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(name))


def measure(row: Row, rates: Rates, most: int | None = None) -> dict[str, Any]:
    """Check values, warm up, then time ours and the peer in turn; medians of at most `most` turns.

    Raises AssertionError where ours and the peer give different values.
    """
    from geomdl.ops import dispatch

    work, take = row.prepare(), row.take or seconds
    ours = work.ours()
    if work.peer is not None and work.same is not None:
        work.same(ours, work.peer())
    del ours
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(row.repeats if most is None else min(row.repeats, most)):
        mine.append(take(work.ours))
        if work.peer is not None:
            theirs.append(take(work.peer))
    median = statistics.median(mine)
    floor_seconds, floor = rates.floor(row.floor)
    if take is megabytes:
        floor_seconds, floor = row.floor.moved / 1e6, "what must be kept"
    peer_median = statistics.median(theirs) if theirs else None
    return {
        "name": row.name,
        "group": row.group,
        "work": row.work,
        "backend": "native" if dispatch.built() else "torch",
        "seconds": median,
        "peer": row.peer,
        "peer_seconds": peer_median,
        "ratio": peer_median / median if peer_median else None,
        "target": row.target,
        "floor_seconds": floor_seconds,
        "floor": floor,
        "unit": "MB" if take is megabytes else "s",
    }


def line(result: dict[str, Any]) -> str:
    """One row of the printed table."""
    peer, ratio = result["peer_seconds"], result["ratio"]
    times, unit = (1, "MB") if result["unit"] == "MB" else (1e3, "ms")
    return (
        f"{result['name']:<22} {result['work']:<44} {result['seconds'] * times:9.2f} {unit}  "
        f"{result['peer']:<34} "
        + (f"{peer * times:9.2f} {unit}  {ratio:6.2f}x" if peer else "  missing         ")
        + (f" (target {result['target']:.3g}x)" if result["target"] else "")
        + f"  floor {result['floor_seconds'] * times:.2f} {unit} ({result['floor']})"
    )
