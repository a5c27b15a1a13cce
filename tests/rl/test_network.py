"""Networks by settings: the published numbers of parameters, the head's hidden layer, actions."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Generator, nn

from core2d.errors import InputError
from rl.heads import Categorical, Dueling, Quantile, Straight, Value
from rl.network import actions_of, q_network
from rl.noisy import NoisyLinear
from rl.settings import Network

ATARI = spaces.Box(0, 255, (4, 84, 84), np.uint8)
VECTOR = spaces.Box(-1, 1, (4,))


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def dense(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


@pytest.mark.parametrize(
    ("actions", "settings", "expected"),
    [
        # Mnih et al. 2015: 32 8x8/4, 64 4x4/2, 64 3x3/1, 512, actions
        (4, Network(), 1_686_180),
        # Mnih et al. 2013: 16 8x8/4, 32 4x4/2, 256, actions
        (4, Network(body="nips"), 12_336 + dense(32 * 9 * 9, 256) + dense(256, 4)),
        (18, Network(body="impala"), 97_744 + dense(3872, 256) + dense(256, 18)),
        (18, Network(dueling=True), 77_984 + 2 * dense(3136, 512) + dense(512, 1) + dense(512, 18)),
        # Hessel et al. 2018: dueling, 51 atoms, every dense layer noisy and so twice as large
        (
            18,
            Network(dueling=True, noisy=True, distribution="categorical"),
            77_984 + 2 * (2 * dense(3136, 512) + dense(512, 51) + dense(512, 18 * 51)),
        ),
        (6, Network(distribution="quantile", atoms=200), 77_984 + dense(3136, 512)
         + dense(512, 1200)),
    ],
)  # fmt: skip
def test_published_sizes(actions: int, settings: Network, expected: int) -> None:
    with torch.device("meta"):
        network = q_network(ATARI, spaces.Discrete(actions), settings)
    assert count(network) == expected


def test_an_mlp_is_what_its_hidden_layers_say() -> None:
    network = q_network(VECTOR, spaces.Discrete(2), Network(hidden=(120, 84)))
    assert count(network) == dense(4, 120) + dense(120, 84) + dense(84, 2)
    x = torch.randn(3, 4, generator=Generator().manual_seed(0))
    layers = [m for m in network.modules() if isinstance(m, nn.Linear)]
    y = x
    for layer in layers[:-1]:
        y = torch.relu(layer(y))
    assert torch.allclose(network.q(x), layers[-1](y))
    assert count(q_network(VECTOR, spaces.Discrete(2), Network(hidden=()))) == dense(4, 2)


def test_heads_have_the_last_hidden_layer() -> None:
    network = q_network(VECTOR, spaces.Discrete(2), Network(dueling=True, noisy=True))
    streams = network.head.streams
    assert isinstance(streams, Dueling)
    assert network.encoder.width == 64
    assert len(streams.value) == len(streams.advantage) == 2
    assert sum(isinstance(m, NoisyLinear) for m in network.modules()) == 4
    assert not any(isinstance(m, NoisyLinear) for m in network.encoder.modules())
    wide = q_network(VECTOR, spaces.Discrete(2), Network(features=256))
    assert isinstance(wide.head.streams, Straight)
    assert wide.head.streams.layers[0].out_features == 256


def test_settings_choose_the_head() -> None:
    made = q_network(VECTOR, spaces.Discrete(3), Network(distribution="categorical", low=-1))
    assert isinstance(made.head, Categorical)
    assert made.head.support[[0, -1]].tolist() == [-1, 10]
    made = q_network(VECTOR, spaces.Discrete(3), Network(distribution="quantile", atoms=7), huber=0)
    assert isinstance(made.head, Quantile)
    assert (made.head.huber, made.head.streams.numbers) == (0, 7)
    made = q_network(VECTOR, spaces.Discrete(3), huber=0.5)
    assert isinstance(made.head, Value)
    assert made.head.huber == 0.5


def test_noise_comes_from_the_generator() -> None:
    network, x = q_network(VECTOR, spaces.Discrete(3), Network(noisy=True)), torch.ones(1, 4)
    network.sample_noise(Generator().manual_seed(0))
    once = network.q(x)
    network.sample_noise(Generator().manual_seed(1))
    assert not torch.equal(network.q(x), once)
    network.sample_noise(Generator().manual_seed(0))
    assert torch.equal(network.q(x), once)


def test_weights_move_between_equal_networks() -> None:
    settings = Network(dueling=True, noisy=True, distribution="categorical")
    one, two = (q_network(VECTOR, spaces.Discrete(3), settings) for _ in range(2))
    one.sample_noise(Generator().manual_seed(0))
    two.load_state_dict(one.state_dict())
    assert torch.equal(one.q(torch.ones(1, 4)), two.q(torch.ones(1, 4)))


def test_actions_are_discrete() -> None:
    assert actions_of(spaces.Discrete(5)) == 5
    with pytest.raises(InputError, match="values are learned for Discrete actions, got Box"):
        q_network(VECTOR, VECTOR)
