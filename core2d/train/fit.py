"""The one training loop: `fit` runs a recipe and leaves a folder.

Fabric brings the devices, the precision and the sharing of gradients; the rest is here to read.
The same settings and seed give the same bits, however often the run is stopped and resumed.
"""

import dataclasses
import json
import math
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Generator

from core2d.errors import InputError
from core2d.train.evaluate import Placed, batches, evaluating, place
from core2d.train.files import (
    load_checkpoint,
    load_weights_of_run,
    save_checkpoint,
    save_json,
    save_weights,
)
from core2d.train.log import Line, Log, read_log
from core2d.train.options import Options
from core2d.train.order import Order, seed_of
from core2d.train.prefetch import ahead
from core2d.train.progress import Progress, words
from core2d.train.recipe import Batch, Data, Recipe
from core2d.train.runs import describe_run, name_of
from core2d.train.settings import Train
from core2d.train.state import start
from core2d.train.step import Watch, advance

PRECISIONS: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}
FALLING = ("loss", "nll", "bits_per_dim", "fid", "chamfer", "angle", "error", "perplexity")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: metrics on the test set (empty while it is not finished)."""

    folder: Path
    metrics: dict[str, float]
    log: list[Line]
    step: int
    seconds: float
    finished: bool


def fit(recipe: Recipe, config: Any, options: Options) -> Outcome:
    """Train a recipe's network and leave its folder `options.output`.

    With several devices every process runs this; all return, the first one writes. Raises
    InputError for settings that do not fit, a folder that is taken, or a loss that is no number.
    """
    fabric = launched(config.train, options)
    folder = options.output
    if fabric.is_global_zero:
        prepared(folder, options)
    fabric.barrier()
    done = folder / "outcome.json"
    if done.exists():
        content = json.loads(done.read_text())
        return Outcome(log=read_log(folder / "log.jsonl"), folder=folder, finished=True, **content)
    return Run(recipe, config, options, fabric).to_the_end()


def launched(train: Train, options: Options) -> Fabric:
    """Fabric on the devices asked for."""
    world = options.devices * options.nodes
    fabric = Fabric(
        accelerator=options.accelerator,
        devices=options.devices,
        num_nodes=options.nodes,
        strategy="ddp" if world > 1 else "auto",
        precision=PRECISIONS[train.precision],
    )
    fabric.launch()
    return fabric


def prepared(folder: Path, options: Options) -> None:
    """Make room for a run. Raises InputError where another one would be lost."""
    taken = (folder / "config.json").exists()
    if taken and options.overwrite:
        shutil.rmtree(folder)
    elif taken and not options.resume:
        raise InputError(f"{folder}: a run is there already; go on with --resume, or --overwrite")
    folder.mkdir(parents=True, exist_ok=True)


class Run:
    """One recipe being trained by this process."""

    def __init__(self, recipe: Recipe, config: Any, options: Options, fabric: Fabric) -> None:
        self.recipe, self.config, self.options, self.fabric = recipe, config, options, fabric
        self.folder = options.output
        train: Train = config.train
        self.data: Data = recipe.data(config)
        parts = fabric.world_size * train.accumulate
        self.order = Order(len(self.data.train), train.batch, seed=options.seed, parts=parts)
        self.steps = self.order.steps(train.epochs)
        self.metric = next(iter(recipe.EXPECT), "loss")
        self.state = start(recipe, config, fabric, options.seed)
        if (self.folder / "checkpoint.pt").exists():
            self.state.load(load_checkpoint(self.folder / "checkpoint.pt", fabric.device))
        elif fabric.is_global_zero:
            describe_run(self.folder, recipe, config, options)
        self.log: Log | None = None
        if fabric.is_global_zero:
            wanted = options.tensorboard
            self.log = Log(self.folder, step=self.state.step, tensorboard=wanted)

    def to_the_end(self) -> Outcome:
        """All steps that are left, then the test."""
        state, end = self.state, min(self.steps, self.options.steps or self.steps)
        shown = self.options.progress and self.fabric.is_global_zero
        title = name_of(self.recipe)
        self.progress = Progress(title, step=state.step, steps=self.steps, shown=shown)
        names = list(state.optimisers)
        watch = Watch(state, names, every=1 if self.fabric.device.type == "cpu" else 25)
        self._clock, self._saved = time.monotonic(), time.monotonic()
        state.model.train()
        after = getattr(self.recipe, "after_step", None)
        try:
            for parts in ahead(self._parts, range(state.step, end), self.options.prefetch):
                watch.see(advance(self.recipe, state, parts, self.order, self.steps))
                if after:
                    after(state)
                self.progress.step(state.step, watch.last)
                if self.order.ends_epoch(state.step) or state.step == self.steps:
                    watch.flush()
                    self._end_epoch(parts[0])
                    if self._exhausted():
                        break
                elif time.monotonic() - self._saved > 60 * self.options.minutes:
                    watch.flush()
                    self._save()
            watch.flush()
            finished = state.step >= self.steps or self._exhausted()
            if not finished:
                self._save()
            return self._outcome(finished)
        finally:
            self.progress.close()
            if self.log:
                self.log.close()

    def _parts(self, step: int) -> list[Batch]:
        """The batches of this process in a step."""
        made, count = [], self.config.train.accumulate
        for part in range(self.fabric.global_rank * count, (self.fabric.global_rank + 1) * count):
            seed = self.order.seed_at(step, part, "batch")
            index = self.order.indices(step, part)
            batch = self.data.train.batch(index, Generator().manual_seed(seed))
            made.append(place(batch, self.fabric.device, self.config.train.channels_last))
        return made

    def _end_epoch(self, batch: Batch) -> None:
        """Evaluate, log, checkpoint."""
        state = self.state
        line = self._trained()
        seen = self._validated() if self.fabric.is_global_zero else {}
        seen = self.fabric.broadcast(seen)
        line |= {f"validation/{name}": value for name, value in seen.items()}
        self._judge(seen)
        line["seconds"] = self._seconds()
        if self.log:
            self.log.add(line)
            self.log.histograms(state.model, state.step)
            if "image" in batch and len(self.log.lines) == 1:
                self.log.images("train/image", batch["image"], state.step)
        self.progress.line(words(line))
        self._save()

    def _trained(self) -> Line:
        """The line of the log so far: where the run stands, the mean losses of the epoch."""
        state = self.state
        rate = next(iter(state.optimisers.values())).param_groups[0]["lr"]
        line = {"step": state.step, "epoch": round(self.order.epoch(state.step), 6), "rate": rate}
        for name, total in state.sums.items():
            key = "train/loss" if len(state.optimisers) == 1 else f"train/loss_{name}"
            mean = torch.tensor(total / max(1, state.count), dtype=torch.float64)
            line[key] = float(self.fabric.all_reduce(mean, reduce_op="mean"))  # type: ignore[arg-type]
        if state.train.clip:
            line["train/gradient"] = state.norms / max(1, state.count)
        state.sums, state.count, state.norms = {}, 0, 0.0
        return line

    def _validated(self) -> dict[str, float]:
        """Loss and metrics of the network that is evaluated, on the validation set."""
        state, model = self.state, self.state.evaluated
        examples = Placed(self.data.validation, self.fabric.device, state.train.channels_last)
        seed = seed_of(self.options.seed, "validation")
        torch.manual_seed(seed)
        generator = Generator(self.fabric.device).manual_seed(seed)
        totals: dict[str, float] = {}
        with evaluating(model), self.fabric.autocast():
            seen = self.recipe.metrics(model, examples)
            if "loss" in seen:
                return seen
            for batch in batches(examples, self.order.batch):
                losses = self.recipe.loss(model, batch, state.step, generator)
                losses = losses if isinstance(losses, dict) else {"loss": losses}
                share = len(next(iter(batch.values()))) / len(examples)
                for name, loss in losses.items():
                    key = name if name == "loss" else f"loss_{name}"
                    totals[key] = totals.get(key, 0.0) + float(loss) * share
            return totals | seen

    def _judge(self, seen: dict[str, float]) -> None:
        """Steer the rate and early stopping by the validation set."""
        state = self.state
        if state.train.schedule == "plateau":
            state.plateau.see(seen.get("loss", sum(seen.values())))
        value = seen.get(self.metric, -seen.get("loss", math.inf))
        value = -value if self.metric in FALLING and self.metric in seen else value
        if value > state.best:
            state.best, state.waited = value, 0
            if state.train.stop and self.fabric.is_global_zero:
                save_weights(self.folder / "best.safetensors", state.evaluated)
        else:
            state.waited += 1

    def _exhausted(self) -> bool:
        return bool(self.state.train.stop) and self.state.waited >= self.state.train.stop

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
        if self.fabric.is_global_zero:
            try:
                save_checkpoint(self.folder / "checkpoint.pt", self.state.checkpoint())
                save_weights(self.folder / "model.safetensors", self.state.evaluated)
            except OSError as error:
                self.progress.line(f"warning: no checkpoint at step {self.state.step}: {error}")

    def _outcome(self, finished: bool) -> Outcome:
        """The test of a finished run, with the best weights where the run may stop early."""
        state, metrics = self.state, {}
        if finished and self.fabric.is_global_zero:
            model = state.evaluated
            if (self.folder / "best.safetensors").exists():
                load_weights_of_run(self.folder / "best.safetensors", model)
            save_weights(self.folder / "model.safetensors", model)
            examples = Placed(self.data.test, self.fabric.device, state.train.channels_last)
            torch.manual_seed(seed_of(self.options.seed, "test"))
            with evaluating(model):
                metrics = self.recipe.metrics(model, examples)
            content = {"metrics": metrics, "step": state.step, "seconds": self._seconds()}
            save_json(self.folder / "outcome.json", content)
            self.progress.line(f"test: {_said(metrics.items())}")
        metrics = self.fabric.broadcast(metrics)
        lines = self.log.lines if self.log else []
        return Outcome(self.folder, metrics, lines, state.step, state.seconds, finished)


def _said(pairs: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in pairs)


def resumable(config: Any, before: Any) -> None:
    """Refuse to go on with other settings, but for more epochs. Raises InputError."""
    ours, theirs = dataclasses.asdict(config), dataclasses.asdict(before)
    ours["train"] = ours["train"] | {"epochs": theirs["train"]["epochs"]}
    for name in (n for n in ours if ours[n] != theirs[n]):
        raise InputError(f"{name}: the run has {theirs[name]}, got {ours[name]}; give --output")
