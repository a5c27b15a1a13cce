"""A plain network of values, linear layers and ReLU, with the gradient of its loss written out.

Small matrices take less time than autograd needs to note down and walk through what was done with
them: on 64 x 64 at batch 64 this takes 110 us instead of 280. It is what the general way gives, and
tests/rl/test_perceptron.py holds it to that.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rl.encoders import Vector
from rl.flat import Flat
from rl.heads import Straight, Value
from rl.network import QNetwork
from rl.transitions import Observation


class Errors(NamedTuple):
    """Of B transitions: values of the actions taken, losses and absolute errors (B,) each."""

    value: Tensor
    loss: Tensor
    error: Tensor


def layers_of(network: QNetwork) -> list[nn.Linear] | None:
    """The layers of a plain network of values, or None for any other."""
    encoder, head = network.encoder, network.head
    plain = isinstance(encoder, Vector) and not encoder.counts
    if not plain or not isinstance(head, Value) or not isinstance(head.streams, Straight):
        return None
    layers: list[nn.Module] = [*encoder.layers, *head.streams.layers]  # type: ignore[misc]
    linear = [layer for layer in layers if type(layer) is nn.Linear]
    return linear if len(linear) == len(layers) else None


class Perceptron:
    """The network of a `Flat` whose layers are these; it shares its memory."""

    def __init__(self, flat: Flat, layers: list[nn.Linear]) -> None:
        self.weights = [layer.weight.detach() for layer in layers]
        self.biases = [layer.bias.detach() for layer in layers]
        self._across = [weight.t() for weight in self.weights]
        self.gradient = torch.zeros_like(flat.values)
        parts = list(flat.parts(self.gradient))
        self._parts = list(zip(parts[::2], parts[1::2], strict=True))
        network: QNetwork = flat.network  # type: ignore[assignment]
        self._divisor = float(network.encoder.divisor)  # type: ignore[arg-type]
        self._huber = float(network.head.huber)  # type: ignore[arg-type]

    def q(self, observation: Observation) -> Tensor:
        """Observations (B, *O) -> values (B, A), without a gradient."""
        return self._layers(observation)[-1]

    def learn(
        self, observation: Observation, action: Tensor, target: Tensor, weight: Tensor
    ) -> Errors:
        """Put the gradient of mean(weight * loss) into `gradient`; targets, weights (B,)."""
        *below, q = self._layers(observation)
        index = action[:, None]
        value = q.gather(1, index).squeeze(1)
        error = value - target
        slope = error.clamp(-self._huber, self._huber) if self._huber else error
        loss = slope * (error - slope / 2)  # Huber's: the square's half, and beyond it a line
        slope = slope * weight / len(weight)
        above = torch.zeros_like(q).scatter_(1, index, slope[:, None])  # dloss / dq
        for layer in range(len(below) - 1, -1, -1):
            weight_part, bias_part = self._parts[layer]
            torch.mm(above.t(), below[layer], out=weight_part)
            torch.sum(above, 0, out=bias_part)
            if layer:
                above = torch.mm(above, self.weights[layer]) * (below[layer] > 0)
        return Errors(value, loss, error.abs())

    def _layers(self, observation: Observation) -> list[Tensor]:
        """The input of every layer, and the values."""
        assert isinstance(observation, Tensor)
        x = observation.flatten(1).float()
        outputs = [x if self._divisor == 1.0 else x / self._divisor]
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self._across, self.biases, strict=True)):
            x = torch.addmm(bias, outputs[-1], weight)
            outputs.append(x if number == last else x.relu_())
        return outputs
