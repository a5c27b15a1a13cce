"""Adam on one vector: torch's kernel without what torch.optim keeps for many groups of tensors.

On a few thousand parameters that takes 20 us instead of 45, of which the arithmetic is 5.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """Adam (Kingma, Ba 2015) on `values` (P,), which it changes in place.

    rate: the learning rate, which may be set between steps. epsilon: of the denominator.
    """

    def __init__(self, values: Tensor, rate: float, epsilon: float) -> None:
        self.rate, self.epsilon = rate, epsilon
        self._values = values
        self._first, self._second = torch.zeros_like(values), torch.zeros_like(values)
        self._counts = torch.zeros(1, device=values.device)
        self._sizes = [len(values)]
        self._pieces = self._split()
        self._fused = values.device.type in ("cpu", "cuda")

    @torch.no_grad()
    def step(self, gradient: Sequence[Tensor]) -> None:
        """One step down a gradient: pieces (N,) that are (P,) side by side."""
        sizes = [len(piece) for piece in gradient]
        if sizes != self._sizes:
            self._sizes, self._counts = sizes, self._counts[:1].repeat(len(sizes))
            self._pieces = self._split()
        values, first, second, counts = self._pieces
        adam(
            values,
            list(gradient),
            first,
            second,
            [],
            counts,
            fused=self._fused,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.rate,
            weight_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )

    def _split(self) -> list[list[Tensor]]:
        """Values, moments and counts of the pieces."""
        whole = (self._values, self._first, self._second)
        return [*(list(v.split(self._sizes)) for v in whole), list(self._counts.unbind())]

    def state_dict(self) -> dict[str, Tensor]:
        """The two moments and the number of steps; the rate is the caller's."""
        return {"first": self._first, "second": self._second, "count": self._counts[0]}

    def load_state_dict(self, content: Mapping[str, Tensor]) -> None:
        """The opposite of `state_dict`."""
        self._first.copy_(content["first"])
        self._second.copy_(content["second"])
        self._counts.copy_(content["count"])
