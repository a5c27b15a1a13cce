"""Sweeps: every combination once, failures alone, the same call again reads what is there."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from core2d.errors import InputError
from rl.settings import Learn, Memory, Network, Settings
from rl.sweep import QUIET, Job, afar, attempt, changed, jobs_of, kept, sweep

TINY = Settings(
    env="tests.rl.worlds:Count-v0",
    steps=40,
    lanes=2,
    episodes=2,
    network=Network(hidden=(8,)),
    replay=Memory(capacity=100),
    learn=Learn(batch=4, begins=10, every=10),
)
DIES = replace(TINY, env="tests.rl.worlds:Deadly-v0")
WRONG = replace(TINY, env="Nowhere-v0")


def test_jobs_are_every_combination_with_every_seed() -> None:
    grid = {"learn.rate": (1e-3, 1), "network.hidden": ([8], [16, 16])}
    jobs = jobs_of(TINY, name="double", seeds=(3, 4), grid=grid)
    assert len(jobs) == len({job.folder for job in jobs}) == 8
    assert jobs[1].folder == "learn.rate=0.001,network.hidden=[16, 16]/seed3"
    last = jobs[-1]
    assert (last.name, last.settings.seed) == ("double", 4)
    assert last.settings.learn == replace(TINY.learn, rate=1.0)
    assert isinstance(last.settings.learn.rate, float)
    assert last.settings.network.hidden == (16, 16)
    assert [job.folder for job in jobs_of(TINY, seeds=(0, 1))] == ["seed0", "seed1"]


def test_unknown_settings_are_refused() -> None:
    for key in ("rate", "learn.speed", "learn", "steps.more"):
        with pytest.raises(InputError, match="settings"):
            changed(TINY, {key: 1})
    with pytest.raises(InputError, match="grid: seeds are given by themselves"):
        jobs_of(TINY, grid={"seed": (1, 2)})


def test_a_run_that_dies_leaves_the_others(tmp_path: Path) -> None:
    jobs = [Job("dies", "dqn", DIES), Job("good", "dqn", TINY)]
    lines: list[str] = []
    done = sweep(jobs, tmp_path, processes=2, tell=lines.append)
    assert [one.job.folder for one in done] == ["dies", "good"]
    assert f"exit code {-signal.SIGKILL}" in done[0].failure
    assert (done[1].metrics, done[1].failure) == ({"return": 10.0}, "")
    told = json.loads((tmp_path / "sweep.json").read_text())["runs"]
    assert [run["folder"] for run in told] == ["dies", "good"]
    assert told[1]["metrics"] == {"return": 10.0}
    assert len(lines) == 2


def test_finished_runs_start_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not attempt(Job("good", "dqn", TINY), tmp_path / "good", QUIET)[1]
    monkeypatch.setattr("rl.sweep.multiprocessing.get_context", lambda form: pytest.fail(form))
    (done,) = sweep([Job("good", "dqn", TINY)], tmp_path, tell=lambda line: None)
    assert (done.metrics, done.failure) == ({"return": 10.0}, "")


def test_what_goes_wrong_is_told_and_what_is_finished_is_read(tmp_path: Path) -> None:
    assert "Nowhere" in attempt(Job("wrong", "dqn", WRONG), tmp_path / "wrong", QUIET)[1]
    job = Job("one", "dqn", TINY)
    assert attempt(job, tmp_path / "one", QUIET)[1] == ""
    before = (tmp_path / "one" / "model.safetensors").stat().st_mtime_ns
    assert attempt(job, tmp_path / "one", QUIET)[1] == ""
    assert (tmp_path / "one" / "model.safetensors").stat().st_mtime_ns == before


def test_another_machine_sends_back_what_is_needed(tmp_path: Path) -> None:
    from rl.evaluate import evaluate
    from rl.sweep import taken

    job = Job("one", "dqn", TINY)
    files, failure = afar(job, tmp_path / "not there", {}, QUIET)
    assert failure == ""
    assert set(files) == {"config.json", "log.jsonl", "outcome.json", "model.safetensors"}
    assert not (tmp_path / "one").exists()
    taken(tmp_path / "one", files)
    assert evaluate(tmp_path / "one", episodes=2).mean == 10.0
    again, _ = afar(job, tmp_path / "not there", kept(tmp_path / "one"), QUIET)
    assert again == files
    (tmp_path / "mark").touch()
    afar(Job("two", "dqn", TINY), tmp_path / "mark", {}, QUIET)
    assert (tmp_path / "two" / "checkpoint.pt").exists()


def test_bad_sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [Job("a", "dqn", TINY)] * 2
    with pytest.raises(InputError, match="same folder"):
        sweep(twice, tmp_path)
    monkeypatch.setattr("rl.sweep.importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="ray: the package is not installed"):
        sweep(twice[:1], tmp_path, ray="local")


def test_on_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    jobs = [*jobs_of(TINY, seeds=(0, 1)), Job("wrong", "dqn", WRONG)]
    done = sweep(jobs, tmp_path, ray="local")
    assert [one.metrics for one in done] == [{"return": 10.0}, {"return": 10.0}, {}]
    assert "Nowhere" in done[2].failure
    assert not list(tmp_path.glob(".sweep*"))
