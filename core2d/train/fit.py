"""The one training loop: `fit` runs a recipe and leaves a folder.

Fabric brings the devices, the precision and the sharing of gradients; the rest is here to read.
The same settings and seed give the same bits, however often the run is stopped and resumed.
"""

import contextlib
import json
import logging
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from core2d.errors import InputError
from core2d.files import save_json
from core2d.layers.norm import unshared
from core2d.train.allocator import keep_freed_memory
from core2d.train.evaluate import place
from core2d.train.files import (
    load_checkpoint,
    load_weights_of_run,
    save_checkpoint,
    save_weights,
)
from core2d.train.interrupt import Interrupt
from core2d.train.log import Line, Log, read_log
from core2d.train.options import Options
from core2d.train.order import Order
from core2d.train.prefetch import ahead
from core2d.train.progress import Progress, words
from core2d.train.recipe import Batch, Recipe
from core2d.train.runs import describe_run, name_of, prepared
from core2d.train.settings import Train
from core2d.train.state import start
from core2d.train.step import Watch, advance
from core2d.train.validate import exhausted, judged, reported, validated

PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
PAUSE = 5.0  # seconds that lie at least between two checkpoints, so that short epochs stay short


@dataclass(frozen=True)
class Outcome:
    """What became of a run: metrics on the test set (empty while it is not finished).

    first: whether this process is the one of its group that writes and prints.
    """

    folder: Path
    metrics: dict[str, float]
    log: list[Line]
    step: int
    seconds: float
    finished: bool
    first: bool = True


def fit(recipe: Recipe, config: Any, options: Options) -> Outcome:
    """Train a recipe's network and leave its folder `options.output`.

    With several devices every process runs this; all return, the first one writes. Raises
    InputError for settings that do not fit, a folder that is taken, or a loss that is no number;
    KeyboardInterrupt, with all saved, where it was interrupted.
    """
    fabric = launched(config.train, options)
    trouble = ""
    if fabric.is_global_zero:
        try:
            prepared(recipe, config, options)
        except InputError as error:
            trouble = str(error)
    if trouble := fabric.broadcast(trouble):
        raise InputError(trouble)
    done = options.output / "outcome.json"
    if done.exists():
        log = read_log(options.output / "log.jsonl")
        content = json.loads(done.read_text())
        first = fabric.is_global_zero
        return Outcome(folder=options.output, log=log, finished=True, first=first, **content)
    return Run(recipe, config, options, fabric).to_the_end()


