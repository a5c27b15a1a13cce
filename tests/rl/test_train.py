"""What a run learns is right, and a run that was killed goes on as if nothing had been."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from core2d.errors import InputError
from core2d.train.files import save_checkpoint
from rl.explore import Epsilon
from rl.gridworld import gridworld
from rl.mdp import Environment
from rl.runs import open_run, read_settings
from rl.settings import FAMILY, Learn, Memory, Network, Settings, dqn, member
from rl.solve import value_iteration
from rl.train import How, Outcome, Run, train

WORLD = gridworld(["S.X", ".#.", "..G"], slip=0.2, step=-0.1, discount=0.8)
HOW = How(device="cpu", threads=1, tensorboard=False, progress=False)


class Paying(gymnasium.Env):
    """One state, 1 a step; after 3 steps it is cut off, or after 1 it terminates."""

    def __init__(self, cut: bool) -> None:
        self.observation_space, self.action_space = spaces.Discrete(1), spaces.Discrete(2)
        self.cut, self.count = cut, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.count = 0
        return 0, {}

    def step(self, action: int) -> Any:
        self.count += 1
        return 0, 1.0, not self.cut, self.cut and self.count == 3, {}


class Identity(gymnasium.Env):
    """A picture shows one of three signs at random; naming it pays 1. Ten signs an episode."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(0, 1, (3,), np.uint8)
        self.action_space = spaces.Discrete(3)
        self.sign = self.count = 0

    def _shown(self) -> np.ndarray:
        self.sign = int(self.np_random.integers(3))
        return np.eye(3, dtype=np.uint8)[self.sign]

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.count = 0
        return self._shown(), {}

    def step(self, action: int) -> Any:
        self.count += 1
        paid = float(action == self.sign)
        return self._shown(), paid, False, self.count == 10, {}


for name, entry in (
    ("Cut", lambda: Paying(True)),
    ("Ending", lambda: Paying(False)),
    ("Identity", Identity),
    ("World", lambda: Environment(WORLD, limit=25)),
):
    gymnasium.register(f"tests/{name}-v0", entry_point=entry, disable_env_checker=True)


def short(env: str, steps: int, **learn: Any) -> Settings:
    """A little run that acts at random, so that it sees everything."""
    return replace(
        dqn(),
        env=env,
        steps=steps,
        lanes=4,
        episodes=0,
        explore=Epsilon(1.0, 1.0, 0),
        network=Network(hidden=(32,), low=-4, high=4, atoms=17),
        learn=Learn(**({"begins": 50, "batch": 32, "target": 40, "rate": 5e-3} | learn)),
    )


