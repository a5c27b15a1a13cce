"""An encoder says what it gives."""

import pytest
import torch
from gymnasium import spaces

from rl.encoders import encoder
from rl.features import Encoder
from rl.transitions import Observation


def test_an_encoder_reads_observations() -> None:
    class Deaf(Encoder):
        width, hidden = 3, 0

    with pytest.raises(TypeError, match="abstract"):
        Deaf()  # type: ignore[abstract]

    class Mean(Encoder):
        width, hidden = 1, 0

        def forward(self, observation: Observation) -> torch.Tensor:
            assert isinstance(observation, torch.Tensor)
            return observation.mean(1, keepdim=True)

    assert Mean()(torch.tensor([[1.0, 3.0]])).tolist() == [[2.0]]
    assert isinstance(encoder(spaces.Discrete(3)), Encoder)
