"""Watching a training loop from outside: which network ran in which mode, what became of gradients.

Hooks of torch tell when the network runs, when a gradient arrives at a parameter, and when an
optimiser steps. Nothing of the loop has to be changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from core2d.doctor.case import first_tensor


@dataclass
class Trace:
    """What was seen of a loop.

    forwards: (in training mode, gradients recorded) of each run of the network. backwards: how
    often a gradient arrived. steps: optimiser steps. stale: parameters whose gradient was added to
    one that a step had used before. empty: steps that found gradients missing or all zero after
    they had been computed. late: steps with nothing computed since the last one. strangers:
    parameters of optimisers that are not the network's. held: ids of parameters that optimisers
    stepped. moved: parameters that a step changed. broken: steps on gradients that are not finite.
    inputs: what the network was given where gradients were recorded, in that order.
    """

    forwards: list[tuple[bool, bool]] = field(default_factory=list)
    backwards: int = 0
    steps: int = 0
    stale: set[str] = field(default_factory=set)
    empty: int = 0
    late: int = 0
    strangers: int = 0
    broken: int = 0
    held: set[int] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    inputs: list[Tensor] = field(default_factory=list)


@contextmanager
def watching(model: nn.Module) -> Iterator[Trace]:
    """Watch everything that happens to `model` inside the `with` block."""
    watcher = _Watcher(model)
    try:
        yield watcher.trace
    finally:
        watcher.close()


class _Watcher:
    """The hooks and what they must remember between each other."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.trace = model, Trace()
        self.names = {p: name for name, p in model.named_parameters()}
        self.incoming: dict[nn.Parameter, Tensor] = {}
        self.used: set[nn.Parameter] = (
            set()
        )  # gradients that a step has used and nobody has cleared
        self.fresh = False  # a gradient has arrived since the last step
        self.before: dict[nn.Parameter, Tensor] = {}
        self.handles: list[Any] = [
            model.register_forward_hook(self._forward, with_kwargs=True),
            register_optimizer_step_pre_hook(self._stepping),
            register_optimizer_step_post_hook(self._stepped),
        ]
        for p in (p for p in self.names if p.requires_grad):
            self.handles.append(p.register_hook(lambda g, p=p: self._arriving(p, g)))
            self.handles.append(p.register_post_accumulate_grad_hook(self._arrived))

    def close(self) -> None:
        for handle in self.handles:
            handle.remove()

    def _forward(self, module: nn.Module, args: tuple[Any, ...], named: Any, _: Any) -> None:
        self.trace.forwards.append((module.training, torch.is_grad_enabled()))
        given = first_tensor([*args, *named.values()])
        if given is not None and torch.is_grad_enabled():
            self.trace.inputs.append(given.detach())

    def _arriving(self, p: nn.Parameter, gradient: Tensor) -> None:
        self.incoming[p] = gradient.detach().clone()

    def _arrived(self, p: nn.Parameter) -> None:
        gradient = self.incoming.pop(p, None)
        self.trace.backwards += not self.fresh
        self.fresh = True
        if gradient is None or p.grad is None:
            return
        if p in self.used and not torch.equal(p.grad, gradient):
            self.trace.stale.add(self.names[p])
        self.used.discard(p)

    def _stepping(self, optimiser: Optimizer, *_: Any) -> None:
        held = [p for group in optimiser.param_groups for p in group["params"]]
        ours = [p for p in held if p in self.names]
        if not ours:
            self.trace.strangers += len(held)
            return
        self.trace.held |= {id(p) for p in ours}
        given = [p.grad for p in ours if p.grad is not None]
        nothing = not any(bool(g.any()) for g in given)
        self.trace.empty += nothing and self.fresh
        self.trace.late += not self.fresh
        self.trace.broken += not all(bool(torch.isfinite(g).all()) for g in given)
        self.before = {p: p.detach().clone() for p in ours}

    def _stepped(self, optimiser: Optimizer, *_: Any) -> None:
        if not self.before:
            return
        self.trace.steps += 1
        for p, old in self.before.items():
            if p.grad is not None and bool(p.grad.any()):
                self.used.add(p)
            if not torch.equal(p, old):
                self.trace.moved.add(self.names[p])
        self.before, self.fresh = {}, False