def values(outcome: Outcome, states: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return open_run(outcome.folder).agent.network.q(states)


@pytest.mark.parametrize(("env", "value"), [("tests/Cut-v0", 2.0), ("tests/Ending-v0", 1.0)])
@pytest.mark.parametrize("steps", [1, 2])
def test_truncation_bootstraps_and_termination_does_not(
    tmp_path: Path, env: str, value: float, steps: int
) -> None:
    """1 a step for ever is worth 1 / (1 - 0.5) = 2, however often one is cut off; once is 1."""
    settings = replace(short(env, 800, discount=0.5, rate=0.02), replay=Memory(steps=steps))
    q = values(train(settings, tmp_path, how=HOW), torch.zeros(1, dtype=torch.int64))
    torch.testing.assert_close(q, torch.full((1, 2), value), atol=0.05, rtol=0)


def test_dqn_converges_to_the_values_of_value_iteration(tmp_path: Path) -> None:
    settings = short("tests/World-v0", 4000, discount=0.8, batch=64, target=100, fall="linear")
    q = values(train(settings, tmp_path, how=HOW), torch.arange(9)).numpy()
    inside = [0, 1, 3, 6, 7]  # nobody ever acts in the others
    expected = value_iteration(WORLD).q
    assert np.abs(q - expected)[inside].max() < 0.1
    assert (q.argmax(1) == expected.argmax(1))[inside].all()


@pytest.mark.parametrize("name", [make.__name__ for make in FAMILY])
def test_every_member_learns_identity_in_a_thousand_steps(tmp_path: Path, name: str) -> None:
    base = short("tests/Identity-v0", 1000, discount=0.0, rate=0.01)
    outcome = train(member(name, base), tmp_path, name=name, how=HOW)
    one = open_run(outcome.folder)
    signs = np.eye(3, dtype=np.uint8)
    assert one.agent.act(signs, 0.0, torch.Generator()).tolist() == [0, 1, 2]
    assert one.name == name
    assert not one.agent.network.training


class Killed(Exception):
    """What a test does to a run."""


def killed_at(settings: Settings, folder: Path, turns: int) -> None:
    """A run that ends in the midst, without any farewell."""
    run, left = Run(settings, folder, name="dqn", how=HOW), turns
    turn = run.turn

    def one() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed
        turn()

    run.turn = one  # type: ignore[method-assign]
    with pytest.raises(Killed):
        run.to_the_end()


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


RAINBOW = member("rainbow", short("CartPole-v1", 600))
RESUMED = {
    "dqn": short("CartPole-v1", 600),
    "rainbow": replace(RAINBOW, learn=replace(RAINBOW.learn, average=0.9)),
    "held": replace(short("CartPole-v1", 600), explore=Epsilon(1.0, 0.5, 300, held=20)),
    "stacked": replace(short("tests/Identity-v0", 600), stack=3, replay=Memory(200, steps=2)),
    "on_disk": replace(
        short("tests/Identity-v0", 600), stack=3, replay=Memory(200, steps=2, on_disk=True)
    ),
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_killed_run_ends_with_the_weights_of_the_unbroken_one(tmp_path: Path, name: str) -> None:
    settings = replace(RESUMED[name], checkpoint=150, report=110)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = train(settings, whole, how=HOW)
    for turns in (30, 75, 20):  # before the first checkpoint, and twice after one
        killed_at(settings, broken, turns)
    outcome = train(settings, broken, resume=True, how=HOW)
    assert weights(broken) == weights(whole)
    ours, theirs = (
        [{k: v for k, v in line.items() if k not in ("seconds", "speed")} for line in log]
        for log in (outcome.log, expected.log)
    )
    assert ours == theirs
    assert outcome.step == expected.step


@pytest.mark.parametrize("name", ["stacked", "rainbow"])
def test_a_run_killed_between_its_files_and_its_checkpoint_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings = replace(RESUMED[name], checkpoint=150)
    train(settings, tmp_path / "whole", how=HOW)
    saved = []

    def dies(path: Path, content: Any) -> None:
        if len(saved) == 2:
            raise Killed
        saved.append(path)
        save_checkpoint(path, content)

    with monkeypatch.context() as patched:
        patched.setattr("rl.train.save_checkpoint", dies)
        with pytest.raises(Killed):
            train(settings, tmp_path / "broken", how=HOW)
    frames = torch.load(tmp_path / "broken" / "checkpoint.pt", weights_only=True)["replay"][
        "frames"
    ]
    assert not frames
    train(settings, tmp_path / "broken", resume=True, how=HOW)
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")


def test_held_actions_are_another_run(tmp_path: Path) -> None:
    for name, held in (("one", 1), ("held", 20)):
        settings = replace(short("CartPole-v1", 150), explore=Epsilon(1.0, 1.0, 0, held=held))
        train(settings, tmp_path / name, how=HOW)
    assert weights(tmp_path / "one") != weights(tmp_path / "held")


def test_a_run_killed_by_the_system_goes_on_bit_for_bit(tmp_path: Path) -> None:
    settings = replace(member("rainbow", short("CartPole-v1", 1500)), checkpoint=300)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    flags = "--env CartPole-v1 --steps 1500 --lanes 4 --episodes 0 --checkpoint 300 --threads 1"
    flags += " --device cpu --no-tensorboard --no-progress --explore.end 1 --explore.steps 0"
    flags += " --network.hidden 32 --network.low -4 --network.high 4 --network.atoms 17"
    flags += " --learn.begins 50 --learn.batch 32 --learn.target 40 --learn.rate 5e-3"
    command = [sys.executable, "-m", "rl.train", "rainbow", *flags.split(), "--output", broken]
    process = subprocess.Popen([str(word) for word in command])
    deadline = time.monotonic() + 120
    while not (broken / "checkpoint.pt").exists() and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    time.sleep(np.random.default_rng().uniform(0, 0.3))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert read_settings(broken) == settings
    train(settings, broken, resume=True, how=HOW)
    train(settings, whole, how=HOW)
    assert weights(broken) == weights(whole)


@pytest.mark.parametrize(("target", "soft", "copies"), [(40, 0.0, 5), (40, 0.1, 0), (0, 0.0, 0)])
def test_targets_are_copied_as_often_as_asked(
    tmp_path: Path, target: int, soft: float, copies: int
) -> None:
    settings = short("CartPole-v1", 200, target=target, soft=soft)
    run, count = Run(settings, tmp_path, name="dqn", how=HOW), 0

    def copy() -> None:
        nonlocal count
        count += 1

    run.agent.copy_target = copy  # type: ignore[method-assign]
    run.to_the_end()
    assert count == copies


def test_a_seed_is_a_run(tmp_path: Path) -> None:
    settings = short("CartPole-v1", 300)
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(replace(settings, seed=seed), tmp_path / folder, how=HOW)
    assert weights(tmp_path / "a") == weights(tmp_path / "b")
    assert weights(tmp_path / "a") != weights(tmp_path / "c")


def test_a_finished_run_is_told_and_a_longer_one_goes_on(tmp_path: Path) -> None:
    settings = short("CartPole-v1", 300)
    first = train(settings, tmp_path, how=HOW)
    before = weights(tmp_path)
    again = train(settings, tmp_path, resume=True, how=HOW)
    assert (again.step, again.log) == (first.step, first.log)
    longer = train(replace(settings, steps=500), tmp_path, resume=True, how=HOW)
    assert longer.step >= 500
    assert weights(tmp_path) != before


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    settings = short("CartPole-v1", 100)
    train(settings, tmp_path, how=HOW)
    with pytest.raises(InputError, match="a run is there already"):
        train(settings, tmp_path, how=HOW)
    with pytest.raises(InputError, match=r"learn\.batch: the run has 32, got 64"):
        train(
            replace(settings, learn=Learn(rate=1.0)),
            tmp_path,
            resume=True,
            how=HOW,
        )
    with pytest.raises(InputError, match="env: there is no"):
        train(replace(settings, env="Nowhere-v0"), tmp_path / "new", how=HOW)
    with pytest.raises(InputError, match="Discrete"):
        train(replace(settings, env="Pendulum-v1"), tmp_path / "newer", how=HOW)


def test_what_cannot_be_repeated_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gymnasium.register("tests/Moody-v0", entry_point=Identity, nondeterministic=True)
    for env, told in (("tests/Moody-v0", True), ("tests/Identity-v0", False)):
        train(short(env, 20), tmp_path / str(told), how=replace(HOW, progress=True))
        assert ("calls itself nondeterministic" in capsys.readouterr().out) == told


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"learn\.rate"):
        train(short("CartPole-v1", 2000, rate=1e30, clip=0.0), tmp_path, how=HOW)


def test_the_log_tells_raw_returns_and_tensorboard_gets_them(tmp_path: Path) -> None:
    settings = replace(short("tests/Identity-v0", 200), clip_rewards=True, report=50)
    outcome = train(settings, tmp_path, how=replace(HOW, tensorboard=True))
    assert [line["step"] for line in outcome.log] == [52, 100, 150, 200] or len(outcome.log) == 4
    assert all(0 <= line["return"] <= 10 for line in outcome.log)
    assert all(line["length"] == 10 for line in outcome.log)
    assert sum(line["episodes"] for line in outcome.log) <= 20
    assert list((tmp_path / "tensorboard").iterdir())
    content = json.loads((tmp_path / "config.json").read_text())
    assert content["observation"].startswith("Box(0, 1, (3,)")
