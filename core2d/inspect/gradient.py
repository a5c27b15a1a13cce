"""What in an input raises a unit: gradients, and DeconvNet, which runs the network backwards.

DeconvNet (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", section
2) keeps one activation, and then undoes layer by layer: unpool to the places where the maxima
stood (switches), rectify, convolve with the transposed filters. Transposed filters and switches
are what backpropagation does too; only the rectifier differs (Simonyan et al. 2014, section 4), so
DeconvNet is backpropagation with another rule at every ReLU, on any network and any space.
"""

from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from core2d.errors import expect_choice
from core2d.inspect.watch import Unit, frozen, space_of
from core2d.space import Field

Rule = Literal["gradient", "deconvnet", "guided"]
RECTIFIERS = (F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)


class _Deconv(torch.autograd.Function):
    """max(x, 0) forwards; backwards only what is positive passes, wherever x was."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0].clamp(min=0)


class _Guided(torch.autograd.Function):
    """max(x, 0) forwards; backwards what is positive passes, where x was positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x > 0)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0].clamp(min=0) * ctx.saved_tensors[0]


class _Rectifiers(TorchFunctionMode):
    """Within it every ReLU of torch goes backwards by `rule`."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.relu = {"deconvnet": _Deconv.apply, "guided": _Guided.apply}.get(rule)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if self.relu is not None and func in RECTIFIERS:
            return self.relu(args[0])
        return func(*args, **(kwargs or {}))


def gradient(model: nn.Module, x: Field, unit: Unit, rule: Rule = "gradient") -> Field:
    """Input (B, C, *S) -> field like it: what of each value reaches the unit, per example.

    rule: "gradient" is the derivative (saliency of Simonyan et al. 2014, eq. 4); "deconvnet" and
    "guided" (Springenberg et al. 2015, "Striving for simplicity", figure 1) change the rectifiers.
    With `unit.kind` "max" it is the one most active site of a channel that is traced back, as
    in DeconvNet's paper. The unit's own activation is a factor that is left out.
    """
    expect_choice("rule", rule, get_args(Rule))
    space = space_of(model, x)
    values = space.tokens(x)[0].detach().requires_grad_()  # (B, L, C)
    with frozen(model), torch.enable_grad(), _Rectifiers(rule):
        score = unit.of(model, space.untokens(values, x), space)
    (slope,) = torch.autograd.grad(score.sum(), values)
    return space.untokens(slope, x)


def deconvnet(model: nn.Module, x: Field, channel: int, layer: str) -> Field:
    """The pattern in each input (B, C, *S) that excites a channel where it is most active."""
    return gradient(model, x, Unit(channel, layer, "max"), "deconvnet")


def saliency(model: nn.Module, x: Field, label: int) -> Field:
    """Input (B, C, *S) -> (B, 1, *S): largest |derivative| of a class score over the channels."""
    slope = gradient(model, x, Unit(label))
    return space_of(model, x).map(lambda g: g.abs().amax(1, keepdim=True), slope)
