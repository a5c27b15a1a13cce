"""A plain network of values, linear layers and ReLU, dueling or not, whose update is one kernel.

Small matrices take less time than torch needs to begin, note down and walk through what is done
with them: on 64 x 64 at batch 64 the gradient of a loss takes 50 us here, its targets included, and
several times that by torch's operations. It is what the general way gives, and
tests/rl/test_perceptron.py holds it to that.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from core2d.errors import InputError
from geomdl.ops.dispatch import bound
from geomdl.ops.perceptron import perceptron_td, perceptron_values
from rl.encoders import Vector
from rl.flat import Flat
from rl.heads import Dueling, Value
from rl.network import QNetwork
from rl.transitions import Observation, Transitions


class Learned(NamedTuple):
    """The gradient (P,); mean weighted loss and mean value of the actions (2,); errors (B,)."""

    gradient: Tensor
    means: Tensor
    error: Tensor


class Layers(NamedTuple):
    """Those of a plain network: features between them, and after how many of them it duels."""

    sizes: list[int]
    shared: int


def layers_of(network: QNetwork) -> Layers | None:
    """The layers of a plain network of values, dueling or not, or None for any other."""
    encoder, head = network.encoder, network.head
    plain = isinstance(encoder, Vector) and not encoder.counts
    if not plain or not isinstance(head, Value):
        return None
    layers: list[nn.Module] = [*encoder.layers]  # type: ignore[misc]
    if isinstance(head.streams, Dueling):
        shared, last = len(layers), head.streams.advantage  # the value's are like these
    else:
        shared, last = -1, head.streams.layers
    layers += last
    linear = [layer for layer in layers if type(layer) is nn.Linear]
    if len(linear) < len(layers):
        return None
    return Layers([linear[0].in_features, *(layer.out_features for layer in linear)], shared)


class Perceptron:
    """The network of a `Flat` whose layers are these; it shares the memory of both vectors.

    target: the network that values what follows.
    """

    def __init__(self, flat: Flat, layers: Layers, target: Flat) -> None:
        sizes, shared = torch.tensor(layers.sizes), layers.shared
        self._inputs = layers.sizes[0]
        self._values = bound(perceptron_values.__name__, flat.values, sizes, shared)
        self._td = bound(perceptron_td.__name__, flat.values, sizes, shared, target.values)
        network: QNetwork = flat.network  # type: ignore[assignment]
        self._divisor = float(network.encoder.divisor)  # type: ignore[arg-type]
        self._huber = float(network.head.huber)  # type: ignore[arg-type]

    def q(self, observation: Observation) -> Tensor:
        """Observations (B, *O) -> values (B, A), without a gradient."""
        values: Tensor = self._values(self._rows(observation))
        return values

    def learn(self, batch: Transitions, action: Tensor, double: bool) -> Learned:
        """The gradient of the mean of weight * loss over B transitions.

        action (B,) counts from 0. double: the network chooses the next action.
        """
        found = self._td(
            self._rows(batch.observation),
            self._rows(batch.next_observation),
            action,
            batch.reward,
            batch.discount,
            batch.weight,
            self._huber,
            double,
        )
        return Learned(*found)

    def _rows(self, observation: Observation) -> Tensor:
        assert isinstance(observation, Tensor)
        x = observation if observation.ndim == 2 else observation.flatten(1)
        if x.shape[1] != self._inputs:
            raise InputError(f"observation: expected {self._inputs} numbers, got {x.shape[1]}")
        x = x if x.dtype == torch.float32 else x.float()
        return x.contiguous() if self._divisor == 1.0 else x / self._divisor
