"""Everything of a run that changes from step to step, and its way to a checkpoint and back."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from core2d.errors import InputError
from core2d.layers.norm import synchronised
from core2d.train.average import Average
from core2d.train.evaluate import LAYOUTS
from core2d.train.optimise import optimiser
from core2d.train.order import seed_of
from core2d.train.recipe import Recipe
from core2d.train.schedule import Plateau
from core2d.train.settings import Train


@dataclass
class State:
    """A run between two steps; `after_step(state)` of a recipe gets it.

    model: the recipe's network; wrapped: Fabric's module around it, which the loss calls and
    whose gradients all devices share. step: steps done. sums, count, norms: of the losses and
    of clipped gradients since the last line of the log. best, waited: the best validation metric
    and for how many epochs there was no better one.
    """

    config: Any
    model: nn.Module
    wrapped: Any
    optimisers: dict[str, Optimizer]
    fabric: Fabric
    plateau: Plateau
    average: Average | None
    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    waited: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0
    norms: float = 0.0

    @property
    def train(self) -> Train:
        return self.config.train

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and kept: the averaged one where there is one."""
        return self.average.model if self.average else self.model

    def expect_finite(self) -> None:
        """Raises InputError where a weight is NaN or infinite: such a state must not be kept."""
        for name, value in self.model.state_dict().items():
            if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                raise InputError(
                    f"model: {name} holds NaN or infinity after step {self.step}; a lower --rate, "
                    "a --warmup or --clip 1 may help"
                )

    def checkpoint(self) -> dict[str, Any]:
        """Tensors, numbers and lists that `load` takes back."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "waited": self.waited,
            "sums": self.sums,
            "count": self.count,
            "norms": self.norms,
            "plateau": self.plateau.state(),
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict() if self.average else None,
            "optimisers": {name: one.state_dict() for name, one in self.optimisers.items()},
            "precision": self.fabric.strategy.precision.state_dict(),
        }

    def load(self, content: Mapping[str, Any]) -> None:
        """Take up a checkpoint. Raises InputError where it is another network's."""
        self.step, self.seconds = content["step"], content["seconds"]
        self.best, self.waited = content["best"], content["waited"]
        self.sums, self.count = dict(content["sums"]), content["count"]
        self.norms = content["norms"]
        self.plateau.load(content["plateau"])
        _fill(self.model, content["model"])
        if self.average is not None:
            _fill(self.average.model, content["average"] or content["model"])
        for name, one in self.optimisers.items():
            one.load_state_dict(content["optimisers"][name])
        self.fabric.strategy.precision.load_state_dict(content["precision"])


def start(recipe: Recipe, config: Any, fabric: Fabric, seed: int) -> State:
    """The state before the first step; the same weights on every device."""
    train: Train = config.train
    torch.manual_seed(seed_of(seed, "weights"))
    model = recipe.model(config)
    if fabric.world_size > 1:
        model = synchronised(model)
    if train.channels_last:
        for parameter in model.parameters():
            if parameter.ndim in LAYOUTS:
                parameter.data = parameter.data.contiguous(memory_format=LAYOUTS[parameter.ndim])
    own: Callable[..., dict[str, Optimizer]] | None = getattr(recipe, "optimisers", None)
    made = own(config, model) if own else {"loss": optimiser(train, model.parameters())}
    wrapped, *optimisers = fabric.setup(model, *made.values())
    return State(
        config=config,
        model=model,
        wrapped=wrapped,
        optimisers=dict(zip(made, optimisers, strict=True)),
        fabric=fabric,
        plateau=Plateau(train.gamma, train.patience),
        average=Average(model, train.ema) if train.ema else None,
    )


def _fill(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load a state dict; parameters that grew or shrank while training take their new shape."""
    for name, parameter in model.named_parameters():
        if name in state and state[name].shape != parameter.shape:
            parameter.data = torch.empty_like(state[name], device=parameter.device)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"checkpoint: its weights are another network's: {error}") from error
