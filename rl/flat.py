"""All parameters of a network as one vector, so that an update is a few operations, not hundreds.

The parameters become views of `values` (P,). A copy of the network is one copy, the norm of its
gradients one norm, and Adam's step one kernel. Networks are small here and operations on them cost
more to start than to do: see `cartpole_steps` in results/bench.
"""

import copy
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn


class Flat:
    """A network whose parameters lie side by side in `values` (P,), on its device.

    Convolutions' weights lie in `channels_last` order where that is asked for. A network that is
    moved to another device or dtype afterwards leaves its vector behind, so move it first.
    """

    def __init__(self, network: nn.Module, *, channels_last: bool = False) -> None:
        self.network, self.channels_last = network, channels_last
        self.parameters = list(network.parameters())
        with torch.no_grad():
            self.values = self.joined(self.parameters)
            for parameter, part in zip(self.parameters, self.parts(self.values), strict=True):
                parameter.data = part

    def joined(self, tensors: Sequence[Tensor]) -> Tensor:
        """One tensor for each parameter -> all of them (P,), a copy."""
        return torch.cat([self._order(t).reshape(-1) for t in tensors])

    def parts(self, vector: Tensor) -> Iterator[Tensor]:
        """A vector (P,) -> its parts as the parameters' shapes, which share its memory."""
        start = 0
        for parameter in self.parameters:
            shape = self._order(parameter).shape
            part = vector[start : start + parameter.numel()].view(shape)
            start += parameter.numel()
            last = self.channels_last and parameter.ndim == 4
            yield part.permute(0, 3, 1, 2) if last else part

    def gradient(self, loss: Tensor) -> tuple[Tensor, ...]:
        """The gradient of a loss, a piece (N,) for each parameter; they follow as in `values`.

        Zeros for parameters that it does not depend on. Not joined: millions of numbers would be
        read and written once more.
        """
        found = torch.autograd.grad(loss, self.parameters, materialize_grads=True)
        return tuple(self._order(part).reshape(-1) for part in found)

    def state(self, vector: Tensor | None = None) -> dict[str, Tensor]:
        """The network's state dict with the parameters of a vector (P,), by default its own."""
        state = dict(self.network.state_dict())
        if vector is not None:
            names = [name for name, _ in self.network.named_parameters()]
            state |= dict(zip(names, self.parts(vector), strict=True))
        return state

    def copied(self) -> "Flat":
        """The same network again, with a vector of its own; it takes no gradients."""
        twin = copy.deepcopy(self.network).requires_grad_(False)
        return Flat(twin, channels_last=self.channels_last)

    def _order(self, tensor: Tensor) -> Tensor:
        last = self.channels_last and tensor.ndim == 4
        return tensor.permute(0, 2, 3, 1) if last else tensor
