"""The training run: act, keep, learn; and go on exactly where a run was killed.

    outcome = train(dqn(), Path("runs/dqn"))
    python -m rl.train --env CartPole-v1 --steps 50000 --seed 1

Every `settings.checkpoint` steps the running episodes are cut off (for the learner they were
truncated there), the environments are made anew with a seed that comes from the step, all else
goes to checkpoint.pt and what is new in the replay to replay/. A run that was not killed does just
the same. So the state of environments, which nobody can save in general, is never needed: a run
that was killed at any moment goes on from its last checkpoint and ends with the same weights, bit
for bit, on one CPU with the same number of threads. That holds for environments that are the same
for the same seed and actions; one that asks a clock, a network or another process is not.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gymnasium.spaces import Discrete
from torch import Generator

from core2d.errors import InputError
from core2d.files import save_json
from core2d.train.files import load_checkpoint, save_checkpoint
from core2d.train.interrupt import Interrupt
from core2d.train.log import Line, Log, read_log
from core2d.train.order import seed_of
from core2d.train.progress import Progress
from rl.collect import Actor, Collector, parts_of
from rl.environments import make_for, reset, spec_of
from rl.holding import Holding
from rl.report import Report, words
from rl.runs import agent_for, describe_run, prepared, save_agent
from rl.settings import Settings
from rl.start import Device, device_for, envs_for, replay_for, set_threads


@dataclass(frozen=True)
class How:
    """How a run is done; none of this changes what is learned but by the device's rounding.

    device: auto takes a GPU for images, where there is one, and the processor for the rest.
    threads: of the processor, 0 for one for small networks and all for others. graphs: on an NVIDIA
    GPU an update is recorded once and played again. tensorboard: write its files. progress: print.
    """

    device: Device = "auto"
    threads: int = 0
    graphs: bool = True
    tensorboard: bool = True
    progress: bool = True


@dataclass(frozen=True)
class Outcome:
    """What became of a run: `metrics` holds the mean "return" of the final weights' test episodes.

    log: its lines; step and seconds: over all its resumptions.
    """

    folder: Path
    metrics: dict[str, float]
    log: list[Line]
    step: int
    seconds: float


def train(
    settings: Settings,
    folder: Path,
    resume: bool = False,
    *,
    overwrite: bool = False,
    name: str = "dqn",
    how: How | None = None,
) -> Outcome:
    """Train and test, and leave a folder that `rl.runs.open_run` opens.

    name: what is trained, for people. Raises InputError for settings that do not fit, a folder
    that is taken or a loss that is no number; KeyboardInterrupt where it was interrupted: what
    came after the last checkpoint is then done again by `resume`.
    """
    prepared(folder, settings, resume, overwrite)
    done = folder / "outcome.json"
    if done.exists():
        content = json.loads(done.read_text())
        log = read_log(folder / "log.jsonl")
        return Outcome(folder, content["metrics"], log, content["step"], content["seconds"])
    threads = torch.get_num_threads()
    try:
        return Run(settings, folder, name=name, how=how or How()).to_the_end()
    finally:
        torch.set_num_threads(threads)


class Run:
    """One agent being trained by this process."""

    def __init__(self, settings: Settings, folder: Path, *, name: str, how: How) -> None:
        self.settings, self.folder, self.how = settings, folder, how
        self.step = self.turns = 0
        self.seconds, self._clock = 0.0, time.monotonic()
        self.envs = envs_for(settings)
        space, actions = self.envs.single_observation_space, self.envs.single_action_space
        self.agent = agent_for(settings, self.envs, device_for(how.device, settings, space))
        set_threads(how.threads, self.agent)
        if how.graphs and self.agent.device.type == "cuda":
            self.agent.capture()
        self.replay = replay_for(settings, parts_of(space), folder)
        self._acting = Generator().manual_seed(seed_of(settings.seed, "act"))
        self._sampling = Generator().manual_seed(seed_of(settings.seed, "sample"))
        self._report = Report()
        if (folder / "checkpoint.pt").exists():
            self._load(load_checkpoint(folder / "checkpoint.pt"))
        about = {"observation": str(space), "actions": str(actions), "form": str(self.envs)}
        describe_run(folder, name, settings, about)
        self.log = Log(folder, step=self.step, tensorboard=how.tensorboard)
        self.progress = Progress(
            f"{name} on {settings.env}",
            step=self.step,
            steps=settings.steps,
            shown=how.progress,
        )
        if spec_of(settings.env).nondeterministic:
            self.progress.line(
                f"warning: {settings.env} calls itself nondeterministic: a second run will be "
                "another one, and so will a resumed run"
            )
        self._interval = settings.report or max(1, settings.steps // 100)
        self._told = self._seconds()
        self.collector = self._started(fresh=True)

    def to_the_end(self) -> Outcome:
        """All steps that are left, then the test. Raises KeyboardInterrupt."""
        saved = self.step
        try:
            with Interrupt() as interrupt:
                while self.step < self.settings.steps and not interrupt.asked:
                    before = self.step
                    self.turn()
                    if self._passed(before, self._interval):
                        self._tell()
                    last = self.step >= self.settings.steps
                    if last or self._passed(before, self.settings.checkpoint):
                        self._save()
                        saved = self.step
            if interrupt.asked and self.step < self.settings.steps:
                self.progress.line(f"stopped at step {self.step}; --resume goes on from {saved}")
                raise KeyboardInterrupt
            return self._outcome()
        finally:
            self.progress.close()
            self.log.close()
            self.envs.close()

    def turn(self) -> None:
        """One step of all lanes, and the learning that is due after it."""
        learn, before = self.settings.learn, self.step
        turn = self.collector.step(self._epsilon(), self._acting)
        self.step += turn.steps
        self._report.episodes += turn.episodes
        if not learn.soft and learn.target and self._passed(before, learn.target):
            self.agent.copy_target()
        due = (self.step - learn.begins) // learn.every + 1 if self.step >= learn.begins else 0
        if self.turns < due and len(self.replay):
            if learn.fall == "linear":
                self.agent.set_rate(max(0.0, 1 - self.step / self.settings.steps))
            for _ in range((due - self.turns) * learn.updates):
                self._update()
            self.turns = due

    def _epsilon(self) -> float:
        """The share of random actions: all of them until learning begins."""
        if self.step < self.settings.learn.begins:
            return 1.0
        return 0.0 if self.settings.network.noisy else self.settings.explore.at(self.step)

    def _update(self) -> None:
        batch = self.replay.sample(self.settings.learn.batch, self._sampling)
        update = self.agent.update(batch)
        if self.settings.replay.prioritised:
            self.replay.update(batch.index, update.priority)
        self._report.see(update)

    def _tell(self) -> None:
        """A line of the log."""
        line: Line = {"step": self.step} | self._report.line()
        self._report = Report()
        line["epsilon"] = self._epsilon()
        now = self._seconds()
        steps = self.step - (int(self.log.lines[-1]["step"]) if self.log.lines else 0)
        line["speed"], self._told = steps / max(1e-9, now - self._told), now
        line["seconds"] = now
        self.log.add(line)
        self.progress.line(words(line))
        self.progress.step(self.step, line.get("loss"))

    def _save(self) -> None:
        """Cut the episodes, save, begin anew: the same whether the run goes on here or later."""
        self.collector.cut()
        self._expect_finite()
        try:
            content = {
                "step": self.step,
                "turns": self.turns,
                "seconds": self._seconds(),
                "agent": self.agent.state_dict(),
                "replay": self.replay.state(self.folder / "replay"),
                "acting": self._acting.get_state(),
                "sampling": self._sampling.get_state(),
                "report": self._report.state(),
            }
            save_checkpoint(self.folder / "checkpoint.pt", content)
            save_agent(self.folder / "model.safetensors", self.agent)
        except OSError as error:
            self.progress.line(f"warning: no checkpoint at step {self.step}: {error}")
        self.collector = self._started()

    def _load(self, content: dict[str, Any]) -> None:
        self.step, self.turns = content["step"], content["turns"]
        self.seconds = content["seconds"]
        self.agent.load_state_dict(content["agent"])
        self.replay.restore(content["replay"], self.folder / "replay")
        self._acting.set_state(content["acting"])
        self._sampling.set_state(content["sampling"])
        self._report.load(content["report"])

    def _started(self, fresh: bool = False) -> Collector:
        """Environments made anew, all lanes at the start of an episode."""
        if not fresh:
            self.envs.close()
            self.envs = make_for(self.settings)
        settings = self.settings
        actor: Actor = self.agent
        if settings.explore.held > 1:
            actions = self.envs.single_action_space
            assert isinstance(actions, Discrete)
            explore = settings.explore
            actor = Holding(self.agent, actions, explore.held, explore.falling)
        collector = Collector(
            self.envs,
            actor,
            self.replay,
            stack=settings.stack,
            clip_rewards=settings.clip_rewards,
        )
        collector.start(reset(self.envs, seed_of(settings.seed, "lanes", self.step))[0])
        return collector

    def _passed(self, before: int, every: int) -> bool:
        """Whether a multiple of `every` steps lies behind `before` and not behind now."""
        return self.step // every > before // every

    def _expect_finite(self) -> None:
        if not bool(torch.isfinite(self.agent.flat.values).all()):
            raise InputError(
                f"network: it holds NaN or infinity at step {self.step}; a lower --learn.rate or "
                "--learn.clip may help"
            )

    def _seconds(self) -> float:
        """Seconds of the run so far, over all its resumptions."""
        now = time.monotonic()
        self.seconds, self._clock = self.seconds + now - self._clock, now
        return round(self.seconds, 3)

    def _outcome(self) -> Outcome:
        """The test of the weights that are kept, over fresh episodes."""
        metrics: dict[str, float] = {}
        if self.settings.episodes:
            from rl.evaluate import evaluate

            tested = evaluate(self.folder, episodes=self.settings.episodes)
            metrics = {"return": tested.mean}
            self.progress.line(f"test: {tested}")
        seconds = self._seconds()
        content = {"metrics": metrics, "step": self.step, "seconds": seconds}
        save_json(self.folder / "outcome.json", content)
        return Outcome(self.folder, metrics, self.log.lines, self.step, seconds)


if __name__ == "__main__":
    from geomdl.cli import run

    sys.exit(run(["rl", "train", *sys.argv[1:]]))