def launched(train: Train, options: Options) -> Fabric:
    """Fabric on the devices asked for."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    world = options.devices * options.nodes
    fabric = Fabric(
        accelerator=options.accelerator,
        devices=options.devices,
        num_nodes=options.nodes,
        strategy="ddp" if world > 1 else "auto",
        precision=PRECISIONS[train.precision],
    )
    fabric.launch()
    if fabric.device.type == "cpu":
        keep_freed_memory()
    return fabric


class Run:
    """One recipe being trained by this process."""

    def __init__(self, recipe: Recipe, config: Any, options: Options, fabric: Fabric) -> None:
        self.recipe, self.config, self.options, self.fabric = recipe, config, options, fabric
        self.folder, train = options.output, config.train
        self.data = recipe.data(config)
        if not len(self.data.validation) and (train.stop or train.schedule == "plateau"):
            raise InputError("validation: stop and a plateau schedule need examples, got none")
        parts = fabric.world_size * train.accumulate
        self.order = Order(len(self.data.train), train.batch, seed=options.seed, parts=parts)
        self.steps = self.order.steps(train.epochs)
        self.state = start(recipe, config, fabric, options.seed)
        checkpoint = self.folder / "checkpoint.pt"
        if checkpoint.exists():
            self.state.load(load_checkpoint(checkpoint, fabric.device))
        if fabric.is_global_zero:
            describe_run(self.folder, recipe, config, options, self.data)
        step, writes = self.state.step, fabric.is_global_zero
        self.log = Log(self.folder, step=step, tensorboard=options.tensorboard) if writes else None
        title, shown = name_of(recipe), options.progress and writes
        self.progress = Progress(title, step=step, steps=self.steps, shown=shown)
        self.watch = Watch(self.state, every=1 if fabric.device.type == "cpu" else 25)
        if fabric.world_size > 1 and (names := unshared(self.state.model)):
            self.progress.line(
                f"warning: {', '.join(names)}: torch's batch norms see one process's part of the "
                "batch; core2d.layers.norm.BatchNorm is shared between processes"
            )
        self._clock = self._saved = time.monotonic()

    def to_the_end(self) -> Outcome:
        """All steps that are left, then the test. Raises KeyboardInterrupt after saving."""
        state, end = self.state, min(self.steps, self.options.steps or self.steps)
        try:
            interrupted = self.train(end)
            finished = state.step >= self.steps or exhausted(state)
            if not finished:
                self._save()
            if interrupted and not finished:
                raise KeyboardInterrupt
            return self._outcome(finished)
        finally:
            self.progress.close()
            if self.log:
                self.log.close()

    def train(self, end: int) -> bool:
        """Until `end` steps are done or early stopping has enough -> was it interrupted?"""
        with Interrupt() as interrupt, contextlib.closing(self.stepwise(end)) as steps:
            for _ in steps:
                if interrupt.asked:
                    break
            self.watch.flush()
        return interrupt.asked

    def stepwise(self, end: int) -> Generator[int, None, None]:
        """Do the steps that are left up to `end`, or until early stopping has enough, one a turn.

        Gives how many are done by then.
        """
        state = self.state
        state.model.train()
        left = range(0) if exhausted(state) else range(state.step, end)
        with contextlib.closing(ahead(self._parts, left, self.options.prefetch)) as batches:
            for parts in batches:
                self._step(parts)
                yield state.step
                if exhausted(state):
                    return

    def _step(self, parts: list[Batch]) -> None:
        """One step and what is due after it."""
        state, watch = self.state, self.watch
        watch.see(advance(self.recipe, state, parts, self.order, self.steps))
        if after := getattr(self.recipe, "after_step", None):
            after(state)
        self.progress.step(state.step, watch.last)
        ends = self.order.ends_epoch(state.step) or state.step == self.steps
        if ends:
            watch.flush()
            self._end_epoch(parts[0])
        pause = 60 * self.options.minutes
        if time.monotonic() - self._saved >= (min(pause, PAUSE) if ends else pause):
            watch.flush()
            self._save()

    def _parts(self, step: int) -> list[Batch]:
        """The batches of this process in a step."""
        made, count = [], self.config.train.accumulate
        for part in range(self.fabric.global_rank * count, (self.fabric.global_rank + 1) * count):
            seed = self.order.seed_at(step, part, "batch")
            index = self.order.indices(step, part)
            batch = self.data.train.batch(index, torch.Generator().manual_seed(seed))
            made.append(place(batch, self.fabric.device, self.config.train.channels_last))
        return made

    def _end_epoch(self, batch: Batch) -> None:
        """Evaluate and log."""
        state, writes = self.state, self.fabric.is_global_zero
        line = self._trained()
        seen = validated(self.recipe, state, self.data, self.order.batch) if writes else {}
        seen = self.fabric.broadcast(seen)
        if judged(self.recipe, state, seen) and state.train.stop and writes:
            save_weights(self.folder / "best.safetensors", state.evaluated)
        line |= {f"validation/{name}": value for name, value in seen.items()}
        line["seconds"] = self._seconds()
        if self.log:
            self.log.add(line)
            self.log.histograms(state.model, state.step)
            if "image" in batch and len(self.log.lines) == 1:
                self.log.images("train/image", batch["image"], state.step)
        self.progress.line(words(line))

    def _trained(self) -> Line:
        """The line of the log so far: where the run stands, the mean losses of the epoch."""
        state = self.state
        rate = next(iter(state.optimisers.values())).param_groups[0]["lr"]
        line = {"step": state.step, "epoch": round(self.order.epoch(state.step), 6), "rate": rate}
        for name, total in state.sums.items():
            mean = torch.tensor(total / max(1, state.count), dtype=torch.float64)
            mean = mean.to(self.fabric.device)
            line[f"train/{name}"] = float(self.fabric.all_reduce(mean, reduce_op="mean"))  # type: ignore[arg-type]
        if state.train.clip:
            line["train/gradient"] = state.norms / max(1, state.count)
        state.sums, state.count, state.norms = {}, 0, 0.0
        return line

    def _seconds(self) -> float:
        """Seconds of the run so far, over all its resumptions."""
        now = time.monotonic()
        self.state.seconds += now - self._clock
        self._clock = now
        return round(self.state.seconds, 3)

    def _save(self) -> None:
        """Checkpoint and weights; a full disk is told and does not end the run."""
        self._saved = time.monotonic()
        self._seconds()
        self.state.expect_finite()
        if self.fabric.is_global_zero:
            try:
                save_checkpoint(self.folder / "checkpoint.pt", self.state.checkpoint())
                save_weights(self.folder / "model.safetensors", self.state.evaluated)
            except OSError as error:
                self.progress.line(f"warning: no checkpoint at step {self.state.step}: {error}")

    def _outcome(self, finished: bool) -> Outcome:
        """The test of a finished run, with the best weights where the run may stop early."""
        state, metrics, first = self.state, {}, self.fabric.is_global_zero
        if finished and first:
            save_checkpoint(self.folder / "checkpoint.pt", state.checkpoint())
            if (best := self.folder / "best.safetensors").exists():
                load_weights_of_run(best, state.evaluated)
            save_weights(self.folder / "model.safetensors", state.evaluated)
            metrics = reported(self.recipe, state, self.data)
            content = {"metrics": metrics, "step": state.step, "seconds": self._seconds()}
            save_json(self.folder / "outcome.json", content)
            said = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
            self.progress.line(f"test: {said}")
        metrics = self.fabric.broadcast(metrics)
        lines = self.log.lines if self.log else []
        return Outcome(self.folder, metrics, lines, state.step, state.seconds, finished, first)
