"""The output of any layer of a network, and one number of it to be looked into.

Layers are called by the names that `model.named_modules()` gives ("layer1.0.conv2"); the name ""
is the network itself.
"""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe, expect_choice
from core2d.space import Dense, Field, Kind, Space


class _Reached(Exception):
    """Carries a layer's output past the rest of the network."""

    def __init__(self, output: Any) -> None:
        self.output = output


@dataclass(frozen=True)
class Unit:
    """One number per example: channel `index` of `layer`, over all its sites by `kind`.

    kind: "max" is the most active site, "mean" all of them; classes have no sites.
    """

    index: int
    layer: str = ""
    kind: Kind = "mean"

    def of(self, model: nn.Module, x: Field, space: Space | None = None) -> Tensor:
        """Input of the model -> (B,), differentiable. Raises InputError."""
        return self.beside(model, x, space)[:, self.index]

    def beside(self, model: nn.Module, x: Field, space: Space | None = None) -> Tensor:
        """All units of the layer (B, C), of which this one is `index`. Raises InputError."""
        where = space_of(model, x) if space is None else space
        scores = summary(where, run_to(model, x, self.layer), self.kind)
        if not 0 <= self.index < scores.shape[1]:
            layer = self.layer or "the network"
            raise InputError(f"index: {layer} has {scores.shape[1]} channels, got {self.index}")
        return scores


def layer_of(model: nn.Module, name: str) -> nn.Module:
    """The layer of that name. Raises InputError with the nearest names."""
    layers = dict(model.named_modules())
    if name in layers:
        return layers[name]
    close = difflib.get_close_matches(name, list(layers), 3, 0.3) or list(layers)[1:6]
    raise InputError(f"layer: no {name!r} in {type(model).__name__}; there are {', '.join(close)}")


def run_to(model: nn.Module, x: Field, layer: str = "") -> Any:
    """Input of the model -> the (first) output of `layer`; what comes after it is not computed."""
    target = layer_of(model, layer)

    def stop(module: nn.Module, inputs: Any, output: Any) -> None:
        raise _Reached(output)

    hook = target.register_forward_hook(stop)
    try:
        model(x)
    except _Reached as reached:
        return reached.output
    finally:
        hook.remove()
    raise InputError(f"layer: {layer!r} does not run for this input")


def space_of(model: nn.Module, x: Field) -> Space:
    """The space that the network's layers live on; where none says so, the dense grid of x."""
    for part in model.modules():
        space = getattr(part, "space", None)
        if isinstance(space, Space):
            return space
    if isinstance(x, Tensor) and 3 <= x.ndim <= 5:
        return Dense(x.ndim - 2)
    raise InputError(f"model: none of its layers has a space, and x is {describe(x)}")


def summary(space: Space, output: Any, kind: Kind = "mean") -> Tensor:
    """A layer's output -> (B, C): logits as they are, fields and tokens over their sites."""
    expect_choice("kind", kind, ("max", "mean", "sum"))
    if isinstance(output, Tensor) and output.ndim == 2:
        return output
    if isinstance(output, Tensor) and output.ndim == 3 and space.axes != 1:  # tokens (B, L, C)
        reduced: Tensor = output.amax(1) if kind == "max" else getattr(output, kind)(1)
        return reduced
    if isinstance(output, (tuple, list, dict)):
        raise InputError(f"layer: expected one field or tensor as output, got {describe(output)}")
    return space.reduce(output, kind)


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, and weights that need no gradient; afterwards as before."""
    modes = [(part, part.training) for part in model.modules()]
    wants = [(weight, weight.requires_grad) for weight in model.parameters()]
    model.eval().requires_grad_(False)
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
        for weight, want in wants:
            weight.requires_grad_(want)


@dataclass(frozen=True)
class Ran:
    """A layer that ran: its name, its class, the shape it gave (none where not a tensor)."""

    name: str
    kind: str
    shape: tuple[int, ...] = ()


@torch.no_grad()
def trace(model: nn.Module, x: Field) -> list[Ran]:
    """The layers in the order in which they finish for this input; the network itself is last."""
    ran: list[Ran] = []

    def note(name: str, part: nn.Module, output: Any) -> None:
        shape = tuple(output.shape) if isinstance(output, Tensor) else ()
        ran.append(Ran(name, type(part).__name__, shape))

    hooks = [
        part.register_forward_hook(lambda part, _, output, name=name: note(name, part, output))
        for name, part in model.named_modules()
    ]
    try:
        with frozen(model):
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return ran


@torch.no_grad()
def outputs(model: nn.Module, x: Field, layer: str = "") -> Any:
    """Input of the model -> the output of `layer`, in evaluation mode."""
    with frozen(model):
        return run_to(model, x, layer)
