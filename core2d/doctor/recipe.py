"""A recipe as a case: its own step, taken by the training engine, is what is watched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator

from core2d.doctor.case import Case
from core2d.doctor.examples import Some
from core2d.doctor.finding import Finding
from core2d.doctor.limits import Limits
from core2d.doctor.run import Run
from core2d.train.evaluate import evaluating, place
from core2d.train.fit import launched
from core2d.train.optimise import optimiser
from core2d.train.options import Options
from core2d.train.order import Order
from core2d.train.recipe import Batch, Recipe
from core2d.train.settings import Train
from core2d.train.state import start
from core2d.train.step import advance


@dataclass(frozen=True)
class Trial:
    """A case, the step that the engine would take, and the recipe's own evaluation."""

    case: Case
    step: Callable[[Batch], Any]
    evaluate: Callable[[], dict[str, float]]
    metrics: Callable[[Run], Finding]


def trial_of(recipe: Recipe, config: Any, seed: int = 0, limits: Limits | None = None) -> Trial:
    """Make a recipe ready to be examined. Its schedule of rates is pressed into the short run."""
    train: Train = config.train
    limits = limits or Limits()
    fabric = launched(train, Options(accelerator="auto", progress=False, tensorboard=False))
    data, state = recipe.data(config), start(recipe, config, fabric, seed)
    order = Order(len(data.train), train.batch, seed=seed)
    after = getattr(recipe, "after_step", None)
    total = limits.run_steps

    def loss(model: torch.nn.Module, batch: Batch) -> Any:
        return recipe.loss(model, batch, 0, Generator(fabric.device).manual_seed(seed))

    def step(batch: Batch) -> float:
        state.step %= total
        batch = place(batch, fabric.device, train.channels_last)
        value = float(advance(recipe, state, [batch], order, total).sum())
        if after:
            after(state)
        return value

    def evaluate() -> dict[str, float]:
        few = Some(data.validation, torch.arange(min(case.sample, len(data.validation))))
        with evaluating(state.model):
            return recipe.metrics(state.model, few)

    case = Case(
        state.model,
        data,
        loss,
        batch=order.batch,
        rate=train.rate,
        optimiser=lambda parameters, rate: optimiser(train, parameters),
        seed=seed,
        full=True,
        limits=limits,
    )
    return Trial(case, step, evaluate, lambda run: agreement(case, recipe, run))


def agreement(case: Case, recipe: Recipe, run: Run) -> Finding:
    """The recipe's accuracy on training examples is the one that counting them gives."""
    index = case.pick(case.data.train, case.sample)
    with evaluating(run.model):
        told = recipe.metrics(run.model, Some(case.data.train, index)).get("accuracy")
        counted = case.judge(run.model, case.load(case.data.train, index))[1]
    if told is None or counted is None:
        return Finding("metrics", "skipped", "there is no accuracy to compare")
    said = f"accuracy on {len(index)} training examples {told:.4f}, counted {counted:.4f}"
    if abs(told - counted) > 1.5 / len(index):
        advice = "is the network in eval mode? are batches of unequal size weighed alike?"
        return Finding("metrics", "alarm", said, advice, {"told": told, "counted": counted})
    return Finding("metrics", "fine", said, numbers={"told": told, "counted": counted})
