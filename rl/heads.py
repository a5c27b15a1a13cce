"""Heads: from features to the values of actions, with the target and the loss that go with them.

A head is two choices. *Streams* are the layers, `Straight` or `Dueling`, each with numbers per
action; with `layer=noisy(0.5)` they explore by themselves. The *reading* says what the numbers
mean: `Value` one expected return, `Categorical` a distribution over fixed returns, `Quantile` its
quantiles. So Rainbow's head is Categorical(Dueling(..., layer=noisy())).

    head = Quantile(Straight(64, actions, numbers=51))
    output = head(features)                      (B, A, 51)
    head.q(output)                               (B, A), what the greedy policy maximises
    target = head.target(reward, discount, target_head(next_features), chooser)
    loss, priority = head.loss(chosen(output, action), target)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from rl import losses, targets
from rl.losses import Error
from rl.noisy import NoisyLinear

Layer = Callable[[int, int], nn.Module]


def noisy(sigma: float = 0.5) -> Layer:
    """The `layer` of streams that explore: NoisyLinear of this noise at the start."""
    return lambda inputs, outputs: NoisyLinear(inputs, outputs, sigma=sigma)


class Straight(nn.Module):
    """Features (B, F) -> numbers of every action (B, A, numbers): linear layers, ReLU between."""

    def __init__(
        self,
        features: int,
        actions: int,
        *,
        hidden: Sequence[int] = (),
        numbers: int = 1,
        layer: Layer = nn.Linear,
    ) -> None:
        super().__init__()
        self.actions, self.numbers = expect_sizes(actions, numbers)
        self.layers = chain((features, *hidden, actions * numbers), layer)

    def forward(self, x: Tensor) -> Tensor:
        return through(self.layers, x).view(-1, self.actions, self.numbers)


class Dueling(nn.Module):
    """Features (B, F) -> V + A - mean_a A (B, A, numbers), from two streams of layers.

    Wang et al. 2016, eq. 9: the mean is taken off so that value and advantages are determined. The
    gradient into the features is scaled by 1/sqrt(2), since two streams send it (section 4.2).
    """

    def __init__(
        self,
        features: int,
        actions: int,
        *,
        hidden: Sequence[int] = (),
        numbers: int = 1,
        layer: Layer = nn.Linear,
    ) -> None:
        super().__init__()
        self.actions, self.numbers = expect_sizes(actions, numbers)
        self.value = chain((features, *hidden, numbers), layer)
        self.advantage = chain((features, *hidden, actions * numbers), layer)

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            x = torch.lerp(x.detach(), x, 0.5**0.5)  # x, with a smaller gradient
        advantage = through(self.advantage, x).view(-1, self.actions, self.numbers)
        return through(self.value, x)[:, None] + advantage - advantage.mean(1, keepdim=True)


Streams = Straight | Dueling


class Head(nn.Module, ABC):
    """Features (B, F) -> an output that `q` reads as values of actions, and how it is learned."""

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.streams = streams

    @property
    def actions(self) -> int:
        """How many actions have values."""
        return self.streams.actions

    @abstractmethod
    def q(self, output: Tensor) -> Tensor:
        """Output (B, A, *K) -> expected returns (B, A)."""

    @abstractmethod
    def target(self, reward: Tensor, discount: Tensor, output: Tensor, chooser: Tensor) -> Tensor:
        """Rewards, discounts (B,), output of the next observation, chooser (B, A) -> (B, *K).

        chooser: values whose best action is followed; `rl.targets` says more.
        """

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Error:
        """Output of the actions taken (B, *K), target (B, *K) -> loss (B,) and priority (B,)."""


class Value(Head):
    """Features (B, F) -> Q (B, A): one number per action.

    huber: where the squared loss of an error becomes linear; 0 keeps it squared.
    """

    def __init__(self, streams: Streams, *, huber: float = 1.0) -> None:
        super().__init__(streams)
        expect_numbers(streams, "Value", 1, 1)
        self.huber = expect_number("huber", huber, low=0)

    def forward(self, x: Tensor) -> Tensor:
        return self.streams(x).squeeze(2)

    def q(self, output: Tensor) -> Tensor:
        return output

    def target(self, reward: Tensor, discount: Tensor, output: Tensor, chooser: Tensor) -> Tensor:
        if chooser is output:
            return targets.q_learning(reward, discount, output)
        return targets.double(reward, discount, output, chooser)

    def loss(self, output: Tensor, target: Tensor) -> Error:
        return losses.td(output, target, huber=self.huber)


class Categorical(Head):
    """Features (B, F) -> log-probabilities (B, A, Z) of Z returns from `low` to `high` (C51)."""

    support: Tensor

    def __init__(self, streams: Streams, *, low: float = -10.0, high: float = 10.0) -> None:
        super().__init__(streams)
        expect_numbers(streams, "Categorical", 2)
        expect_number("high", high, above=expect_number("low", low))
        self.register_buffer("support", torch.linspace(low, high, streams.numbers))

    def forward(self, x: Tensor) -> Tensor:
        return F.log_softmax(self.streams(x), 2)

    def q(self, output: Tensor) -> Tensor:
        return output.exp() @ self.support

    def target(self, reward: Tensor, discount: Tensor, output: Tensor, chooser: Tensor) -> Tensor:
        return targets.categorical(reward, discount, output, chooser, self.support)

    def loss(self, output: Tensor, target: Tensor) -> Error:
        return losses.cross_entropy(output, target)


class Quantile(Head):
    """Features (B, F) -> N quantiles of the return of every action (B, A, N) (QR-DQN).

    huber: the width of the quantile loss's smooth middle; 0 for none.
    """

    def __init__(self, streams: Streams, *, huber: float = 1.0) -> None:
        super().__init__(streams)
        self.huber = expect_number("huber", huber, low=0)

    def forward(self, x: Tensor) -> Tensor:
        return self.streams(x)

    def q(self, output: Tensor) -> Tensor:
        return output.mean(2)

    def target(self, reward: Tensor, discount: Tensor, output: Tensor, chooser: Tensor) -> Tensor:
        return targets.quantile(reward, discount, output, chooser)

    def loss(self, output: Tensor, target: Tensor) -> Error:
        return losses.quantile_huber(output, target, huber=self.huber)


def chain(sizes: Sequence[int], layer: Layer) -> nn.ModuleList:
    """The layers between features of these sizes."""
    if any(size < 1 for size in sizes):
        raise InputError(f"hidden: expected numbers >= 1, got {list(sizes)}")
    return nn.ModuleList(layer(n, m) for n, m in pairwise(sizes))


def through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    """Layer by layer, with ReLU between; the last in float32 whatever autocast says.

    A value near 1 would be rounded to 1/256 in bfloat16, and actions often differ by less.
    """
    last = len(layers) - 1  # a slice of a ModuleList would be made anew at every call
    for i, layer in enumerate(layers):
        if i < last:
            x = F.relu_(layer(x))
        elif torch.is_autocast_enabled(x.device.type):
            with torch.autocast(x.device.type, enabled=False):
                x = layer(x.float())
        else:
            x = layer(x)
    return x


def expect_sizes(actions: int, numbers: int) -> tuple[int, int]:
    """Both at least 1. Raises InputError."""
    expect_number("actions", actions, low=1)
    expect_number("numbers", numbers, low=1)
    return int(actions), int(numbers)


def expect_numbers(streams: Streams, head: str, low: int, high: int | None = None) -> None:
    """Raises InputError where the streams give a wrong count of numbers per action."""
    if streams.numbers < low or (high is not None and streams.numbers > high):
        wanted = str(low) if high == low else f"{low} or more"
        raise InputError(
            f"streams: {head} reads {wanted} numbers per action, got {streams.numbers}"
        )
