"""Break files and read them: every case must end as a shape or as one GeometryError.

    python -m tests.geomdl.io.fuzz --count 10000 [--seed 0] [--workers 2] [--keep FOLDER]

Cases run in worker processes under a limit of memory, with a limit of time for each, so that a
crash, a hang or an explosion of memory is found and the file that did it is kept.
"""

import argparse
import contextlib
import os
import random
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from tests.geomdl.io.mutations import mutate
from tests.geomdl.io.seeds import Seed, seeds

SECONDS = 20.0  # for one case, on a busy machine
MEMORY = 1 << 30  # above what the imports take
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Failure:
    """A case that ended in another way than it may."""

    case: int
    seed_name: str
    what: str


def data_folder() -> Path | None:
    """Where the real files are, if they are."""
    named = os.environ.get("GEOMDL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def write_case(folder: Path, found: list[Seed], seed: int, case: int) -> Seed:
    """The files of a case, one of them broken; the same for the same numbers."""
    rng = random.Random(f"{seed}/{case}")
    chosen, other = rng.choice(found), rng.choice(found)
    for name, content in chosen.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        broken = name == chosen.target
        path.write_bytes(mutate(content, other.files[other.target], rng) if broken else content)
    return chosen


def read_case(folder: Path, chosen: Seed) -> str:
    """'shape', 'refused', or what went wrong."""
    from geomdl import io
    from geomdl.errors import GeometryError

    try:
        if chosen.reader == "rgbd":
            frames = io.open_rgbd(folder)
            for index in range(len(frames)):
                frames[index]
        elif chosen.reader == "colmap":
            io.load_colmap(folder)
        elif chosen.reader == "transforms":
            io.load_transforms(folder / chosen.target)
        else:
            main = _main_file(chosen)
            with contextlib.suppress(GeometryError):
                io.info(folder / main)
            io.load(folder / main)
    except GeometryError as error:
        if "not enough memory" in str(error):
            return f"memory: {error}"
        return "refused" if str(folder) in str(error) else f"the file is not named: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "shape"


def _main_file(chosen: Seed) -> str:
    """The mesh that refers to the broken file, or that file."""
    mains = [name for name in chosen.files if name in ("a.obj", "a.ply")]
    return mains[0] if mains else chosen.target


def sabotage(case: int) -> str:
    """What the tests of this tool ask for in an environment variable: 'CASE crash,CASE hang'."""
    orders = dict(o.split() for o in os.environ.get("GEOMDL_FUZZ_SABOTAGE", "").split(",") if o)
    match orders.get(str(case)):
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(10_000)
        case "memory":
            try:
                bytearray(64 << 30)
            except MemoryError:
                return "MemoryError"
        case "error":
            return "KeyError"
    return ""


def work(seed: int, first: int, last: int, step: int) -> None:
    """Run cases first, first + step ... < last; one line before and one after each."""
    warnings.simplefilter("ignore")
    found = seeds(data_folder())
    import torch

    torch.set_num_threads(1)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print("ready", flush=True)
    for case in range(first, last, step):
        with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
            chosen = write_case(Path(folder), found, seed, case)
            print(f"start {case} {chosen.name}", flush=True)
            outcome = sabotage(case) or read_case(Path(folder), chosen)
            print(f"done {case} {outcome[:300]!r}", flush=True)


class Worker:
    """A process that runs every `step`-th case, started again after the one that killed it."""

    def __init__(self, seed: int, first: int, last: int, step: int) -> None:
        """Start with case `first`."""
        self.seed, self.next, self.last, self.step = seed, first, last, step
        self.running = ""
        self.since = time.monotonic()
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        numbers = [str(n) for n in (self.seed, self.next, self.last, self.step)]
        command = [sys.executable, "-m", "tests.geomdl.io.fuzz", "--work", *numbers]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )

    def restart(self) -> None:
        """Go on after the case that ended the process."""
        self.process.kill()
        self.process.wait()
        self.next += self.step
        self.running, self.since = "", time.monotonic()
        self.process = self._start()


def run(count: int, seed: int = 0, workers: int = 2) -> tuple[dict[str, int], list[Failure]]:
    """Outcomes by name, and the failures of `count` cases."""
    outcomes = {"shape": 0, "refused": 0}
    failures: list[Failure] = []
    crew = [Worker(seed, i, count, workers) for i in range(workers)]
    selector = selectors.DefaultSelector()
    for worker in crew:
        assert worker.process.stdout is not None
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
    while selector.get_map():
        ready = {key.data: key.fileobj for key, _ in selector.select(timeout=0.5)}
        for key in list(selector.get_map().values()):
            worker = key.data
            ended = False
            if worker in ready:
                line = worker.process.stdout.readline()
                ended = not line
                _note(worker, line.decode("utf-8", "replace").strip(), outcomes, failures)
            late = time.monotonic() - worker.since > (SECONDS if worker.running else 120)
            if not ended and not late:
                continue
            selector.unregister(key.fileobj)
            code = worker.process.wait() if ended else None
            if worker.next < count:
                what = "hang" if late else f"crash (exit {code})"
                failures.append(Failure(worker.next, worker.running, what))
                worker.restart()
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
    return outcomes, failures


def _note(worker: Worker, line: str, outcomes: dict[str, int], failures: list[Failure]) -> None:
    kind, _, rest = line.partition(" ")
    worker.since = time.monotonic()
    if kind == "start":
        worker.running = rest.partition(" ")[2]
    elif kind == "done":
        case, _, outcome = rest.partition(" ")
        outcome = outcome[1:-1]
        worker.next = int(case) + worker.step
        if outcome in outcomes:
            outcomes[outcome] += 1
        else:
            failures.append(Failure(int(case), worker.running, outcome))
        worker.running = ""


def keep(folder: Path, failures: list[Failure], seed: int) -> None:
    """Write the files of every failure, to be looked at."""
    found = seeds(data_folder())
    for failure in failures:
        write_case(folder / f"case-{failure.case}", found, seed, failure.case)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the files that failed")
    parser.add_argument("--work", type=int, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work)
        return 0
    start = time.monotonic()
    outcomes, failures = run(options.count, options.seed, options.workers)
    print(f"{options.count} cases in {time.monotonic() - start:.0f} s: {outcomes}")
    for failure in failures:
        print(f"case {failure.case} ({failure.seed_name}): {failure.what}")
    if options.keep and failures:
        keep(options.keep, failures, options.seed)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
