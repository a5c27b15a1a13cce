"""One step: losses, gradients, new weights."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from core2d.errors import InputError
from core2d.train.optimise import set_rate
from core2d.train.order import Order, seeded
from core2d.train.recipe import Batch, Recipe
from core2d.train.schedule import factor
from core2d.train.state import State


def advance(
    recipe: Recipe, state: State, parts: Sequence[Batch], order: Order, steps: int
) -> Tensor:
    """Train on one batch, given in parts -> the losses (number of optimisers,), detached.

    The gradient is the mean over all parts on all devices. Raises InputError where the recipe's
    losses have other names than its optimisers.
    """
    fabric, train = state.fabric, state.train
    names = _names(recipe, state)
    set_rate(state.optimisers.values(), factor(train, state.step, steps) * state.plateau.factor)
    for name in names:
        state.optimisers[name].zero_grad()
    seen = []
    first = fabric.global_rank * len(parts)
    for number, batch in enumerate(parts):
        seed = order.seed_at(state.step, first + number, "loss")
        generator = seeded(fabric.device, seed)
        alone = len(state.optimisers) == 1
        waits = not alone or number + 1 < len(parts)
        with fabric.no_backward_sync(state.wrapped, enabled=waits):
            with fabric.autocast():
                losses = recipe.loss(state.wrapped, batch, state.step, generator)
            losses = losses if isinstance(losses, dict) else {names[0]: losses}
            _expect_names(losses, state)
            _backward(state, {name: losses[name] / len(parts) for name in names}, alone)
        seen.append(torch.stack([losses[name].detach().float() for name in state.optimisers]))
    for name in names:
        _apply(state, state.optimisers[name], shared=len(state.optimisers) == 1)
    state.step += 1
    if state.average is not None:
        state.average.update(state.model, state.step)
    return torch.stack(seen).mean(0)


def _names(recipe: Recipe, state: State) -> list[str]:
    """The optimisers that step now."""
    schedule = getattr(recipe, "schedule", None)
    names = list(schedule(state.step)) if schedule else list(state.optimisers)
    if not names or set(names) - state.optimisers.keys():
        known = ", ".join(state.optimisers)
        raise InputError(f"schedule: expected names of optimisers ({known}), got {names}")
    return names


def _expect_names(losses: Mapping[str, Tensor], state: State) -> None:
    if losses.keys() != state.optimisers.keys():
        known, came = ", ".join(state.optimisers), ", ".join(losses)
        raise InputError(f"loss: expected one loss for each optimiser ({known}), got {came}")


def _backward(state: State, losses: Mapping[str, Tensor], alone: bool) -> None:
    """Gradients of each loss, each into the parameters of its own optimiser alone."""
    for number, (name, loss) in enumerate(losses.items(), 1):
        if alone:
            state.fabric.backward(loss)
            continue
        groups = state.optimisers[name].param_groups
        inputs = [p for group in groups for p in group["params"]]
        state.fabric.backward(loss, inputs=inputs, retain_graph=number < len(losses))


def _apply(state: State, one: Optimizer, shared: bool) -> None:
    fabric, clip = state.fabric, state.train.clip
    if not shared and fabric.world_size > 1:
        for group in one.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad = fabric.all_reduce(parameter.grad, reduce_op="mean")
    if clip:
        norm = fabric.clip_gradients(
            state.wrapped,
            one,
            max_norm=clip,
            error_if_nonfinite=False,
        )
        state.norms += float(norm) if norm is not None else 0.0
    one.step()


class Watch:
    """Sums the losses of a run and stops it where one is not a number.

    Losses stay on the device for `every` steps, so that a GPU is not asked after each.
    """

    def __init__(self, state: State, every: int = 1) -> None:
        self.state, self.every = state, every
        # One optimiser's loss is just "loss"; a GAN has loss_generator and loss_critic.
        several = len(state.optimisers) > 1
        self.names = [f"loss_{name}" if several else "loss" for name in state.optimisers]
        self.last: float | None = None
        self._waiting: list[Tensor] = []

    def see(self, losses: Tensor) -> None:
        """The losses of the step that was just done. Raises InputError at NaN or infinity."""
        self._waiting.append(losses)
        if len(self._waiting) >= self.every:
            self.flush()

    def flush(self) -> None:
        """Look at the losses that wait."""
        if not self._waiting:
            return
        rows = torch.stack(self._waiting).tolist()
        first = self.state.step - len(rows) + 1
        self._waiting.clear()
        for step, row in enumerate(rows, first):
            for name, value in zip(self.names, row, strict=True):
                if not math.isfinite(value):
                    raise InputError(
                        f"loss: {name} is {value} in step {step}; a lower --rate, a --warmup or "
                        "--clip 1 may help; look for a logarithm or a division by 0, too "
                        "(geomdl doctor fit)"
                    )
                self.state.sums[name] = self.state.sums.get(name, 0.0) + value
            self.last = row[0]
            self.state.count += 1
