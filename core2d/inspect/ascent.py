"""The input that a unit would like best: gradient ascent from an empty image.

Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks", eq. 1: the image
argmax_I S_c(I) - lambda |I|^2 (the penalty is subtracted). Regularisers of Yosinski et al. 2015,
"Understanding neural networks through deep visualization", section 3: L2, Gaussian blur, clipping
of sites with small norm and of sites with small contribution. Any space.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.inspect.watch import Unit, frozen, space_of
from core2d.layers.filters import blur
from core2d.space import Field, Space


@dataclass(frozen=True)
class Climb:
    """How an image is made.

    steps, rate: of the ascent; with `normalised` each step has root mean square `rate`. l2: lambda
    of the penalty. blur: sigma in cells of a Gaussian, put on after every `every` steps. small:
    share of the sites, those of smallest norm, that is then set to 0; weak: the same for those of
    smallest contribution |sum over channels of value * gradient|. clip: largest absolute value of
    the image. clip_gradient: the same for the gradient. 0 switches a regulariser off.
    """

    steps: int = 200
    rate: float = 0.1
    l2: float = 0.0
    blur: float = 0.0
    every: int = 4
    small: float = 0.0
    weak: float = 0.0
    clip: float = 0.0
    clip_gradient: float = 0.0
    normalised: bool = True

    def __post_init__(self) -> None:
        expect_number("rate", self.rate, above=0)
        expect_number("every", self.every, low=1)
        for name in ("steps", "l2", "blur", "small", "weak", "clip", "clip_gradient"):
            expect_number(name, getattr(self, name), low=0)
        if max(self.small, self.weak) >= 1:
            raise InputError("small, weak: expected shares below 1")


def ascend(model: nn.Module, unit: Unit, start: Field, climb: Climb = Climb()) -> Field:
    """Start (B, C, *S), zeros as in the paper -> the image after the climb, like it.

    The examples of a batch are made independently. For classes it is the score before the softmax
    that is raised, as in the paper. Raises InputError where the image turns NaN or infinite, or
    where the gradient at the start is zero (zeros in a network without biases).
    """
    space = space_of(model, start)
    values, exists = space.tokens(start)
    values = values.detach().clone()  # (B, L, C)
    alive = values.new_ones(values.shape[:2]).bool() if exists is None else exists
    with frozen(model):
        for step in range(1, climb.steps + 1):
            slope = _slope(model, unit, values, start, space)
            if step == 1 and not bool(slope.flatten(1).any(1).all()):
                raise InputError("start: the unit does not react there; start from noise instead")
            push = slope * alive[..., None]
            if climb.clip_gradient:
                push = push.clamp(-climb.clip_gradient, climb.clip_gradient)
            if climb.normalised:
                push = push / _rms(push, alive)
            values = values + climb.rate * (push - 2 * climb.l2 * values)
            if step % climb.every == 0:
                values = _regularised(values, slope, alive, start, space, climb)
            if climb.clip:
                values = values.clamp(-climb.clip, climb.clip)
    if not bool(torch.isfinite(values).all()):
        raise InputError(f"rate: the image became infinite or NaN at {climb.rate}; try a smaller")
    return space.untokens(values, start)


def _slope(model: nn.Module, unit: Unit, values: Tensor, like: Field, space: Space) -> Tensor:
    values = values.detach().requires_grad_()
    with torch.enable_grad():
        score = unit.of(model, space.untokens(values, like), space).sum()
    return torch.autograd.grad(score, values)[0]


def _rms(x: Tensor, alive: Tensor) -> Tensor:
    """Root mean square (B, 1, 1) of the values (B, L, C) that exist."""
    count = alive.sum(1).clamp(min=1) * x.shape[2]
    return (x.square().sum((1, 2)) / count).sqrt().clamp(min=1e-12)[:, None, None]


def _regularised(
    values: Tensor, slope: Tensor, alive: Tensor, like: Field, space: Space, climb: Climb
) -> Tensor:
    """Blurred, and without the sites that matter least."""
    if climb.blur:
        values = space.tokens(blur(space, space.untokens(values, like), climb.blur))[0]
    if climb.small:
        values = _dropped(values, values.norm(dim=2), alive, climb.small)
    if climb.weak:
        values = _dropped(values, (values * slope).sum(2).abs(), alive, climb.weak)
    return values


def _dropped(values: Tensor, worth: Tensor, alive: Tensor, share: float) -> Tensor:
    """Values (B, L, C) with the `share` of existing sites of least worth (B, L) set to 0."""
    order = worth.masked_fill(~alive, math.inf).argsort(dim=1, stable=True)
    rank = order.argsort(dim=1)
    least = (alive.sum(1, keepdim=True) * share).long()
    return values.masked_fill((rank < least)[..., None], 0.0)
