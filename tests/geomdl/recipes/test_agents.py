"""A study of agents trains every variant with every seed, and records."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from core2d.errors import InputError
from geomdl.recipes import agents
from geomdl.recipes.study import Study
from rl import sweep as module
from rl.settings import Learn, Settings

SMALL = Settings(
    env="tests.rl.worlds:Count-v0",
    steps=60,
    lanes=2,
    episodes=2,
    checkpoint=60,
    learn=Learn(begins=20, batch=4),
)


def here(jobs, folder, *, processes):
    """`sweep` in this process."""
    return [
        module.Done(job, {}, module.attempt(job, folder / job.folder, agents.QUIET)[1])
        for job in jobs
    ]


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "sweep", here)


def test_it_trains_and_records(tmp_path: Path) -> None:
    about = SimpleNamespace(
        __name__="toy", __doc__="A toy.", EXPECT={"return_fast": 1}, REFERENCE={}, DATA="counting"
    )

    def make(folder: Path, processes: int) -> Study:
        assert (folder, processes) == (tmp_path / "runs", 2)
        variants = {"fast": SMALL, "slow": replace(SMALL, learn=replace(SMALL.learn, rate=1e-5))}
        return Study(about, variants, lambda one: {"return": one.metrics["return"]})

    given = ["--seeds", "3", "4", "--processes", "2", "--output", str(tmp_path / "runs")]
    agents.main(about, make, [*given, "--record", str(tmp_path)])
    found = json.loads((tmp_path / "toy.json").read_text())
    assert found["seeds"] == [3, 4]
    assert set(found["metrics"]) == {"return_fast", "return_slow"}
    assert found["expect"] == {"return_fast": 1}
    assert found["data"] == "counting"
    assert len(found["curves"]) == 2
    saved = {
        (name, seed): json.loads((tmp_path / f"runs/{name}/seed{seed}/config.json").read_text())
        for name in ("fast", "slow")
        for seed in (3, 4)
    }
    assert saved["slow", 4]["settings"]["learn"]["rate"] == 1e-5
    assert saved["slow", 4]["settings"]["seed"] == 4


def test_a_run_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"bad/seed0: .*Nowhere"):
        agents.trained({"bad": replace(SMALL, env="Nowhere-v0")}, [0], tmp_path)
