"""Start with the simplest network: smaller settings of a recipe, and the time a training takes.

Ideas are tried where a training takes minutes; the full network comes when the simple one works.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding
from core2d.doctor.timing import measured
from core2d.errors import InputError
from core2d.train.recipe import Recipe

LAYERS = 5  # divide their number by this
TRIES = 12


@dataclass(frozen=True)
class Cost:
    """Parameters, and operations for one example."""

    parameters: int
    operations: float

    def below(self, other: "Cost") -> bool:
        """Less of one, and no more of the other."""
        both = self.parameters <= other.parameters and self.operations <= other.operations
        return both and self != other


def cost(case: Case, model: nn.Module) -> Cost:
    """Of a network, run forward as the loss runs it."""
    index = case.pick(case.data.train, 2)
    counter = FlopCounterMode(display=False)
    with seeded(case.seed), torch.no_grad(), counter:
        case.total(model, case.load(case.data.train, index))
    operations = counter.get_total_flops() / len(index)
    return Cost(sum(p.numel() for p in model.parameters()), operations)


def smaller(name: str, value: Any) -> Iterator[Any]:
    """Smaller values of a setting, smallest first: layers by 5, other sizes by 2."""
    if isinstance(value, tuple) and value and all(type(v) is int and v > 1 for v in value):
        yield tuple(-(-v // 2) for v in value)
    elif type(value) is int and value > 1:
        by = LAYERS if name in ("depth", "layers") else 2
        yield from range(-(-value // by), min(value, -(-value // by) + TRIES))


def simpler(recipe: Recipe, config: Any, case: Case) -> tuple[Any, nn.Module]:
    """The settings with every size made smaller that still makes a network, and that network."""
    model, device = case.model, next((p.device for p in case.model.parameters()), None)
    now = cost(case, case.fresh())
    for field in dataclasses.fields(config):
        for value in smaller(field.name, getattr(config, field.name)):
            other = replace(config, **{field.name: value})
            try:
                made = recipe.model(other).to(device)
                less = cost(case, made.train())
            except (InputError, ValueError, RuntimeError, IndexError, TypeError):
                continue  # a size that this network cannot have
            if less.below(now):
                config, model, now = other, made, less
                break
    return config, model


def start_simple(recipe: Recipe, config: Any, case: Case) -> Finding:
    """Minutes of a whole training, and of one with a simpler network."""
    steps = config.train.epochs * max(1, len(case.data.train) // case.batch)
    minutes = steps * sum(measured(case, 2).values()) / 60
    said, limit = f"a whole training takes about {minutes:.2g} minutes", case.limits.cycle
    numbers = {"minutes": minutes}
    if minutes <= limit:
        return Finding("start simple", "fine", f"{said}: ideas can be tried on it", numbers=numbers)
    other, model = simpler(recipe, config, case)
    seconds = sum(measured(replace(case, model=model), 2).values())
    quick = steps * seconds / 60
    epochs = config.train.epochs
    flags = [
        f"--{f.name.replace('_', '-')} {_flag(getattr(other, f.name))}"
        for f in dataclasses.fields(config)
        if getattr(other, f.name) != getattr(config, f.name)
    ]
    if quick > limit:
        epochs = float(f"{epochs * limit / quick:.2g}")
        flags.append(f"--epochs {epochs:g}")
    took = quick * epochs / config.train.epochs
    count = sum(p.numel() for p in model.parameters())
    advice = f"try ideas with {' '.join(flags)}: {count:,} parameters, {took:.2g} minutes"
    numbers |= {"simple minutes": took, "simple parameters": count}
    return Finding("start simple", "note", said, advice, numbers)


def _flag(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
