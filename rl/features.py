"""What every encoder is: observations in, features out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from rl.transitions import Observation


class Encoder(nn.Module, ABC):
    """Observations (B, *O) -> features (B, width).

    hidden: features of the fully connected layer that follows as published, 0 where none does.
    """

    width: int
    hidden: int

    @abstractmethod
    def forward(self, observation: Observation) -> Tensor: ...
