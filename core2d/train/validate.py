"""Looking at a network from outside: validation while it trains, the test at the end."""

import math

from core2d.train.evaluate import Placed, batches, evaluating
from core2d.train.order import seed_of, seeded
from core2d.train.packed import count_of
from core2d.train.recipe import Data, Recipe
from core2d.train.state import State

# Metrics that are better when they are smaller.
FALLING = ("loss", "nll", "bits_per_dim", "fid", "chamfer", "angle", "error", "perplexity")


def validated(recipe: Recipe, state: State, data: Data, size: int) -> dict[str, float]:
    """Metrics on the validation set, and the loss where the recipe's metrics hold none.

    Computed in the precision of the training, with the same random numbers at every call. An empty
    set tells nothing.
    """
    if not len(data.validation):
        return {}
    device, model = state.fabric.device, state.evaluated
    examples = Placed(data.validation, device, state.train.channels_last)
    seed = seed_of("validation")
    generator = seeded(device, seed)
    with evaluating(model), state.fabric.autocast():
        metrics = recipe.metrics(model, examples)
        if "loss" in metrics:
            return metrics
        totals: dict[str, float] = {}
        for batch in batches(examples, size):
            losses = recipe.loss(model, batch, state.step, generator)
            losses = losses if isinstance(losses, dict) else {"loss": losses}
            share = count_of(batch) / len(examples)
            for name, loss in losses.items():
                key = name if name == "loss" else f"loss_{name}"
                totals[key] = totals.get(key, 0.0) + float(loss) * share
    return totals | metrics


def reported(recipe: Recipe, state: State, data: Data) -> dict[str, float]:
    """Metrics on the test set, in float32."""
    examples = Placed(data.test, state.fabric.device, state.train.channels_last)
    seeded(state.fabric.device, seed_of("test"))
    with evaluating(state.evaluated):
        return recipe.metrics(state.evaluated, examples)


def judged(recipe: Recipe, state: State, seen: dict[str, float]) -> bool:
    """Steer the plateau schedule and early stopping by what validation saw; was it the best?

    The first name in the recipe's EXPECT counts; without it, the loss.
    """
    if state.train.schedule == "plateau":
        state.plateau.see(sum(value for name, value in seen.items() if name.startswith("loss")))
    metric = next(iter(recipe.EXPECT), "loss")
    metric = metric if metric in seen else "loss"
    value = seen.get(metric, math.nan) * (-1 if metric in FALLING else 1)
    better = value > state.best
    state.best, state.waited = (value, 0) if better else (state.best, state.waited + 1)
    return better


def exhausted(state: State) -> bool:
    """Whether early stopping says that it is enough."""
    return bool(state.train.stop) and state.waited >= state.train.stop
