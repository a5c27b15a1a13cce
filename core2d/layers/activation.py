"""The catalogue of activation functions: formula, derivative, and what is known of each.

`CATALOGUE` holds those of one argument; `maxout` and `softmax` act on channels. In networks torch's
own functions are used; these are the formulas that the tests hold them to.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe
from core2d.space import Field, Space, as_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Activation:
    """f and f' of a value, and three facts.

    saturates: on which sides f' tends to 0, so that far values learn nothing ("-", "+", "-+", "").
    dies: f' is exactly 0 on a half line: a unit that is there for every example never comes back.
    centred: f is odd, so outputs of centred inputs are centred.
    """

    name: str
    formula: str
    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    saturates: str = ""
    dies: bool = False
    centred: bool = False


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x), written so that no exponential overflows."""
    small = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + small), small / (1 + small))


def tanh(x: Tensor) -> Tensor:
    """2 sigmoid(2x) - 1."""
    return 2 * sigmoid(2 * x) - 1


def relu(x: Tensor) -> Tensor:
    """max(0, x)."""
    return x.clamp(min=0)


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    """x where positive, else slope x."""
    return torch.where(x > 0, x, slope * x)


def elu(x: Tensor, a: float = 1.0) -> Tensor:
    """x where positive, else a (e^x - 1): Clevert et al. 2016, eq. 15."""
    return torch.where(x > 0, x, a * torch.expm1(x.clamp(max=0)))


def normal_cdf(x: Tensor) -> Tensor:
    """The share of a standard normal distribution below x."""
    return 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def gelu(x: Tensor) -> Tensor:
    """x times the share of a standard normal below x: Hendrycks and Gimpel 2016."""
    return x * normal_cdf(x)


def swish(x: Tensor) -> Tensor:
    """x sigmoid(x): Ramachandran et al. 2017; also called SiLU."""
    return x * sigmoid(x)


def _gelu_slope(x: Tensor) -> Tensor:
    return normal_cdf(x) + x * torch.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _swish_slope(x: Tensor) -> Tensor:
    return sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))


def _step(x: Tensor, low: float = 0.0) -> Tensor:
    return torch.where(x > 0, 1.0, low).to(x)


CATALOGUE = (
    Activation("linear", "x", lambda x: x, torch.ones_like, centred=True),
    Activation(
        "sigmoid",
        "1 / (1 + exp(-x))",
        sigmoid,
        lambda x: sigmoid(x) * (1 - sigmoid(x)),
        saturates="-+",
    ),
    Activation(
        "tanh",
        "tanh(x)",
        tanh,
        lambda x: 1 - tanh(x) ** 2,
        saturates="-+",
        centred=True,
    ),
    Activation("relu", "max(0, x)", relu, _step, saturates="-", dies=True),
    Activation("leaky relu", "max(0.01 x, x)", leaky_relu, lambda x: _step(x, 0.01)),
    Activation(
        "elu",
        "x if x > 0 else exp(x) - 1",
        elu,
        lambda x: torch.exp(x.clamp(max=0)),
        saturates="-",
    ),
    Activation("gelu", "x Phi(x)", gelu, _gelu_slope, saturates="-"),
    Activation("swish", "x sigmoid(x)", swish, _swish_slope, saturates="-"),
)


def softmax(x: Tensor) -> Tensor:
    """Scores (B, K, *) -> probabilities (B, K, *): exp(x_i) / sum_j exp(x_j), shifted by max x."""
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)


def softmax_derivative(p: Tensor) -> Tensor:
    """Probabilities (B, K) -> d p_i / d x_j = p_i (1[i = j] - p_j), (B, K, K)."""
    return torch.diag_embed(p) - p[:, :, None] * p[:, None, :]


def maxout(x: Tensor, pieces: int = 2) -> Tensor:
    """Values (B, C * pieces, *) -> (B, C, *): the largest of each run of `pieces` channels.

    Goodfellow et al. 2013. Neither saturates nor dies; with weights (w, 0) two pieces are a ReLU.
    Costs `pieces` times the parameters of the layer before. Raises InputError.
    """
    if pieces < 1 or x.shape[1] % pieces:
        raise InputError(f"x: expected channels divisible by {pieces}, got {describe(x)}")
    return x.unflatten(1, (-1, pieces)).amax(2)


class Maxout(nn.Module):
    """Field (B, C * pieces, *S) -> field (B, C, *S), see `maxout`."""

    def __init__(self, space: Space | int, pieces: int = 2) -> None:
        super().__init__()
        self.space, self.pieces = as_space(space), pieces

    def forward(self, x: Field) -> Field:
        return self.space.map(lambda values: maxout(values, self.pieces), x)

    def extra_repr(self) -> str:
        return f"pieces={self.pieces}"


def picture(reach: float = 6.0) -> "Figure":
    """Every function of the catalogue with its derivative, from -reach to reach."""
    from matplotlib.figure import Figure

    x = torch.linspace(-reach, reach, 601)
    columns = -(-len(CATALOGUE) // 2)
    figure = Figure(figsize=(3 * columns, 5), layout="constrained")
    for index, entry in enumerate(CATALOGUE):
        axes = figure.add_subplot(2, columns, index + 1)
        axes.plot(x, entry.function(x), label="f")
        axes.plot(x, entry.derivative(x), label="f'", linestyle="--")
        axes.set(title=f"{entry.name}: {entry.formula}", ylim=(-1.6, 3))
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    return figure
