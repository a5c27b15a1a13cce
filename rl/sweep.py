"""Many runs: seeds and settings, in processes of this machine or on a Ray cluster.

    jobs = jobs_of(cartpole, seeds=(0, 1, 2), grid={"learn.rate": (1e-3, 3e-4)})
    sweep(jobs, Path("runs/rates"), processes=2)
    sweep(jobs, Path("runs/rates"), ray="auto")      the cluster that RAY_ADDRESS names

Each run has a folder of its own, runs are independent, and one that fails takes no other with it.
The same call again goes on where it was stopped: finished runs are read, others resume. A run on
another machine sends back what is needed to evaluate and compare it.
"""

import dataclasses
import importlib.util
import json
import multiprocessing
import tempfile
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from core2d.errors import InputError, expect_number
from core2d.files import replace, save_json
from core2d.train import search
from rl.settings import Settings
from rl.train import How, train

SENT = ("config.json", "log.jsonl", "outcome.json", "model.safetensors")
QUIET = How(threads=1, tensorboard=False, progress=False)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Job:
    """A run: its folder below that of the sweep, what is trained, with which settings."""

    folder: str
    name: str
    settings: Settings


@dataclass(frozen=True)
class Done:
    """What became of a job: its metrics, or what went wrong."""

    job: Job
    metrics: dict[str, float]
    failure: str = ""


def jobs_of(
    settings: Settings,
    *,
    name: str = "dqn",
    seeds: Sequence[int] = (0,),
    grid: Mapping[str, Sequence[Any]] | None = None,
) -> list[Job]:
    """Every combination of the grid ({"learn.rate": (1e-3, 3e-4)}) with every seed.

    A whole set of settings comes before the next seed. Raises InputError for unknown settings.
    """
    if "seed" in (grid or {}):
        raise InputError("grid: seeds are given by themselves (--seeds), got seed")
    jobs = []
    for seed in seeds:
        for row in search.grid(grid or {}):
            words = search.folder_of(row)
            folder = f"{words}/seed{seed}" if words else f"seed{seed}"
            one = dataclasses.replace(changed(settings, row), seed=seed)
            jobs.append(Job(folder, name, one))
    return jobs


def changed(settings: Any, values: Mapping[str, Any]) -> Any:
    """Settings with some fields changed, by dotted names. Raises InputError for unknown ones."""
    for key, value in values.items():
        field, _, rest = key.partition(".")
        names = [one.name for one in dataclasses.fields(settings)]
        if field not in names:
            raise InputError(f"settings: there is no {field!r}; there are {', '.join(names)}")
        before = getattr(settings, field)
        if dataclasses.is_dataclass(before) != bool(rest):
            raise InputError(f"settings: expected a single value's name, got {key!r}")
        value = changed(before, {rest: value}) if rest else search.like(before, value)
        settings = dataclasses.replace(settings, **{field: value})
    return settings


def sweep(
    jobs: Sequence[Job],
    folder: Path,
    *,
    processes: int = 1,
    ray: str = "",
    how: How = QUIET,
    tell: Callable[[str], object] = print,
) -> list[Done]:
    """Train all jobs below `folder` -> what became of each, in their order; also in sweep.json.

    processes: at a time on this machine. ray: "" for none, "local" for a Ray of this machine alone,
    "auto" for the running cluster, or its address; Ray then decides how many run at a time, one
    processor each, and `processes` bounds them if it is over 1. Raises InputError for doubled
    folders and without the package ray; failures of single runs are told in what comes back.
    """
    expect_number("processes", processes, low=1)
    names = [job.folder for job in jobs]
    if len(set(names)) < len(names):
        raise InputError("jobs: two of them have the same folder")
    done: dict[str, Done] = {}
    ran = on_ray(jobs, folder, how, ray, processes) if ray else here(jobs, folder, how, processes)
    for job, files, failure in ran:
        taken(folder / job.folder, files)
        metrics = json.loads(files["outcome.json"])["metrics"] if "outcome.json" in files else {}
        done[job.folder] = Done(job, metrics, failure)
        values = "  ".join(f"{key} {value:.2f}" for key, value in metrics.items())
        words = failure.splitlines()[-1] if failure else values
        tell(f"{len(done)}/{len(jobs)}  {job.folder}: {words}")
    content = [{"folder": name, **_told(done[name])} for name in names]
    save_json(folder / "sweep.json", {"runs": content})
    return [done[name] for name in names]


