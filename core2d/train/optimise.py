"""The optimiser that `Train` asks for. torch's; core2d.optim writes the update rules out."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from core2d.errors import InputError
from core2d.train.settings import Train


def optimiser(train: Train, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """SGD with momentum, RMSProp, Adam or AdamW at the settings' rate. Raises InputError."""
    trained = [p for p in parameters if p.requires_grad]
    if not trained:
        raise InputError("model: it has no parameters that can be trained")
    weights = [p for p in trained if train.decay_all or p.ndim >= 2]
    rest = [p for p in trained if not train.decay_all and p.ndim < 2]
    groups: list[dict[str, Any]] = [{"params": weights}, {"params": rest, "weight_decay": 0.0}]
    groups = [group for group in groups if group["params"]]
    rate, decay = train.rate, train.decay
    if train.optimiser == "sgd":
        return torch.optim.SGD(
            groups,
            rate,
            momentum=train.momentum,
            weight_decay=decay,
            nesterov=train.nesterov and train.momentum > 0,
        )
    if train.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, rate, weight_decay=decay)
    kind = torch.optim.AdamW if train.optimiser == "adamw" else torch.optim.Adam
    return kind(groups, rate, weight_decay=decay)


def set_rate(optimisers: Iterable[Optimizer], factor: float) -> float:
    """Every group's rate to `factor` times its first one; gives back the first group's rate."""
    rates = []
    for one in optimisers:
        for group in one.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
            rates.append(group["lr"])
    return float(rates[0])
