"""A run as the doctor sees it: its log, and the network at its end."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core2d.doctor.case import Case, seeded
from core2d.train.recipe import Batch


@dataclass(frozen=True)
class Run:
    """log: lines with "step", "train/loss" and "validation/..."; model: as trained.

    whole: the training was meant to end here, so that a poor score is its result.
    """

    log: Sequence[Mapping[str, float]]
    model: nn.Module
    whole: bool = True

    def curve(self, name: str) -> list[tuple[float, float]]:
        """Points (step, value) of one quantity, such as "train/loss"."""
        return [(line["step"], line[name]) for line in self.log if name in line]


def short_run(case: Case, step: Callable[[Batch], Any] | None = None) -> Run:
    """Train a few steps as the case says, or by the user's own `step`, and note the losses.

    With `step` the case's own network is trained, and must be put back by the caller.
    """
    limits = case.limits
    model = case.model if step else case.fresh()
    optimiser = case.optimiser([p for p in model.parameters() if p.requires_grad], case.rate)
    generator, lines = case.generator(), []
    every, total = max(1, limits.run_steps // 6), 0.0
    size = min(case.batch, len(case.data.train))
    queue: list[torch.Tensor] = []
    with seeded(case.seed):
        lines.append({"step": 0.0, **looked(case, model, case.data.train, "train/loss")})
        for number in range(1, limits.run_steps + 1):
            if not queue:
                order = torch.randperm(len(case.data.train), generator=generator)
                queue = [part for part in order.split(size) if len(part) == size]
            batch = case.load(case.data.train, queue.pop(), generator)
            total += _advanced(case, model, optimiser, step, batch)
            if not math.isfinite(total):
                lines.append({"step": float(number), "train/loss": total})
                break
            if number % every == 0:
                lines.append({"step": float(number), "train/loss": total / every})
                lines[-1] |= looked(case, model, case.data.validation, "validation/loss")
                total = 0.0
    return Run(lines, model, whole=False)


def _advanced(
    case: Case,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: Callable[[Batch], Any] | None,
    batch: Batch,
) -> float:
    """One step -> its loss before the step."""
    if step is not None:
        told = step(batch)
        if isinstance(told, (int, float)) or (isinstance(told, torch.Tensor) and told.numel() == 1):
            return float(told.detach() if isinstance(told, torch.Tensor) else told)
        return case.judge(copy.deepcopy(model).train(), batch)[0]
    optimiser.zero_grad()
    loss = case.total(model, batch)
    if loss.requires_grad:
        loss.backward()
        optimiser.step()
    return float(loss.detach())


def looked(case: Case, model: nn.Module, examples: Any, name: str) -> dict[str, float]:
    """Loss of a sample of a set in eval mode, under `name`. The mode stays as it was."""
    modes = {m: m.training for m in model.modules()}
    batch = case.load(examples, case.pick(examples, case.sample))
    value, _ = case.judge(model.eval(), batch)
    for module, mode in modes.items():
        module.training = mode
    return {name: value}