def _told(one: Done) -> dict[str, Any]:
    return {"metrics": one.metrics, "failure": one.failure}


def here(
    jobs: Sequence[Job], folder: Path, how: How, processes: int
) -> Iterator[tuple[Job, Files, str]]:
    """Jobs as they end, `processes` at a time."""
    pool = ThreadPoolExecutor(processes)
    running = {pool.submit(apart, job, folder / job.folder, how): job for job in jobs}
    try:
        for future in as_completed(running):
            yield running[future], *future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def apart(job: Job, folder: Path, how: How) -> tuple[Files, str]:
    """A job in a process of its own, never forked (OpenMP would hang), so that it may die alone.

    What is finished is read here.
    """
    if (folder / "outcome.json").exists():
        return attempt(job, folder, how)
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_answer, args=(theirs, job, folder, how))
    process.start()
    theirs.close()
    try:
        failure = ours.recv()
    except EOFError:
        process.join()
        failure = f"the process died with exit code {process.exitcode}"
    process.join()
    return kept(folder), failure


def _answer(answer: Connection, job: Job, folder: Path, how: How) -> None:
    answer.send(attempt(job, folder, how)[1])


def on_ray(
    jobs: Sequence[Job], folder: Path, how: How, address: str, processes: int
) -> Iterator[tuple[Job, Files, str]]:
    """Jobs as they end, each a task of one processor on a Ray cluster."""
    if importlib.util.find_spec("ray") is None:
        raise InputError("ray: the package is not installed; pip install 'geomdl-torch[ray]'")
    import ray

    started = not ray.is_initialized()
    if started:
        where = None if address == "local" else address
        ray.init(address=where, include_dashboard=False, log_to_driver=False)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / f".sweep-{uuid.uuid4().hex}"
    mark.touch()
    try:
        remote = ray.remote(num_cpus=1, max_retries=1)(afar)
        waiting: dict[Any, Job] = {}
        left = list(jobs)
        while waiting or left:
            while left and (processes == 1 or len(waiting) < processes):
                job = left.pop(0)
                waiting[remote.remote(job, mark, kept(folder / job.folder), how)] = job
            (ready,), _ = ray.wait(list(waiting), num_returns=1)
            job = waiting.pop(ready)
            try:
                files, failure = ray.get(ready)
            except Exception as error:  # the machine or its process was lost, twice
                files, failure = {}, f"{type(error).__name__}: {error}"
            yield job, files, failure
    finally:
        mark.unlink(missing_ok=True)
        if started:
            ray.shutdown()


def afar(job: Job, mark: Path, files: Files, how: How) -> tuple[Files, str]:
    """A job on any machine: in place where the sweep's folder is seen from there, or else apart.

    Apart, a finished run is not done again, but one that was stopped begins anew.
    """
    if mark.exists():
        return attempt(job, mark.parent / job.folder, how)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        taken(folder, files if "outcome.json" in files else {})
        return attempt(job, folder, how)


def attempt(job: Job, folder: Path, how: How) -> tuple[Files, str]:
    """Train a job in a folder -> the files that tell of it, and what went wrong ("" if nothing)."""
    failure = ""
    try:
        train(job.settings, folder, resume=True, name=job.name, how=how)
    except KeyboardInterrupt:
        failure = "interrupted; the same sweep again goes on"
    except Exception:  # told to whoever asked for the sweep
        failure = traceback.format_exc(limit=-3).strip()
    return kept(folder), failure


def kept(folder: Path) -> Files:
    """The files of a run that are sent between machines."""
    return {name: (folder / name).read_bytes() for name in SENT if (folder / name).exists()}


def taken(folder: Path, files: Files) -> None:
    """Write the files of a run that are not there yet as they are."""
    for name, content in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            replace(path, lambda part, content=content: part.write_bytes(content))  # type: ignore[misc]
